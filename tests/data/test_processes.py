"""One, two and three processes train on the same global batches and validate on every picture once."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from lit_cnns.data import Digits

SCRIPT = Path(__file__).parent / "counting.py"


def run(processes: int, folder: Path) -> list[dict]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}
    done = subprocess.run(
        [sys.executable, SCRIPT, str(processes), folder], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"{processes}_{rank}.json").read_text()) for rank in range(processes)]


def steps(ranks: list[dict], accumulate: int) -> list[list[int]]:
    """The pictures of each optimiser step, over all processes."""
    count = len(ranks[0]["trained"])
    return [
        sorted(chain.from_iterable(rank["trained"][n] for rank in ranks for n in range(at, at + accumulate)))
        for at in range(0, count, accumulate)
    ]


@pytest.mark.ddp
def test_two_and_three_gloo_processes_see_what_one_sees(tmp_path):
    with ThreadPoolExecutor(3) as pool:
        alone, two, three = pool.map(lambda processes: run(processes, tmp_path), (1, 2, 3))
    expected = steps(alone, 6)
    assert [len(step) for step in expected] == [12] * 6  # 40 pictures, two passes, the last 4 dropped
    assert expected[:3] != expected[3:]
    assert steps(two, 3) == expected
    assert steps(three, 2) == expected
    for size in ("1", "2", "3", "5", "21"):
        for ranks in (alone, two, three):
            assert sorted(chain.from_iterable(rank["validated"][size] for rank in ranks)) == list(range(int(size)))
    for ranks in (two, three):
        assert ranks[0]["weight"] == pytest.approx(alone[0]["weight"], abs=1e-9)


def test_programs_without_a_trainer_say_how_the_batch_is_divided():
    data = Digits(global_batch_size=30)
    data.divide(processes=3, rank=1)
    data.setup("fit")
    images, _, indices = next(iter(data.train_dataloader()))
    assert images.shape == (10, 1, 32, 32)
    assert data.val_dataloader().batches.share.tolist() == list(range(1, 180, 3))
    assert len(set(indices.tolist())) == 10
