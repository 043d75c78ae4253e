"""GoogLeNet with the recipe of Szegedy et al. 2014."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor

from lit_cnns.classifier import LitClassifier
from lit_cnns.models import GoogLeNet, GoogLeNetSmall


class WithAuxiliaryHeads(LitClassifier):
    """Auxiliary heads add to the training loss and nowhere else."""

    aux_weight: float

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        logits: dict[str, Tensor] = self.net.all_logits(self._laid_out(images))  # type: ignore[operator]
        losses = {head: self.criterion(x, labels, self.label_smoothing).mean() for head, x in logits.items()}
        return losses.pop("main") + self.aux_weight * sum(losses.values(), torch.zeros((), device=images.device))

    def compile_layers(self, mode: str | None) -> None:
        super().compile_layers(mode)
        net: Any = self.net
        net.all_logits = torch.compile(net.all_logits, mode=mode)

    @property
    def chance_loss(self) -> float:
        heads = sum(hasattr(self.net, head) for head in self.net.HEADS.values())  # type: ignore[operator]
        return (1 + heads * self.aux_weight) * math.log(self.num_classes)


class LitGoogLeNet(WithAuxiliaryHeads):
    """GoogLeNet (Szegedy et al. 2014).

    Learning rate, weight decay and initialisation are those of BVLC's replication, as the paper prints none; there
    biases learn twice as fast as weights, here as fast.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        aux: build the two auxiliary heads.
        separable: conv1 as a separable convolution, which the parameter column of Table 1 has against the text.
        aux_weight: weight of each auxiliary loss.
        lr: learning rate for batches of 32.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = ("decay", {"factor": 0.96, "every": 8})
    PAPER_INIT: ClassVar = ("xavier", 0.2)

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux: bool = True,
        separable: bool = False,
        *,
        aux_weight: float = 0.3,
        lr: float = 0.01,
        weight_decay: float = 2e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = GoogLeNet(num_classes, in_channels, aux, separable)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
        self.aux_weight = aux_weight


class LitGoogLeNetSmall(WithAuxiliaryHeads):
    """An adaptation of GoogLeNet for 32-pixel pictures; not in the paper, its recipe is.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        aux: build the two auxiliary heads.
        image_size: side of the pictures, in pixels.
        aux_weight: weight of each auxiliary loss.
        lr: learning rate for batches of 32.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = LitGoogLeNet.PAPER_SCHEDULE
    PAPER_INIT: ClassVar = LitGoogLeNet.PAPER_INIT

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        aux: bool = True,
        image_size: int = 32,
        *,
        aux_weight: float = 0.3,
        lr: float = 0.01,
        weight_decay: float = 2e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = GoogLeNetSmall(num_classes, in_channels, aux, image_size)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
        self.aux_weight = aux_weight
