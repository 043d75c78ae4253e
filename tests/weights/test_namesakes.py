"""The networks of torchvision and timm that the papers' rows are compared with, counted as they are built today."""

import functools

import pytest
import torch
from torch import nn

from lit_cnns import papers
from lit_cnns.features import count
from lit_cnns.guests import TORCHVISION_OPTIONS
from lit_cnns.weights.counterparts import COUNTERPARTS

CHECKS = [
    (name, check)
    for name, row in papers.rows().items()
    for check in row.get("crosschecks", [])
    if check.get("impl", "").startswith(("torchvision.", "timm."))
]
every_namesake = pytest.mark.parametrize(
    ("name", "check"), CHECKS, ids=[f"{name} {check['impl']}" for name, check in CHECKS]
)


@functools.cache
def counts(impl: str, size: tuple[int, ...]) -> tuple[int, int]:
    return count(built(impl), size)


def built(impl: str) -> nn.Module:
    """A network of another library without weights; `+aux` with its auxiliary heads."""
    library, name = impl.removesuffix("+aux").split(".")
    with torch.device("meta"):
        if library == "timm":
            import timm

            return timm.create_model(name)
        from torchvision import models

        options = {"aux_logits": impl.endswith("+aux"), "init_weights": False} if name in TORCHVISION_OPTIONS else {}
        return models.get_model(name, weights=None, **options)


@every_namesake
def test_its_counts_are_those_that_are_told_of_it(name, check):
    assert counts(check["impl"], tuple(papers.row(name)["input_size"])) == (check["params"], check["macs"])


@every_namesake
def test_what_is_called_the_same_costs_the_same_and_what_differs_has_a_reason(name, check):
    row = papers.row(name)
    if check["same"]:
        heads = "with_aux" if check["impl"].endswith("+aux") else "total"
        assert (check["params"], check["macs"]) == (row["params"][heads], row["macs"]["total"])
    assert check["why"]


def test_what_is_called_the_same_is_what_weights_are_taken_from():
    same = {(check["impl"].removesuffix("+aux"), name) for name, check in CHECKS if check["same"]}
    pairs = {
        (f"{library}.{theirs}", ours)
        for library, names in COUNTERPARTS.items()
        for theirs, ours in names.items()
        if not theirs.endswith("_bn")
    }
    assert same == pairs
