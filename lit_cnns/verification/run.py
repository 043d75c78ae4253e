"""What a run has written so far, read while it may still be writing."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lit_cnns.interruption import CUT
from lit_cnns.recipes import read_config
from lit_cnns.runs import CONFIG, METRICS, TESTS, numbers, read_table

WITHOUT_LENGTH = 1000  # epochs that Lightning trains where nothing says how many


@dataclass(frozen=True)
class Run:
    """A run's settings, its curves (a row a logged step), and the evaluations of its checkpoints."""

    folder: Path
    config: dict[str, Any]
    rows: list[dict[str, float]]
    tests: list[dict[str, str]]
    own: dict[str, float] = field(default_factory=dict)  # of a checkpoint without its run

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """The files of a run, which may have logged nothing yet.

        Raises:
            ValueError: there are no settings.
        """
        if not (folder / CONFIG).is_file():
            raise ValueError(
                f"{folder} has no {CONFIG} with its settings: give a folder runs/<name>/version_<n> of `lit-cnns fit`, "
                "or a checkpoint."
            )
        rows, tests = (read_table(path) if (path := folder / name).is_file() else [] for name in (METRICS, TESTS))
        return cls(folder, read_config(folder / CONFIG), list(numbers(rows)), tests)

    def trainer(self, key: str, otherwise: Any) -> Any:
        """A setting of the trainer, where one was told."""
        value = (self.config.get("trainer") or {}).get(key)
        return otherwise if value is None else value

    @property
    def written(self) -> float:
        """When the last line came, in seconds since 1970."""
        return (self.folder / METRICS).stat().st_mtime

    @property
    def checkpoint(self) -> Path:
        """Of its last step."""
        return self.folder / "checkpoints" / "last.ckpt" if self.folder.is_dir() else self.folder

    @property
    def steps(self) -> int:
        """Optimiser steps up to the last line."""
        return max((int(row["step"]) + 1 for row in self.rows if "step" in row), default=0)

    @property
    def validations(self) -> dict[int, dict[str, float]]:
        """The last validation in each epoch, counted from 1."""
        return {int(row["epoch"]) + 1: row for row in self.rows if "val/top1" in row and "epoch" in row}

    @property
    def epochs(self) -> int:
        """How many have been validated."""
        return max(self.validations, default=0)

    @property
    def steps_per_epoch(self) -> float | None:
        """Known from the first epoch that has ended."""
        interval = self.trainer("val_check_interval", 1.0)
        whole = isinstance(interval, float) and interval == 1.0  # the whole number 1 is a batch
        return (self.validations[self.epochs]["step"] + 1) / self.epochs if self.epochs and whole else None

    @property
    def total_epochs(self) -> float:
        epochs = self.trainer("max_epochs", WITHOUT_LENGTH if self.trainer("max_steps", -1) < 0 else -1)
        return epochs if epochs >= 0 else math.inf

    @property
    def total_steps(self) -> float:
        """Of the whole run; infinite where nobody can know."""
        told, per_epoch = self.trainer("max_steps", -1), self.steps_per_epoch
        by_epochs = self.total_epochs * per_epoch if per_epoch else math.inf
        return min(told if told >= 0 else math.inf, by_epochs)

    @property
    def state(self) -> str:
        """Cut, finished or running, or a checkpoint without its run."""
        if not self.folder.is_dir():
            return "a checkpoint"
        if (self.folder / "checkpoints" / CUT).exists():
            return "cut"
        unlogged = self.trainer("log_every_n_steps", 50) - 1
        done = self.epochs >= self.total_epochs or self.steps + unlogged >= self.total_steps
        return "finished" if done else "running"

    @property
    def ended(self) -> bool:
        """Whether no more of its training is to come."""
        return self.state not in ("cut", "running")
