"""ZFNet with the recipe of Zeiler, Fergus 2013."""

from typing import Any, ClassVar

import torch
from torch import nn
from torch.optim import Optimizer

from lit_cnns.classifier import LitClassifier
from lit_cnns.models import ZFNet


class LitZFNet(LitClassifier):
    """ZFNet (Zeiler, Fergus 2013), whose kernels are kept small after every step, by its paper's rule (Section 3).

    The paper does not print its weight decay; AlexNet's is taken.

    Args:
        variant: "original", or "wide" in conv3 to conv5.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        dropout: share of fc6 and fc7 that is dropped.
        lr: learning rate for batches of 128.
        weight_decay: on weights alone.
        largest_rms: a convolution's kernel whose root mean square exceeds it is scaled back to it after the step;
            infinity for no limit. It is meant for pixels in about [-128, 128].
    """

    PAPER_SCHEDULE: ClassVar = ("plateau", {"cuts": 3})
    PAPER_INIT: ClassVar = ("gaussian", 0.0)

    def __init__(
        self,
        variant: str = "original",
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        largest_rms: float = 0.1,
        **training: Any,
    ) -> None:
        net = ZFNet(num_classes, in_channels, variant, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
        self.largest_rms = largest_rms

    def new_optimizer(self) -> Optimizer:
        optimizer = super().new_optimizer()
        if self._trainer is None:
            self._limit_after(optimizer)
        return optimizer

    def on_train_start(self) -> None:
        super().on_train_start()
        for optimizer in self.trainer.optimizers:  # which are others than this class's by --optimizer
            self._limit_after(optimizer)

    def _limit_after(self, optimizer: Optimizer) -> None:
        optimizer.register_step_post_hook(lambda *_: self.limit_kernels())

    @torch.no_grad()
    def limit_kernels(self) -> None:
        """Scale back every kernel that has grown too large."""
        for layer in self.net.modules():
            if isinstance(layer, nn.Conv2d):
                rms = layer.weight.square().mean((1, 2, 3), keepdim=True).sqrt()
                layer.weight.mul_((self.largest_rms / rms).clamp(max=1.0))
