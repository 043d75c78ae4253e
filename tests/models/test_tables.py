"""Every network is its paper's table: parameters, multiply-accumulates, weight layers, the shape after each row."""

import functools
import re

import pytest
import torch
from torch import nn

from lit_cnns import papers
from lit_cnns.features import count, weight_layers
from lit_cnns.lineage import LINEAGE
from lit_cnns.models import LeNet5

NOT_BUILT_YET = {"alexnet_owt", "alexnet_owt_paper", "googlenet_separable_conv1"}
FAMILIES = {"lenet", "alexnet", "vgg", "googlenet", "resnet", "resnet_cifar"}
WITH_HEADS = ["googlenet", "googlenet_cifar"]
every_network = pytest.mark.parametrize("name", LINEAGE)


@functools.cache
def network(name: str) -> nn.Module:
    cls, arguments = LINEAGE[name]
    with torch.device("meta"):
        return cls(**arguments).net.eval()


def pictures(name: str) -> torch.Tensor:
    return torch.empty(2, *papers.row(name)["input_size"], device="meta")


def outputs(net: nn.Module, run, *inputs) -> dict[str, list[int]]:
    """The shape that each module put out for one picture while `run` ran."""
    shapes = {}

    def keep(name):
        return lambda _module, _inputs, output: shapes.update({name: list(output.shape[1:])})

    hooks = [module.register_forward_hook(keep(name)) for name, module in net.named_modules() if name]
    run(*inputs)
    for hook in hooks:
        hook.remove()
    return shapes


@functools.cache
def main_path(name: str) -> dict[str, list[int]]:
    return outputs(network(name), network(name), pictures(name))


def last_module(row: dict) -> str:
    """The module after which a row of the table is complete: its activation, where it has one."""
    name, act = row["name"], row.get("act", "softmax").removeprefix("scaled_")
    if act == "softmax":  # the loss's
        return name
    return act + re.sub(r"^(conv|local|fc|C|S|F)", "", name)


def norm(row: dict) -> list[str]:
    return [row["name"].replace("conv", "bn")] if row.get("bn") else []


def params(net: nn.Module, *names: str) -> int:
    return sum(p.numel() for name in names for p in net.get_submodule(name).parameters())


def test_every_row_of_these_families_is_built():
    rows = {name for name, row in papers.rows().items() if row["family"] in FAMILIES}
    assert {name for name in rows if not name.startswith("preresnet")} - NOT_BUILT_YET == set(LINEAGE)


@every_network
def test_parameters_and_macs_are_the_tables(name):
    row, found = papers.row(name), count(network(name), papers.row(name)["input_size"])
    assert found.params == row["params"].get("with_aux", row["params"]["total"])
    assert found.macs == row["macs"]["total"]


@every_network
def test_every_layer_puts_out_the_shape_of_its_row(name):
    rows, found = papers.layer_table(name), main_path(name)
    assert {row["name"]: found[last_module(row)] for row in rows} == {row["name"]: row["out"] for row in rows}


@every_network
def test_every_layer_has_the_parameters_of_its_row(name):
    net, rows = network(name), papers.layer_table(name)
    found = {row["name"]: params(net, row["name"], *norm(row)) for row in rows}
    assert found == {row["name"]: row.get("params", 0) for row in rows}


@every_network
def test_weight_layers_are_counted_as_the_paper_counts_them(name):
    said = papers.row(name)["weight_layers"]
    assert weight_layers(network(name)) == (said.get("paper") or said["counted"])


@every_network
def test_the_layers_run_in_the_order_of_the_rows(name):
    order = {module: place for place, module in enumerate(main_path(name))}
    places = [order[last_module(row)] for row in papers.layer_table(name)]
    assert places == sorted(places)


@every_network
def test_no_relu_works_in_place(name):
    assert not any(getattr(module, "inplace", False) for module in network(name).modules())


@pytest.mark.parametrize("name", WITH_HEADS)
def test_auxiliary_heads_are_the_tables(name):
    net = network(name)
    found = outputs(net, net.all_logits, pictures(name))
    for head in papers.row(name)["aux_heads"]:
        for row in head["layers"]:
            assert found[f"{head['name']}.{last_module(row)}"] == row["out"]
            assert params(net, f"{head['name']}.{row['name']}") == row.get("params", 0)
        assert params(net, head["name"]) == head["params"]
        assert count(net.get_submodule(head["name"]), head["input_size"]).macs == head["macs"]


@pytest.mark.parametrize("name", WITH_HEADS)
def test_without_heads_a_network_is_the_main_path(name):
    cls, arguments = LINEAGE[name]
    with torch.device("meta"):
        net = cls(**arguments, aux=False).net
    assert params(net, "") == papers.row(name)["params"]["total"]
    assert list(net.all_logits(pictures(name))) == ["main"]


def test_what_is_set_by_hand_in_lenet_is_not_counted_as_trained():
    assert LeNet5().output.codes.numel() == papers.row("lenet5_1998")["params"]["non_trainable"]
