"""Runs on disk: where they go, which checkpoints they hold, and what is kept when one is cut.

A run is a folder `runs/<name>/version_<n>` with `checkpoints/`, `metrics.csv` and `config.yaml`, and `tests.csv` where
one of its checkpoints was evaluated.
"""

import csv
import os
import signal
import sys
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.environments import SLURMEnvironment
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lit_cnns.checkpoints import CheckpointError, describe

__all__ = ["SaveWhenCut", "find_checkpoints", "folder_of", "next_version", "note_test", "resolve"]

CONFIG, METRICS, TESTS, CUT = "config.yaml", "metrics.csv", "tests.csv", "cut.ckpt"
SUFFIXES = (".ckpt", ".safetensors")


def next_version(folder: str | Path) -> int:
    """The number after the highest `version_<n>` below `folder`."""
    taken = [int(p.name[8:]) for p in Path(folder).glob("version_*") if p.name[8:].isdigit()]
    return max(taken, default=-1) + 1


def find_checkpoints(*folders: str | Path) -> list[Path]:
    """All checkpoints of ours at or below the folders, newest first; other files are passed over."""
    found: dict[Path, float] = {}
    for folder in map(Path, folders):
        files = [folder] if folder.is_file() else [p for s in SUFFIXES for p in folder.rglob(f"*{s}")]
        for path in files:
            try:
                describe(path)
            except CheckpointError:
                continue
            found[path.resolve()] = path.stat().st_mtime
    return sorted(found, key=lambda path: (-found[path], str(path)))


def resolve(word: str, folder: str | Path = "runs") -> Path | None:
    """The checkpoint that `best`, `last` or `auto` means below `folder`; any other word is a path.

    `last` is the newest file named last or cut; `best` the newest that is neither; `auto` is `last`, or nothing
    where there is none.

    Raises:
        ValueError: nothing is found.
    """
    if word not in ("best", "last", "auto"):
        path = Path(word)
        if not path.is_file():
            raise ValueError(f"There is no checkpoint at {word}; give a file, or best, last or auto.")
        return path
    files = [path for path in Path(folder).rglob("*.ckpt") if path.is_file()]
    wanted = [path for path in files if (path.stem.startswith(("last", "cut"))) == (word != "best")]
    if wanted:
        return max(wanted, key=lambda path: path.stat().st_mtime)
    if word == "auto":
        return None
    raise ValueError(f"There is no {word} checkpoint below {folder}/; train first, or give the path of one.")


def folder_of(checkpoint: str | Path) -> Path | None:
    """The run that wrote a checkpoint, if it still lies there."""
    folder = Path(checkpoint).absolute().parent.parent
    return folder if (folder / CONFIG).is_file() and (folder / METRICS).is_file() else None


def note_test(checkpoint: str | Path, row: dict[str, Any]) -> None:
    """Add a row to the `tests.csv` of the run that wrote a checkpoint; nothing for a checkpoint from elsewhere."""
    folder = folder_of(checkpoint)
    if folder is None or not os.access(folder, os.W_OK):
        return
    fresh = not (folder / TESTS).exists()
    with (folder / TESTS).open("a", newline="") as file:
        table = csv.DictWriter(file, ["checkpoint", *row], lineterminator="\n")
        if fresh:
            table.writeheader()
        table.writerow({"checkpoint": Path(checkpoint).name, **row})


class SaveWhenCut(Callback):
    """Writes `cut.ckpt` when a run ends by Ctrl-C, a signal or an error, and says how to go on.

    `status` is then the exit status a shell expects: 130 after Ctrl-C, 143 after SIGTERM, else 0. Of several processes
    all stop after the step in which one of them was told to: one that stopped alone would leave the others waiting.
    """

    def __init__(self) -> None:
        self.saved: Path | None = None
        self.status = 0
        self.first_step: int | None = None  # of this run, which may go on with an older one
        self.told = 0  # the number of the signal that has come
        self.before: dict[int, Any] = {}

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.first_step = trainer.global_step
        if trainer.world_size > 1:  # SLURM's SIGTERM follows a checkpoint of Lightning's own
            kinds = (signal.SIGINT,) if SLURMEnvironment.detect() else (signal.SIGINT, signal.SIGTERM)
            self.before = {kind: signal.signal(kind, self._note) for kind in kinds}

    def _note(self, kind: int, frame: Any) -> None:
        if self.told == kind == signal.SIGINT:  # a second Ctrl-C does not wait
            signal.signal(kind, signal.SIG_DFL)
            signal.raise_signal(kind)
        self.told = kind

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        if not self.before:
            return
        told = trainer.strategy.reduce(torch.tensor(self.told, device=pl_module.device), reduce_op="max")
        if told == signal.SIGTERM:
            raise SIGTERMException
        if told == signal.SIGINT:
            raise KeyboardInterrupt

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        for kind, handler in self.before.items():
            signal.signal(kind, handler)
        self.before = {}

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        self.status = {"KeyboardInterrupt": 130, "SIGTERMException": 143}.get(type(exception).__name__, 0)
        if not trainer.training and not trainer.validating:
            return
        if trainer.checkpoint_callback is None or self.first_step in (None, trainer.global_step):
            return
        folder = Path(getattr(trainer.checkpoint_callback, "dirpath", None) or trainer.default_root_dir)
        self.saved = folder / CUT
        trainer.save_checkpoint(self.saved)
        if trainer.is_global_zero:
            print(
                f"\nStopped in epoch {trainer.current_epoch} after {trainer.global_step} steps. "
                f"Go on with the same command and --ckpt_path {self.saved}",
                file=sys.stderr,
            )

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        callback: Any = trainer.checkpoint_callback
        if trainer.is_global_zero and callback is not None and callback.dirpath and not trainer.interrupted:
            (Path(callback.dirpath) / CUT).unlink(missing_ok=True)
