"""Occlusion: what a network still says while a grey square hides a part of the picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor, nn

from .capture import exclusive
from .heat import chosen, one_picture


@dataclass(frozen=True)
class Occlusion:
    """What a network says with the square at each place.

    Args:
        probabilities: float32 `[rows, columns]`: the class's, with the square's middle in that cell of the picture; NaN
            where it has not been yet.
        likeliest: int64 `[rows, columns]`: the likeliest class then; -1 where the square has not been yet.
        target: The class, by its place among the logits.
        probability: The class's without the square, 0 to 1.
        side: The square's side, in pixels.
        stride: The side of a cell, in pixels.
    """

    probabilities: Tensor
    likeliest: Tensor
    target: int
    probability: float
    side: int
    stride: int

    @property
    def fall(self) -> Tensor:
        """How far the probability falls, `[rows, columns]`; below 0 where it rises."""
        return self.probability - self.probabilities

    @property
    def done(self) -> float:
        """The share of the places where the square has been."""
        return float((self.likeliest >= 0).float().mean())


def occlude(
    net: nn.Module,
    batch: Tensor,
    target: int | None = None,
    side: int | None = None,
    stride: int | None = None,
    grey: Tensor | float = 0.0,
    at_once: int = 16,
) -> Iterator[Occlusion]:
    """Slide a grey square over a picture and ask the network at each place; the map so far, again and again.

    Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, Section 4.2 and Figure 7 (d and
    e). The paper does not say how large its square is. The picture is divided into cells of `stride` pixels; the
    square's middle goes to the middle of each, and what hangs over the edge is cut off. The network is free for others
    between two batches; whoever stops asking stops the work.

    Args:
        net: Any network that gives logits `[B, classes]`.
        batch: One picture `[1, C, H, W]`, normalised.
        target: The class; by default the likeliest without the square.
        side: The square's side in pixels; by default a quarter of the picture's shorter side.
        stride: Pixels from one place to the next; by default a fourteenth of the shorter side.
        grey: What the square shows, normalised: a number, or a picture `[1, C, H, W]` as the square shows it there.
        at_once: Squares in one batch.

    Raises:
        ValueError: there is no such class, or a length is not one of the picture.
    """
    picture = one_picture(net, batch)
    height, width = picture.shape[-2:]
    side, stride = side or max(1, min(height, width) // 4), stride or max(1, round(min(height, width) / 14))
    if not (1 <= side <= max(height, width) and 1 <= stride <= max(height, width)):
        raise ValueError(f"Side and stride are 1 to {max(height, width)} pixels, not {side} and {stride}.")
    cover = torch.as_tensor(grey).to(picture).expand_as(picture)[0]
    plain = _ask(net, picture)[0]
    target = chosen(plain, target)
    cells = [(row, column) for row in range(ceil(height / stride)) for column in range(ceil(width / stride))]
    probabilities = torch.full((cells[-1][0] + 1, cells[-1][1] + 1), torch.nan)
    likeliest = torch.full(probabilities.shape, -1)
    for start in range(0, len(cells), at_once):
        part = cells[start : start + at_once]
        hidden = picture.repeat(len(part), 1, 1, 1)
        for one, cell in zip(hidden, part, strict=True):
            rows, columns = (_span(place, side, stride, end) for place, end in zip(cell, (height, width), strict=True))
            one[:, rows, columns] = cover[:, rows, columns]
        answers = _ask(net, hidden)
        probabilities.view(-1)[start : start + len(part)] = answers[:, target]
        likeliest.view(-1)[start : start + len(part)] = answers.argmax(1)
        yield Occlusion(probabilities.clone(), likeliest.clone(), target, plain[target].item(), side, stride)


def _span(cell: int, side: int, stride: int, length: int) -> slice:
    """The pixels that the square hides along one axis."""
    first = cell * stride + (stride - side) // 2
    return slice(max(0, first), max(0, min(length, first + side)))


def _ask(net: nn.Module, pictures: Tensor) -> Tensor:
    with exclusive(net), torch.inference_mode():
        return net(pictures).float().softmax(1).cpu()
