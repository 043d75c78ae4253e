"""Evaluation gives one to four processes the same numbers and files at any size; training, the same curve."""

import csv
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "evaluating.py"
SIZES = (1, 2, 3, 5, 21)  # fewer pictures than processes, and primes
pytestmark = [pytest.mark.ddp, pytest.mark.slow]


def evaluate(processes: int, folder: Path) -> dict:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[1])}
    done = subprocess.run(
        [sys.executable, SCRIPT, str(processes), folder], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / f"{processes}.json").read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shares")


@pytest.fixture(scope="module")
def found(folder):
    """What one, two, three and four gloo processes found."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda processes: evaluate(processes, folder), (1, 2, 3, 4)))


def test_several_processes_count_what_one_counts_and_their_loss_agrees_to_a_millionth(found):
    alone, *shared = (result["evaluated"] for result in found)
    assert len(alone) == 5 * 2 * 3  # sizes, stages, figures
    assert 0 < round(alone["val/top1 of 21"]) < round(alone["val/top5 of 21"]) < 21
    for figures in shared:
        assert figures.keys() == alone.keys()
        for name, value in alone.items():
            if "loss" in name:
                assert figures[name] == pytest.approx(value, abs=1e-6), name
            else:
                assert round(figures[name], 3) == round(value), name


@pytest.mark.parametrize("size", SIZES)
def test_several_processes_predict_the_same_pictures_in_the_same_order(found, folder, size):
    alone, *shared = ([*csv.reader((folder / f"{n}_{size}.csv").open())] for n in (1, 2, 3, 4))
    assert len(alone) == 1 + size
    for rows in shared:
        assert [row[:2] for row in rows] == [row[:2] for row in alone]
        for row, expected in zip(rows[1:], alone[1:], strict=True):
            assert [float(p) for p in row[2::2]] == pytest.approx([float(p) for p in expected[2::2]], abs=2e-6)


def test_several_processes_and_accumulated_steps_follow_the_curve_of_one(found):
    alone, *shared = (result["curve"] for result in found)
    assert len(alone) == 3
    assert alone[2] < 0.8 * alone[0]
    for curve in shared:
        assert curve == pytest.approx(alone, rel=1e-4)


def test_the_training_loss_that_is_logged_is_that_of_the_global_batch(found):
    alone, *shared = (result["logged"] for result in found)
    assert len(alone) == 3 * (1257 // 24)
    for logged in shared:
        assert logged == pytest.approx(alone, rel=1e-4)
