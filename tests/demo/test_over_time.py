"""A run's checkpoints are found in order, shown one by one, and do not crowd the list of networks."""

from pathlib import Path

import pytest
import torch
from conftest import EXAMPLES
from lit_cnns_demo.over_time import moment, run_of, runs_of, show_moment
from lit_cnns_demo.shelf import Shelf
from runs_over_time import write_run

from lit_cnns import features, load, runs
from lit_cnns.data import read_image


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "lenet")


@pytest.fixture
def shelf(run: Path) -> Shelf:
    shelf = Shelf([run.parents[1]])
    shelf.refresh()
    return shelf


def test_moments_stand_in_the_order_of_training_each_once(run: Path) -> None:
    found = runs.moments(run)
    assert [(m.epoch, m.step, m.path.name) for m in found] == [
        (1, 10, "epoch-000.ckpt"),
        (2, 20, "epoch-001.ckpt"),
        (3, 30, "epoch-002.ckpt"),  # last.ckpt is of the same step
    ]


def test_curves_are_by_steps_done(run: Path) -> None:
    found = runs.curves(run)
    assert [step for step, _ in found["val/loss"]] == [10, 20, 30]
    assert found["val/top1"] == [(10, 0.7), (20, pytest.approx(0.8)), (30, pytest.approx(0.9))]
    with pytest.raises(ValueError, match=r"has no metrics\.csv"):
        runs.curves(run / "checkpoints")


def test_best_is_none_of_those_kept_every_epoch(run: Path) -> None:
    with pytest.raises(ValueError, match="There is no best checkpoint"):
        runs.resolve("best", run)
    last = runs.resolve("last", run)
    assert last is not None
    assert last.name == "last.ckpt"


def test_the_list_of_networks_has_the_run_once(shelf: Shelf, run: Path) -> None:
    own = [entry for entry in shelf.entries if entry.path.is_relative_to(run)]
    assert [entry.path.name for entry in own] == ["last.ckpt"]


def test_each_checkpoint_is_shown_with_its_own_weights(shelf: Shelf, run: Path) -> None:
    found = run_of(shelf, next(iter(runs_of(shelf))))
    image = read_image(EXAMPLES / "digit_3.png")
    for number in (1, 3):
        told = moment(shelf, found, number, image, "C3")
        net = load(run / f"checkpoints/epoch-{number - 1:03d}.ckpt").net
        assert (told["kernels"] == features.kernels(net)).all()
        assert (told["epoch"], told["step"], told["layer"]) == (number, 10 * number, "C3")
    with torch.inference_mode():
        assert len(told["answer"]["top"]) == 5


def test_every_epoch_is_advised_only_where_one_is_missing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "lenet")
    shelf = Shelf([tmp_path])
    shelf.refresh()
    for left, advised in ((3, False), (2, True)):
        said, *_ = show_moment(shelf, None, next(iter(runs_of(shelf))), left, "C1")
        assert f"Epoch 3, after 30 steps: checkpoint {left} of {left}." in said
        assert ("trainer/every_epoch" in said) == advised
        (run / "checkpoints/epoch-001.ckpt").unlink(missing_ok=True)


@pytest.mark.parametrize("number", [0, 4, 1.5, "first", None])
def test_a_checkpoint_that_is_not_there_is_a_sentence(shelf: Shelf, number: object) -> None:
    said, *_ = show_moment(shelf, None, next(iter(runs_of(shelf))), number, "C1")
    assert "has checkpoints 1 to 3" in said
    said, *_ = show_moment(shelf, None, "../../etc", 1, "C1")
    assert "There is no run" in said


def test_a_lab_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    said, *_ = show_moment(Shelf([tmp_path]), None, None, 1, None)
    assert "trainer/every_epoch" in said
