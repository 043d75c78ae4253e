"""The deconvnet: what in the picture a unit answers to, projected back down through the network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from .capture import _find, exclusive
from .heat import one_picture
from .inhibition import is_response_norm
from .receptive_field import receptive_fields

RECTIFIERS = {F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}


@dataclass(frozen=True)
class Reconstruction:
    """What the strongest unit of a map answers to.

    Args:
        picture: float32 `[C, H, W]` on the CPU, of the picture's size, in units of the normalised picture; 0 outside of
            the window.
        channel: The map.
        place: Row and column of its strongest unit.
        activation: That unit's value.
        window: Top, left, bottom and right of what the unit sees, in pixels, as far as it lies in the picture.
        strongest: float32 `[maps]`: the largest value of each map of the layer.
    """

    picture: Tensor
    channel: int
    place: tuple[int, int]
    activation: float
    window: tuple[int, int, int, int]
    strongest: Tensor

    def crop(self, image: Tensor) -> Tensor:
        """Cut the window out of a picture `[..., H, W]`: the patch, or the reconstruction itself."""
        top, left, bottom, right = self.window
        return image[..., top:bottom, left:right]


def deconvnet(net: nn.Module, batch: Tensor, layer: str, channel: int | None = None) -> Reconstruction:
    """Project the strongest unit of a map back to the pixels, all other units of the layer set to zero.

    Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014, Section 2.1. On the way down a
    max pool puts the signal where its maximum was (the switches; a unit that is the maximum of several windows gets the
    sum), a ReLU is a ReLU again, and a convolution is filtered with its transpose, each group by itself. It is the
    gradient but for the ReLU (Simonyan et al. 2014, Section 4), and is computed so: hence it also goes through networks
    that branch, where the ways are added.

    Beyond the paper: response normalisation passes the signal as it is, tanh and mean pooling as in the gradient, and
    batch norm as a part of its convolution.

    Args:
        net: Any network.
        batch: One picture `[1, C, H, W]`, normalised.
        layer: A layer with maps.
        channel: The map; by default the one with the strongest unit.

    Raises:
        ValueError: there is no such layer or map, the layer has no maps, or its units have no one window.
    """
    picture = one_picture(net, batch).requires_grad_()
    output = _output(net, picture, layer)
    maps = output.detach()[0]
    strongest = maps.flatten(1).amax(1)
    channel = int(strongest.argmax()) if channel is None else channel
    if not 0 <= channel < len(maps):
        raise ValueError(f"Layer '{layer}' has maps 0 to {len(maps) - 1}, not {channel}.")
    row, column = divmod(int(maps[channel].argmax()), maps.shape[2])
    with torch.enable_grad():
        unit = output[0, channel, row, column]
    (signal,) = torch.autograd.grad(unit, picture, unit.detach())
    sees = receptive_fields(net, picture.shape[1:])[layer]
    spans = [
        (max(0, offset + at * stride), min(length, offset + at * stride + size))
        for at, size, stride, offset, length in zip((row, column), *sees, picture.shape[2:], strict=True)
    ]
    (top, bottom), (left, right) = spans
    window = top, left, bottom, right
    return Reconstruction(signal[0].float().cpu(), channel, (row, column), unit.item(), window, strongest.float().cpu())


def _output(net: nn.Module, picture: Tensor, layer: str) -> Tensor:
    """A layer's maps `[1, C, h, w]`, with the way down to the picture behind them; what comes later leaves no trace."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
        kept[:] = [output.clone()]
        torch.set_grad_enabled(False)

    found = _find(net, layer)
    norms = [module for module in net.modules() if is_response_norm(module)]
    with exclusive(net), torch.enable_grad(), _Rectify():
        handles = [module.register_forward_hook(_pass) for module in norms]
        handles.append(found.register_forward_hook(keep))
        try:
            net(picture.clone())  # a network may begin in place
        finally:
            for handle in handles:
                handle.remove()
    if not kept or kept[0].ndim != 4:
        what = "is not reached" if not kept else f"gives {list(kept[0].shape[1:])}, not maps"
        raise ValueError(f"Layer '{layer}' {what}; choose one that gives maps, a convolution for instance.")
    return kept[0]


class _Rectify(TorchFunctionMode):
    """Every ReLU, whether a module or a function, is one on the way down too."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        return _ReLU.apply(args[0]) if function in RECTIFIERS else function(*args, **(kwargs or {}))


class _ReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.relu()

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> Tensor:
        return signal.relu()


class _Identity(torch.autograd.Function):
    """The layer's output upwards, the signal as it is downwards."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, output: Tensor) -> Tensor:
        return output.clone()

    @staticmethod
    def backward(ctx: Any, signal: Tensor) -> tuple[Tensor, None]:
        return signal, None


def _pass(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return _Identity.apply(inputs[0], output.detach())
