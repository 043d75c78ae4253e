"""What is measured of a run while it trains."""

import math
import time
from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from lit_cnns.classifier import LitClassifier
from lit_cnns.data import ImageData, prepare
from lit_cnns.data.memory import TensorSet

from .arms import Point
from .small_pictures import Pictures

PROBE = 1000  # pictures whose errors make a curve


class Curve(Callback):
    """Measures after each epoch the mean training loss, and the errors on a probe and on what is held out."""

    def __init__(self, data: ImageData, pictures: Pictures, until: Callable[[Point], bool] | None) -> None:
        self.data, self.until = data, until
        self.probe = pictures.train.subset(torch.arange(min(PROBE, len(pictures.train))))
        self.held = pictures.held.subset(torch.arange(min(PROBE, len(pictures.held))))
        self.points: list[Point] = []
        self.seconds = 0.0
        self.losses: list[torch.Tensor] = []
        self.since = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.since, self.losses = time.perf_counter(), []

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.losses.append(outputs["loss"].detach())

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: LitClassifier) -> None:  # type: ignore[override]
        loss = float(torch.stack(self.losses).mean())
        train_error, held_error = (self.errors(trainer, pl_module, part) for part in (self.probe, self.held))
        self.seconds += time.perf_counter() - self.since
        place = {"epoch": len(self.points) + 1.0, "step": float(trainer.global_step)}
        self.points.append({**place, "train_loss": loss, "train_error": train_error, "held_error": held_error})
        if not math.isfinite(loss) or (self.until and self.until(self.points[-1])):
            trainer.should_stop = True

    def errors(self, trainer: L.Trainer, module: LitClassifier, pictures: TensorSet) -> float:
        """The share of pictures, in percent, that a network gets wrong as it would in testing."""
        training, wrong = module.training, 0
        module.eval()
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            for numbers in torch.arange(len(pictures)).split(500):
                images, labels, _ = pictures.__getitems__((0, numbers))
                batch, _ = prepare((images, labels, numbers), self.data.preprocessing, train=False)
                wrong += int((module(batch.to(module.device)).argmax(1).cpu() != labels.cpu()).sum())
        module.train(training)
        return 100 * wrong / len(pictures)

    def state_dict(self) -> dict[str, Any]:
        return {"points": self.points, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.points, self.seconds = state_dict["points"], state_dict["seconds"]
