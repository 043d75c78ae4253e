"""What counts as correct."""

import torch
from torch import Tensor

NOT_COUNTED = -100  # the label of a picture that is neither trained on nor counted
NO_FLOAT64 = ("mps",)  # devices without double precision: Apple's GPUs


def correct_at(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> list[Tensor]:
    """For each k the number of pictures whose label is among the k highest logits.

    k is clipped to the number of classes, so that top-5 of three classes is always right. Counted by picture, as
    the ILSVRC does: never averaged by class.

    Args:
        logits: (B, K), any floating type.
        labels: (B,) whole numbers.
        ks: how many guesses a picture has.
    """
    width = min(max(ks), logits.shape[1])
    hits = logits.topk(width, dim=1).indices == labels[:, None]
    return [hits[:, : min(k, width)].sum() for k in ks]


def top_classes(logits: Tensor, k: int = 5) -> tuple[Tensor, Tensor]:
    """The k most probable classes of each picture and their probabilities, most probable first.

    Args:
        logits: (B, K).
        k: clipped to K.

    Returns:
        (classes (B, k), probabilities (B, k)).
    """
    probabilities = torch.softmax(logits.float(), dim=1)
    values, classes = probabilities.topk(min(k, logits.shape[1]), dim=1)
    return classes, values


def in_float64(values: Tensor) -> Tensor:
    """The same in double precision; on the processor where their device has none."""
    return (values.cpu() if values.device.type in NO_FLOAT64 else values).double()
