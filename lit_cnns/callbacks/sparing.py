"""What Lightning does at every step by default, done as often as it is of use."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback, RichProgressBar
from lightning.pytorch.profilers import PassThroughProfiler

NOTHING = nullcontext()


class SparingProgressBar(RichProgressBar):
    """Lightning's bar, brought up to date ten times a second; its own gathers all metrics at every step.

    Args:
        refresh_rate: how often a second; 0 for no bar.
    """

    def __init__(self, refresh_rate: int = 10) -> None:
        super().__init__(refresh_rate)
        self.due = 0.0

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        now = time.monotonic()
        if self.is_disabled:
            return
        if now >= self.due or batch_idx + 1 == self.total_train_batches:
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
            self.due = now + 1 / self.refresh_rate


class NoProfiler(PassThroughProfiler):
    """Measures nothing; Lightning's own makes a generator around every hook of every callback to do so."""

    def profile(self, action_name: str) -> AbstractContextManager[Any]:  # type: ignore[override]
        return NOTHING


def spare(trainer: L.Trainer) -> None:
    """Put these in the place of Lightning's own defaults; what somebody chose stays."""
    settings: Any = trainer
    settings.callbacks = [SparingProgressBar() if _is_default(one) else one for one in settings.callbacks]
    if type(settings.profiler) is PassThroughProfiler:
        settings.profiler = NoProfiler()


def _is_default(callback: Callback) -> bool:
    if type(callback) is not RichProgressBar:
        return False
    usual = vars(RichProgressBar())
    return all(vars(callback)[name] == usual[name] for name in ("_refresh_rate", "_leave", "theme", "_console_kwargs"))
