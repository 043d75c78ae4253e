"""Weights in half precision for a whole evaluation."""

from contextlib import ExitStack
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.precision import Precision


class CastOnce(Callback):
    """Casts each weight to bfloat16 once an evaluation, not once a batch; for `precision: bf16-mixed`.

    AlexNet's 58 million fully connected weights cost more to cast than to use. Needs the Trainer's
    `inference_mode: false`: autocast keeps no casts of tensors in inference mode.
    """

    def __init__(self) -> None:
        self.open = ExitStack()

    def _begin(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        # Lightning's own autocast, entered at each step, forgets its casts: it is put aside meanwhile
        strategy, usual = trainer.strategy, trainer.precision_plugin
        self.open.callback(setattr, strategy, "precision_plugin", usual)
        strategy.precision_plugin = Precision()
        self.open.enter_context(torch.autocast(pl_module.device.type, torch.bfloat16, cache_enabled=True))

    def _end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        self.open.close()

    on_validation_start = on_test_start = on_predict_start = _begin
    on_validation_end = on_test_end = on_predict_end = on_exception = _end  # type: ignore[assignment]
