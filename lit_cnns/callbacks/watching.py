"""Callbacks that watch training: does it move, how fast is it, and what do the layers see."""

import time
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy
from lightning.pytorch.utilities.data import extract_batch_size
from lightning.pytorch.utilities.rank_zero import rank_zero_warn
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from lit_cnns import features

FALLEN = 0.02  # the share by which the loss of a network that learns has fallen


class DeadStart(Callback):
    """Warns once when the loss has not moved from where a network that knows nothing has it.

    The deep networks before batch norm do so when their first weights or their rate are off: all pictures get the
    same answer and the loss stays at the logarithm of the number of classes. Works with any module whose training
    step gives the loss; one that has no `chance_loss` is compared with its own first steps.

    Args:
        steps: optimiser steps after which it judges, by the mean loss of their last third.
    """

    def __init__(self, steps: int = 300) -> None:
        if steps < 30:
            raise ValueError(f"steps is 30 or more, so that the loss has settled, not {steps}.")
        self.steps = steps
        self.first: list[Tensor] = []
        self.last: list[Tensor] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        # a run that goes on has had its start
        self.over = trainer.global_step > 0
        self.first, self.last = [], []

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.over or not isinstance(outputs, dict) or "loss" not in outputs:
            return
        step = trainer.global_step
        loss = outputs["loss"].detach() * trainer.accumulate_grad_batches  # which Lightning has divided it by
        if step <= self.steps // 10:
            self.first.append(loss)
        elif step > self.steps * 2 // 3:
            self.last.append(loss)
        if step >= self.steps:
            self.over = True
            self._judge(pl_module)

    def _judge(self, module: L.LightningModule) -> None:
        first, last = (float(torch.stack(losses).mean()) for losses in (self.first, self.last))
        start = getattr(module, "chance_loss", None) or first
        if last > (1 - FALLEN) * start:
            rank_zero_warn(
                f"After {self.steps} steps the loss is {last:.3f}, where a network that knows nothing has {start:.3f}: "
                "it does not learn. Try a smaller learning rate or a warm-up (--model.lr, --model.schedule_args.warmup)"
                ", another initialisation (--model.init he_fan_in or glorot; a deep VGG starts from a trained one "
                "by --init_from), batch norm where the network offers it, and see that the labels fit the pictures."
            )


class ImagesPerSecond(Callback):
    """Logs `images_per_second` of training, over all processes, without the time of validation."""

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._begin()  # a run that goes on within an epoch does not start that

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._begin()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._begin()

    def _begin(self) -> None:
        self.images, self.since = 0, time.perf_counter()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.images += len(batch[0]) if isinstance(batch, (tuple, list)) else extract_batch_size(batch)
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]  # 0: never
        if every and trainer.global_step % every == 0:
            share = trainer.distributed_sampler_kwargs or {"num_replicas": 1}
            seconds = time.perf_counter() - self.since
            pl_module.log("images_per_second", self.images * share["num_replicas"] / seconds, batch_size=1)
            self._begin()


class GradientNorm(Callback):
    """Logs `gradient_norm`, the Euclidean norm over all parameters before clipping, at every logging step."""

    def on_before_optimizer_step(self, trainer: L.Trainer, pl_module: L.LightningModule, optimizer: Any) -> None:
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]  # 0: never
        if every and (trainer.global_step + 1) % every == 0:
            norm = nn.utils.get_total_norm([p.grad for p in pl_module.parameters() if p.grad is not None])
            pl_module.log("gradient_norm", norm.full_tensor() if isinstance(norm, DTensor) else norm, batch_size=1)


class ProbePictures(Callback):
    """Draws the first kernels, and the feature maps of the first validation picture, after each validation.

    They go to TensorBoard or W&B, as `kernels` and `maps/<layer>`.

    Args:
        layers: whose maps are drawn, by name; none: kernels alone.
        every_n_epochs: how often.

    Raises:
        ValueError: in `setup`, where no process has the whole network.
    """

    def __init__(self, layers: list[str] | None = None, every_n_epochs: int = 1) -> None:
        self.layers, self.every = layers or [], every_n_epochs
        self.picture: Tensor | None = None

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        if isinstance(trainer.strategy, (FSDPStrategy, ModelParallelStrategy)):
            raise ValueError(
                "ProbePictures draws a network that a process has whole; "
                f"{type(trainer.strategy).__name__} divides it. Leave the callback out, and look at the checkpoints: "
                "lit-cnns demo RUN."
            )

    def on_validation_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        if self.picture is None and trainer.is_global_zero:
            self.picture = batch[0][:1].detach().clone()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.current_epoch % self.every or self.picture is None:
            return
        net: Any = getattr(pl_module, "net", pl_module)
        drawn = {"kernels": features.kernels(net)}
        if self.layers:
            with features.capture(net, self.layers) as maps, torch.no_grad():
                net(self.picture)
            drawn |= {f"maps/{name}": features.grid(maps[name][0].float().cpu()) for name in self.layers}
        for name, picture in drawn.items():
            self._send(trainer, name, picture)

    @staticmethod
    def _send(trainer: L.Trainer, name: str, picture: np.ndarray) -> None:
        # the sanity check draws as well, so that a layer that is not there is known before the first epoch
        for logger in trainer.loggers if not trainer.sanity_checking else ():
            if isinstance(logger, TensorBoardLogger):
                form = "HW" if picture.ndim == 2 else "HWC"
                logger.experiment.add_image(name, picture, trainer.global_step, dataformats=form)
            elif isinstance(logger, WandbLogger):
                logger.log_image(name, [picture], trainer.global_step)
