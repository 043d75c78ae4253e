"""Evaluation gives the same numbers for one, two and three processes on sets of any size."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "evaluating.py"


def evaluate(processes: int, folder: Path) -> dict[str, float]:
    file = folder / f"{processes}.json"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[1])}
    done = subprocess.run(
        [sys.executable, SCRIPT, str(processes), file], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(file.read_text())


@pytest.mark.ddp
def test_two_and_three_gloo_processes_count_what_one_counts_and_their_loss_agrees_to_a_millionth(tmp_path):
    with ThreadPoolExecutor(3) as pool:
        alone, *shared = pool.map(lambda processes: evaluate(processes, tmp_path), (1, 2, 3))
    assert len(alone) == 5 * 2 * 3  # sizes, stages, figures
    assert 0 < round(alone["val/top1 of 21"]) < round(alone["val/top5 of 21"]) < 21
    for figures in shared:
        assert figures.keys() == alone.keys()
        for name, value in alone.items():
            if "loss" in name:
                assert figures[name] == pytest.approx(value, abs=1e-6), name
            else:
                assert round(figures[name], 3) == round(value), name
