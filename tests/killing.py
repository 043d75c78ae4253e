"""Run by test_kills.py: a training that is killed again and again, beside one that is not.

python killing.py KILLS EPOCHS FOLDER prints one JSON line: how it was killed, and whether the weights are equal.

Each start is a fork of this process, which has imported everything: the whole command, without its seconds of imports.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

import lit_cnns.interruption
from lit_cnns.cli import main
from lit_cnns.commands import training  # noqa: F401  (imported once, for all forks)

RECIPE = """
model:
  class_path: lit_cnns.guests.LitTimm
  init_args: {name: test_resnet, in_channels: 1, dropout: 0.3, lr: 0.1, schedule: plateau, schedule_args: {patience: 1}}
data:
  class_path: lit_cnns.Digits
  init_args: {global_batch_size: 128, translate: 0.1, rotate_degrees: 10}
trainer:
  accelerator: cpu
  accumulate_grad_batches: 2
  callbacks: [{class_path: EMAWeightAveraging, init_args: {decay: 0.9}}]
  log_every_n_steps: 1
  enable_progress_bar: false
  enable_model_summary: false
save_every: 0.001
"""
PATIENCE = 60  # seconds in which a run that was told to stop must have ended


def start(
    folder: Path,
    epochs: int,
    options: Sequence[str] = ("--resume", "auto"),
    first: Callable[[], None] | None = None,
) -> int:
    """One `lit-cnns fit` in a process of its own, in which something may be done before."""
    pid = os.fork()
    if pid:
        return pid
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    (folder / "tiny.yaml").write_text(RECIPE)
    status = 1
    try:
        if first:
            first()
        status = main(["fit", "--config", "tiny.yaml", "--trainer.max_epochs", str(epochs), *options])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def ended(pid: int, seconds: float) -> int | None:
    """The exit status of a process (minus the signal's number where one killed it), or None if it still runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def final(folder: Path) -> dict[str, torch.Tensor]:
    newest = max(folder.rglob("last.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    contents = torch.load(newest, weights_only=True)
    optimiser = contents["optimizer_states"][0]["state"]
    momenta = {f"momentum {i}": state["momentum_buffer"] for i, state in optimiser.items()}
    return {**contents["state_dict"], **contents["current_model_state"], **momenta}


def killed(folder: Path, epochs: int, kills: int, expected: float, dice: random.Random) -> list[str]:
    """Kill a run up to `kills` times at random moments, let it finish; how each start ended."""
    ends: list[str] = []
    while True:
        pid = start(folder, epochs)
        status = ended(pid, dice.uniform(0.0, expected) if len(ends) < kills else 600)
        if status is not None:
            assert status == 0, f"a start ended with {status}: {(folder / 'output.txt').read_text()[-2000:]}"
            return ends
        sent = dice.choice([signal.SIGKILL, signal.SIGTERM])
        os.kill(pid, sent)
        status = ended(pid, PATIENCE)
        assert status is not None, f"still alive {PATIENCE} seconds after {sent.name}"
        assert status in (-sent, 143, 0), f"ended with {status} after {sent.name}"
        ends.append(f"{sent.name} {status}")


def compare(kills: int, epochs: int, folder: Path) -> None:
    lit_cnns.interruption.SHARE = (
        1.0  # a run of seconds may write as often as one of hours does in the same number of steps
    )
    began = time.monotonic()
    assert ended(start(folder / "whole", epochs), 600) == 0
    seconds = time.monotonic() - began
    whole, dice = final(folder / "whole"), random.Random(kills)
    ends: list[str] = []
    while len(ends) < kills:  # a run that finished early is not the last
        cut = folder / f"cut{len(ends)}"
        ends += killed(cut, epochs, kills - len(ends), 1.0 + 2 * seconds / max(kills, 4), dice)
        found = final(cut)
        assert whole.keys() == found.keys()
        wrong = [name for name, value in whole.items() if not torch.equal(value, found[name])]
        assert not wrong, f"{len(wrong)} of {len(whole)} differ, the first is {wrong[0]}, after {ends}"
        assert not list(cut.rglob("*.part"))
    print(json.dumps({"ends": ends, "tensors": len(whole), "seconds": seconds}))


if __name__ == "__main__":
    compare(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
