"""Lateral inhibition: how response normalisation holds a map down by its neighbours.

A. Krizhevsky, I. Sutskever, G. E. Hinton,
ImageNet Classification with Deep Convolutional Neural Networks, NIPS 25, 2012, Section 3.3.
"""

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class ResponseNorm(Protocol):
    """The constants of Section 3.3, as `nn.LocalResponseNorm` and the one of `lit_cnns.models` carry them.

    Both divide alpha by the window's size, as the paper's authors did in their code and not in the printed formula.
    """

    size: int
    alpha: float
    beta: float
    k: float


class Inhibition(NamedTuple):
    """What becomes of one map `[H, W]`, in float64.

    Args:
        channel: the map's number.
        before: what goes in.
        after: what comes out: before / (k + sum of the summands)^beta.
        alone: what would come out if every neighbour were silent.
        neighbours: the numbers of the maps in its window, its own among them.
        summands: what each of them adds to the base of the denominator, alpha/size x its square, `[n, H, W]`.
        without: what would come out if that one were silent, `[n, H, W]`.
    """

    channel: int
    before: Tensor
    after: Tensor
    alone: Tensor
    neighbours: list[int]
    summands: Tensor
    without: Tensor

    @property
    def taken(self) -> Tensor:
        """What the neighbours take from the map, `[H, W]`."""
        return self.alone - self.after

    def over_active(self, values: Tensor) -> Tensor:
        """The mean of `[..., H, W]` over the places where the map goes in with something; 0 where it never does."""
        active = self.before != 0
        return (values * active).sum((-2, -1)) / active.sum().clamp(min=1)


def is_response_norm(module: nn.Module) -> bool:
    """Whether a layer is response normalisation across maps."""
    return isinstance(module, ResponseNorm)


def inhibition(norm: nn.Module, maps: Tensor, channel: int) -> Inhibition:
    """Take the normalisation of one map apart.

    Args:
        norm: `nn.LocalResponseNorm`, or the one of `lit_cnns.models`, which keeps to a tower's own maps.
        maps: what the layer is given, `[C, H, W]`.
        channel: the map to look at.

    Raises:
        ValueError: the layer is none, or has no such map.
    """
    if not isinstance(norm, ResponseNorm):
        raise ValueError(f"Maps hold each other down in response normalisation, and {type(norm).__name__} is none.")
    if not 0 <= channel < len(maps):
        raise ValueError(f"The layer has maps 0 to {len(maps) - 1}, not {channel}.")
    neighbours = window(norm, channel, len(maps))
    maps = maps.detach().double()  # what neighbours take can be near the rounding of floats
    before = maps[channel]
    summands = norm.alpha / norm.size * maps[neighbours].square()
    base = norm.k + summands.sum(0)
    own = summands[neighbours.index(channel)]
    return Inhibition(
        channel=channel,
        before=before,
        after=before / base**norm.beta,
        alone=before / (norm.k + own) ** norm.beta,
        neighbours=neighbours,
        summands=summands,
        without=torch.stack([before / (base - one) ** norm.beta for one in summands]),
    )


def window(norm: nn.Module, channel: int, maps: int) -> list[int]:
    """Give the numbers of the maps that a map is normalised by, its own among them; a tower's maps keep to themselves.

    An even window of torch's has one more map below than above.
    """
    tower = maps // getattr(norm, "towers", 1)  # torch's knows no towers
    first = channel // tower * tower
    start, end = channel - norm.size // 2, channel + (norm.size - 1) // 2 + 1  # type: ignore[operator]
    return list(range(max(start, first), min(end, first + tower)))
