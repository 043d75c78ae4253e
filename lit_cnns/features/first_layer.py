"""The kernels of a network's first convolution: drawn, told apart by tower, and measured for colour."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from .pictures import Layout, draw, layout


class FirstKernels(NamedTuple):
    """The first convolution of a network.

    Args:
        name: the layer's name.
        weight: its kernels, `[N, C, h, w]`.
        towers: the kernels of each tower, in order; one range with all of them for most networks.
    """

    name: str
    weight: Tensor
    towers: list[range]


def first_kernels(net: nn.Module) -> FirstKernels:
    """Find the kernels of the first convolution.

    Towers are read from the second convolution: its groups see some of the kernels each, as the two GPUs of AlexNet do
    (Krizhevsky et al. 2012, Figure 2). A depthwise convolution, whose groups see one map each, makes no towers.

    Raises:
        ValueError: the network has no convolution.
    """
    found = [(name, module) for name, module in net.named_modules() if isinstance(module, nn.Conv2d)]
    if not found:
        raise ValueError(f"{type(net).__name__} has no convolution whose kernels could be drawn.")
    name, first = found[0]
    weight = first.weight.detach().float().cpu()
    count = len(weight)
    groups = found[1][1].groups if len(found) > 1 and found[1][1].in_channels == count else 1
    share = count // groups if groups < count else count
    return FirstKernels(name, weight, [range(start, start + share) for start in range(0, count, share)])


def colour_index(weight: Tensor, std: Sequence[float] = (1.0, 1.0, 1.0)) -> Tensor:
    """Say of each kernel which share of its energy lies outside the grey axis: 0 for grey, 1 for pure colour.

    A measure of our own, for what the paper calls colour-agnostic and colour-specific (Krizhevsky et al. 2012, Section
    6.1) without a number: at each point of a kernel the part along (1, 1, 1) answers to grey, the rest to colour;
    energy is the sum of squares. Kernels of independent noise have 2/3 in the mean, a kernel that looks at one of the
    three channels 2/3 as well, an opponent one (red against green, for instance) 1. A kernel of zeros has none: nan.

    Args:
        weight: `[N, 3, h, w]`, red, green and blue.
        std: what each channel is divided by before the network, so that grey is grey in the picture.

    Returns:
        `[N]`, from 0 to 1.

    Raises:
        ValueError: the kernels do not see three channels.
    """
    if weight.ndim != 4 or weight.shape[1] != 3:
        raise ValueError(f"Colour is told of kernels [N, 3, h, w], not {list(weight.shape)}.")
    kernels = weight.detach().double() / torch.tensor(std, dtype=torch.double)[:, None, None]
    energy = kernels.square().sum((1, 2, 3))
    grey = 3 * kernels.mean(1).square().sum((1, 2))
    return (1 - grey / energy).clamp(0, 1).float()


def kernels(net: nn.Module, side: int = 900) -> np.ndarray:
    """Draw the kernels of the first convolution: in colour if it sees three channels, else one grey picture a channel.

    Returns:
        uint8 `[H, W, 3]` or `[H, W]`.

    Raises:
        ValueError: if the network has no convolution.
    """
    return draw_kernels(first_kernels(net).weight, side)


def draw_kernels(weight: Tensor, side: int = 900, mark: int | None = None) -> np.ndarray:
    """Draw kernels `[N, C, h, w]` as `kernels` does, in the order given.

    Args:
        weight: kernels.
        side: width to aim at, in pixels.
        mark: a kernel's place in that order, to frame.
    """
    plan = kernel_layout(weight, side)
    return draw(weight if weight.shape[1] == 3 else weight.flatten(0, 1), plan, mark)


def kernel_layout(weight: Tensor, side: int = 900) -> Layout:
    """Where `draw_kernels` puts each kernel, or each channel of each where there are not three."""
    count = len(weight) * (1 if weight.shape[1] == 3 else weight.shape[1])
    return layout((count, *weight.shape[2:]), side)
