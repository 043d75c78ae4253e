"""A job that SLURM puts into the queue again, before its time is up, ends as if it had never been cut."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "requeueing.py"


@pytest.mark.slow
def test_a_job_that_is_told_twice_that_its_time_is_up_ends_with_the_weights_of_one_that_was_not(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["ends"] == [-signal.SIGKILL, -signal.SIGKILL, 0], found["output"]
    assert found["asked"] == ["requeue 7", "requeue 7"]
    assert found["kept"] == ["hpc_ckpt_1.ckpt", "hpc_ckpt_2.ckpt"]
    assert found["rows"] == 3  # each start has its own
    assert not found["differ"]
