"""A claim by training on a small folder of pictures: arms, rates, seeds, and a run that is cut."""

import dataclasses
import logging
import math
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lit_cnns import claims
from lit_cnns.claims import lrn_cifar, towers_specialise, training, tuning
from lit_cnns.claims.arms import TUNING_SEED, Run, Scale, last
from lit_cnns.claims.measuring import Curve
from lit_cnns.cli import main

CLAIM = dataclasses.replace(
    claims.claim("lrn_cifar"),
    scales={"quick": Scale(epochs=2, rates=(0.001, 0.01), pictures=32, tuning_epochs=1, seeds=2, batch=16)},
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> str:
    """Red and blue pictures of 32 x 32, 40 of each to train on and 6 to test on."""
    return drawn(tmp_path_factory.mktemp("pictures"), 0)


def drawn(folder: Path, seed: int) -> str:
    random = np.random.default_rng(seed)
    for split, count in (("train", 40), ("test", 6)):
        for channel, name in enumerate(("blue", "red")):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                picture = random.integers(0, 120, (32, 32, 3), dtype=np.uint8)
                picture[:, :, 2 - 2 * channel] += 100
                Image.fromarray(picture).save(place / f"{number}.png")
    return str(folder)


def without_seconds(results: dict) -> list[dict]:
    return [{**run, "seconds": 0} for run in results["runs"]]


def test_each_arm_runs_at_its_own_best_rate_with_every_seed(pictures, tmp_path):
    told: list[str] = []
    further: list[None] = []
    settings = claims.Settings(tmp_path, data=pictures, report=told.append, more=lambda: further.append(None))
    results = CLAIM.measure(settings)
    assert len(results["tuning"]) == 4 + len(further) > 4  # the better of two lies at the edge
    assert len(told) == len(results["tuning"]) + 4
    for arm in CLAIM.arms:
        tried = [Run(**run) for run in results["tuning"] if run["arm"] == arm.name]
        best = min(tried, key=CLAIM.tuned_by).rate
        own = [run for run in results["runs"] if run["arm"] == arm.name]
        assert [(run["rate"], run["seed"]) for run in own] == [(best, 0), (best, 1)]
        assert all(len(run["curve"]) == 2 for run in own)
    again: list[str] = []
    assert CLAIM.measure(claims.Settings(tmp_path, data=pictures, report=again.append)) == results
    assert again == told  # nothing was trained twice: the times are those of the first start


def tuned(rates: list[float], loss: Callable[[float], float]) -> list[float]:
    """The rates that are tried where they lead to these losses, the best first."""

    def run(rate: float) -> Run:
        return Run("arm", rate, 0, [{"loss": loss(rate)}], 0.0, 0.0)

    return [one.rate for one in tuning.tune(rates, run, lambda run: last(run, "loss"), lambda: None)]


@pytest.mark.parametrize(
    ("best", "tried"),
    [
        (0.01, [0.003, 0.01, 0.03]),
        (0.04, [0.003, 0.01, 0.03, 0.09]),
        (0.3, [0.003, 0.01, 0.03, 0.09, 0.3, 1]),
        (1e-9, [0.0001, 0.0003, 0.0009, 0.003, 0.01, 0.03]),
    ],
)
def test_a_best_rate_at_the_edge_is_looked_for_beyond_it(best, tried):
    found = tuned([0.01, 0.003, 0.03], lambda rate: math.inf if rate > 0.5 else abs(math.log(rate / best)))
    assert sorted(found) == tried
    assert found[0] == min(tried[:-1] if tried[-1] == 1 else tried, key=lambda rate: abs(math.log(rate / best)))


def test_a_rate_at_which_training_came_apart_is_not_the_best():
    assert tuned([0.01, 0.02], {0.01: 1.0, 0.02: math.nan, 0.005: 2.0}.__getitem__) == [0.01, 0.005, 0.02]


def test_one_rate_is_not_looked_beyond():
    assert tuned([0.1], lambda rate: 1.0) == [0.1]


def test_a_run_that_was_cut_goes_on_and_ends_with_the_same_numbers(pictures, tmp_path, monkeypatch):
    whole = CLAIM.measure(claims.Settings(tmp_path / "whole", data=pictures, report=lambda line: None))
    settings = claims.Settings(tmp_path / "cut", data=pictures, report=lambda line: None)
    first = len(list((tmp_path / "whole" / "runs").glob(f"{CLAIM.arms[0].name.replace(' ', '_')}-*-{TUNING_SEED}-*")))
    usual, calls = Curve.on_train_epoch_start, []

    def cut(self, trainer, module):
        calls.append(trainer.current_epoch)
        if len(calls) == first + 4:  # the second epoch of the first arm's second seed
            raise KeyboardInterrupt
        usual(self, trainer, module)

    monkeypatch.setattr(Curve, "on_train_epoch_start", cut)
    with pytest.raises(KeyboardInterrupt):
        CLAIM.measure(settings)
    left = list(Path(settings.folder).rglob("last.ckpt"))
    assert len(left) == 1
    monkeypatch.setattr(Curve, "on_train_epoch_start", usual)
    assert without_seconds(CLAIM.measure(settings)) == without_seconds(whole)


@pytest.fixture
def heeded():
    """Ctrl-C, which a shell has what it starts in the background ignore, interrupts as usual."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("heeded")
def test_a_command_that_is_told_to_stop_says_how_it_goes_on(pictures, tmp_path, monkeypatch, capsys, sent, status):
    monkeypatch.setattr(lrn_cifar, "CLAIM", CLAIM)
    monkeypatch.setattr(Curve, "on_train_epoch_start", lambda *_: signal.raise_signal(sent))
    assert main(["claim", "lrn_cifar", "--data", pictures, "--folder", str(tmp_path)]) == status
    assert "The same command goes on where it was." in capsys.readouterr().err
    assert logging.getLogger("lightning.pytorch").level < logging.ERROR


def test_the_arm_without_augmentation_sees_the_middle_of_each_picture_and_the_other_random_parts(pictures):
    claim, scale = claims.claim("augmentation"), Scale(epochs=1, rates=(0.1,), batch=16)
    seen, tested = {}, {}
    for arm in claim.arms:
        data, _ = training.data_of(claim, arm, scale, 0, pictures)
        numbers = torch.arange(32)
        batch = data.sets["train"].__getitems__((0, numbers))
        seen[arm.name] = [data.prepare_batch(batch, train=True, epoch=epoch)[0] for epoch in range(3)]
        tested[arm.name] = data.prepare_batch(batch, train=False)[0]
    middle = tested["without augmentation"]
    assert middle.shape[-2:] == (24, 24)
    assert torch.equal(tested["with augmentation"], middle)
    assert all(torch.equal(one, middle) for one in seen["without augmentation"])
    for drawn in seen["with augmentation"]:
        elsewhere = [
            not torch.equal(part, whole) and not torch.equal(part, whole.flip(-1))
            for part, whole in zip(drawn, middle, strict=True)
        ]
        assert sum(elsewhere) > 24, "random parts, and not the middle or its mirror image alone"
    first, second, _ = seen["with augmentation"]
    assert sum(not torch.equal(a, b) for a, b in zip(first, second, strict=True)) > 24, "drawn anew in each pass"


def test_another_scale_does_not_take_the_old_runs(pictures, tmp_path):
    settings = claims.Settings(tmp_path, data=pictures, report=lambda line: None)
    CLAIM.measure(settings)
    longer = dataclasses.replace(CLAIM, scales={"quick": dataclasses.replace(CLAIM.scales["quick"], epochs=3)})
    assert all(len(run["curve"]) == 3 for run in longer.measure(settings)["runs"])


def test_a_folder_that_was_moved_goes_on_and_another_of_its_name_begins_anew(tmp_path):
    settings = claims.Settings(tmp_path / "runs", report=lambda line: None)

    def run(folder: Path) -> Run:
        its = dataclasses.replace(settings, data=str(folder))
        return training.run_arm(CLAIM, CLAIM.arms[0], CLAIM.scales["quick"], its, 0.01, 0)

    for seed, name in enumerate(("here", "there")):
        drawn(tmp_path / name / "small", seed)
    first, other = run(tmp_path / "here" / "small"), run(tmp_path / "there" / "small")
    assert first.curve != other.curve
    (tmp_path / "here").rename(tmp_path / "elsewhere")
    assert run(tmp_path / "elsewhere" / "small") == first  # to the fraction of a second: it was not trained again


def test_networks_with_towers_are_trained_anew_on_another_folder_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.setattr(towers_specialise, "SCALES", {"quick": (None, 1, 1)})
    settings = claims.Settings(tmp_path / "runs", report=lambda line: None)
    first, other = (
        towers_specialise.find(dataclasses.replace(settings, data=drawn(tmp_path / name / "small", seed)))
        for seed, name in enumerate(("here", "there"))
    )
    assert first["runs"] != other["runs"]


@pytest.mark.parametrize(("id", "beside"), [("relu_6x", "."), ("towers_specialise", "data/MNIST")])
def test_a_claim_without_pictures_says_where_they_go_and_what_else_it_takes(tmp_path, monkeypatch, capsys, id, beside):
    (tmp_path / beside).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert main(["claim", id]) == 2
    said = capsys.readouterr().err
    assert "not complete in data/cifar-10-batches-py: data_batch_1, " in said
    assert "give --data FOLDER, a folder with CIFAR-10, or with train/ and test/ of class folders" in said
    assert "download" not in said


REFUSED = {
    "relu_7x": "There is no claim 'relu_7x'; did you mean relu_6x, ",
    "relu_6x --seeds 1": "--seeds is 2 or more, so that there is an interval, not 1.",
    "googlenet_12x --seeds 3": "googlenet_12x is a count, the same each time: no --seeds.",
    "gradient_norms --budget full": "gradient_norms needs no pictures and is run whole each time: no --budget, ",
    "told --seeds 3": "told is checked whole each time: no --budget, no --data, no --seeds.",
}


@pytest.mark.parametrize("words", REFUSED)
def test_options_that_would_do_nothing_are_refused(words, capsys):
    assert main(["claim", *words.split()]) == 2
    assert f"lit-cnns: error: {REFUSED[words]}" in capsys.readouterr().err


def test_results_of_another_claim_are_not_overwritten(tmp_path, capsys):
    assert main(["claim", "two_3x3", "--folder", str(tmp_path)]) == 0
    before = (tmp_path / "results.json").read_bytes()
    assert main(["claim", "three_3x3", "--folder", str(tmp_path)]) == 2
    assert f"{tmp_path} has the results of two_3x3: give another --folder." in capsys.readouterr().err
    assert (tmp_path / "results.json").read_bytes() == before
    assert main(["claim", "two_3x3", "--folder", str(tmp_path)]) == 0


def test_pictures_to_judge_by_are_missed_by_their_name(pictures, tmp_path):
    (tmp_path / "train").symlink_to(Path(pictures) / "train")
    with pytest.raises(ValueError, match=r"No test/ folder under .*: a claim is trained on train/ and judged by test/"):
        CLAIM.measure(claims.Settings(tmp_path / "runs", data=str(tmp_path)))


def test_towers_are_not_told_apart_on_grey_pictures(tmp_path, monkeypatch):
    for split in ("train", "test"):
        for name in ("black", "white"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(20):
                Image.new("RGB", (8, 8), (number, number, number)).save(tmp_path / split / name / f"{number}.png")
    monkeypatch.setattr(towers_specialise, "SCALES", {"quick": (None, 1, 1)})
    with pytest.raises(ValueError, match="Kernels are told apart by colour on colour pictures"):
        towers_specialise.find(claims.Settings(tmp_path / "runs", data=str(tmp_path)))


def test_fewer_pictures_than_a_scale_asks_for_are_refused_with_both_numbers(pictures, tmp_path):
    with pytest.raises(ValueError, match="trains on 2,000 pictures; without those held out, there are 76"):
        claims.claim("lrn_cifar").measure(claims.Settings(tmp_path, data=pictures))


@pytest.mark.slow
@pytest.mark.parametrize("id", [id for id, kind in claims.CLAIMS.items() if kind == "training"])
def test_every_arm_of_every_claim_trains_a_pass(id, pictures, tmp_path):
    claim = claims.claim(id)
    once = Scale(epochs=1, rates=claim.scales["quick"].rates[:1], pictures=32, tuning_epochs=1, seeds=2, batch=16)
    settings = claims.Settings(tmp_path, data=pictures, report=lambda line: None)
    claims.run(dataclasses.replace(claim, scales={"quick": once}), settings)
    assert {run["arm"] for run in claims.read(tmp_path)["results"]["runs"]} == {arm.name for arm in claim.arms}
