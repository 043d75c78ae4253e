"""A network that takes pictures of one size, applied at every place of a larger one."""

import copy
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

AFTER_FLATTEN = (nn.Linear, nn.Dropout, nn.ReLU, nn.Tanh, nn.Identity)  # what treats each place of a map by itself


class SlidingLinear(nn.Module):
    """A fully connected layer as a convolution of the map it was flattened from; the weights are the layer's own."""

    def __init__(self, layer: nn.Linear, window: tuple[int, int]) -> None:
        super().__init__()
        self.weight, self.bias, self.window = layer.weight, layer.bias, window

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight.unflatten(1, (-1, *self.window)), self.bias)


class _Step(NamedTuple):
    name: str
    layer: nn.Module
    entering: torch.Size


def fully_convolutional(net: nn.Module, crop: Tensor) -> nn.Module:
    """The network as a convolution: from pictures (B, C, H, W) to a map of logits (B, K, h, w), sharing its weights.

    Each place of the map is what the network makes of one window of the picture; the map of a picture of the crop's
    size has one place. Fully connected layers become convolutions (`fc6` of VGG one of 7 x 7), a global average pool
    one over the crop's map. Where layers pad, a window sees its neighbourhood and not zeros (Simonyan, Zisserman 2014,
    Section 3.2).

    Args:
        net: a network whose own layers, in the order they are run, end in maybe `nn.AdaptiveAvgPool2d(1)`, then
            `nn.Flatten`, `nn.Linear`s, dropout and activations. In evaluation mode.
        crop: a batch of pictures (B, C, S, S) of the size the network was built for.

    Raises:
        ValueError: a network that is built otherwise, or a layer that is tied to one size.
    """
    name = type(net).__name__
    steps = _steps(net, crop)
    kinds = [type(step.layer) for step in steps]
    if nn.Flatten not in kinds:
        raise ValueError(
            f"{name} cannot slide over a picture: that takes a chain of named layers with a Flatten before "
            "the fully connected ones; take the protocol center, ten_crop or crops_144."
        )
    flat = kinds.index(nn.Flatten)
    if tied := [step for step in steps[flat + 1 :] if not isinstance(step.layer, AFTER_FLATTEN)]:
        raise ValueError(
            f"{name} cannot slide over a picture: after Flatten that takes {_names(AFTER_FLATTEN)}, and its layer "
            f"{tied[-1].name} is {_names([type(tied[-1].layer)])}; take the protocol center, ten_crop or crops_144."
        )
    memo = {id(tensor): tensor for tensor in chain(net.parameters(), net.buffers())}
    twin = copy.deepcopy(net, memo)
    twin.largest = None  # type: ignore[assignment]  # the networks of the lineage refuse what their fc6 would not fit
    height, width = steps[flat].entering[2:]
    for step in steps:
        if isinstance(step.layer, nn.AdaptiveAvgPool2d):
            setattr(twin, step.name, nn.AvgPool2d((step.entering[2], step.entering[3]), stride=1))
        elif isinstance(step.layer, nn.Flatten):
            setattr(twin, step.name, nn.Identity())
        elif isinstance(step.layer, nn.Linear):
            setattr(twin, step.name, SlidingLinear(step.layer, (height, width)))
            height, width = 1, 1
    try:
        with torch.no_grad():
            twin(F.pad(crop, [0, crop.shape[3] // 2, 0, crop.shape[2] // 2]))
    except RuntimeError as error:
        raise ValueError(
            f"{name} cannot slide over a picture: one of its layers is built for one size ({error}); "
            "take the protocol center, ten_crop or crops_144."
        ) from error
    return twin


def _names(kinds: Iterable[type]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)


def _steps(net: nn.Module, crop: Tensor) -> list[_Step]:
    """The network's own layers in the order they are run, and the shape that enters each."""
    steps: list[_Step] = []
    handles = [
        layer.register_forward_pre_hook(
            lambda layer, inputs, name=name: steps.append(_Step(name, layer, inputs[0].shape))
        )
        for name, layer in net.named_children()
    ]
    try:
        with torch.no_grad():
            net(crop)
    finally:
        for handle in handles:
            handle.remove()
    return steps
