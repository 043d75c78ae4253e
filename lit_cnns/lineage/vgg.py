"""VGG with the recipe of Simonyan, Zisserman 2014."""

from typing import Any, ClassVar

from lit_cnns.classifier import LitClassifier
from lit_cnns.models import VGG, VGGSmall


class LitVGG(LitClassifier):
    """VGG (Simonyan, Zisserman 2014).

    It starts from Glorot's initialisation, with which its authors found it possible to do without pre-training.

    Args:
        config: A, A-LRN, B, C, D or E; VGG-16 is D, VGG-19 is E.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        batch_norm: batch norm after every convolution (not in the paper).
        dropout: share of fc6 and fc7 that is dropped.
        lr: learning rate for batches of 256.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = ("plateau", {"cuts": 3})
    PAPER_INIT: ClassVar = ("glorot", 0.0)

    @staticmethod
    def test_scales(protocol: str, trained: tuple[int, int]) -> tuple[int, ...]:
        """Q of Sections 4.1 and 4.2, from the smallest and largest training scale S."""
        low, high = trained
        middle = (low + high) // 2
        several = (low, middle, high) if low < high else (low - 32, low, low + 32)
        return {"dense": (middle,), "multi_scale": several}.get(protocol, ())

    def __init__(
        self,
        config: str = "D",
        num_classes: int = 1000,
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = VGG(config, num_classes, in_channels, batch_norm, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)


class LitVGGSmall(LitClassifier):
    """An adaptation of VGG for 32-pixel pictures; not in the paper, its recipe is.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        batch_norm: batch norm after every convolution.
        dropout: share of the fully connected layers that is dropped.
        image_size: side of the pictures, in pixels.
        lr: learning rate for batches of 256.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = LitVGG.PAPER_SCHEDULE
    PAPER_INIT: ClassVar = LitVGG.PAPER_INIT

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.5,
        image_size: int = 32,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = VGGSmall(num_classes, in_channels, batch_norm, dropout, image_size)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
