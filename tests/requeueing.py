"""Run by test_slurm.py: a job that SLURM tells of its end, puts into the queue again and starts again.

python requeueing.py FOLDER prints one JSON line. SLURM is a stand-in: its variables, and an `scontrol` that notes what
it is asked and kills the job, as the real one does.
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch
from killing import ended, final, start

from lit_cnns.interruption import SaveWhenCut

EPOCHS = 3
JOB = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "train", "SLURM_NTASKS": "1", "SLURM_NNODES": "1"}
TASK = {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0"}
SCONTROL = '#!/bin/sh\necho "$@" >> {folder}/asked.txt\nkill -9 $PPID\n'


def tell_at(step: int) -> None:
    """Have a run of this process get SIGUSR1 once, in the middle of its next step."""

    def told(self, trainer, *_):
        if trainer.global_step == step and trainer.fit_loop.epoch_loop.batch_progress.current.ready % 2:
            signal.raise_signal(signal.SIGUSR1)

    SaveWhenCut.on_train_batch_end = told


def job(folder: Path, step: int | None) -> int | None:
    """One start of the job, told at a step that its time is up; its exit status."""
    folder.mkdir(exist_ok=True)
    scontrol = folder / "bin" / "scontrol"
    scontrol.parent.mkdir(exist_ok=True)
    scontrol.write_text(SCONTROL.format(folder=folder))
    scontrol.chmod(0o755)
    os.environ.update(JOB | TASK)
    pid = start(folder, EPOCHS, (), (lambda: tell_at(step)) if step else None)
    return ended(pid, 120)


def compare(folder: Path) -> None:
    assert ended(start(folder / "whole", EPOCHS, ()), 120) == 0
    queued = folder / "queued"
    os.environ["PATH"] = f"{queued / 'bin'}:{os.environ['PATH']}"
    ends = [job(queued, step) for step in (6, 9, None)]
    whole, found = final(folder / "whole"), final(queued)
    print(
        json.dumps(
            {
                "ends": ends,
                "asked": (queued / "asked.txt").read_text().splitlines(),
                "kept": sorted(path.name for path in queued.glob("runs/*/slurm_7/*.ckpt")),
                "rows": len(list(queued.glob("runs/*/version_*/metrics.csv"))),
                "differ": [name for name, value in whole.items() if not torch.equal(value, found[name])],
                "output": (queued / "output.txt").read_text()[-3000:],
            }
        )
    )


if __name__ == "__main__":
    compare(Path(sys.argv[1]))
