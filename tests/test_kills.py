"""A run that is killed at random moments, and resumed each time, ends with the weights of one that was not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "killing.py"


def killed(kills: int, epochs: int, folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, str(kills), str(epochs), folder], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])["ends"]


@pytest.mark.slow
def test_two_kills_change_no_bit_of_the_final_weights(tmp_path):
    assert len(killed(2, 8, tmp_path)) == 2


@pytest.mark.slow
def test_twenty_kills_change_no_bit_of_the_final_weights(tmp_path):
    ends = killed(20, 24, tmp_path)
    assert len(ends) == 20
    assert any(end.startswith("SIGKILL") for end in ends)
    assert "SIGTERM 143" in ends
