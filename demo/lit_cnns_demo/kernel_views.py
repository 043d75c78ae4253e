"""What the lab shows of a network's first kernels: tower by tower, and how much of each is colour."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from lit_cnns import features

from .network import Network

KernelOrder = Literal["network", "colour"]
BINS = 10


@dataclass(frozen=True)
class Tower:
    """The kernels of one tower.

    Args:
        name: what to call it; empty where there is one.
        numbers: of its kernels in the layer, in the order of the picture.
        picture: the kernels.
        colour: the colour index of each, in the same order; none for networks that see no colour.
    """

    name: str
    numbers: list[int]
    picture: np.ndarray
    colour: list[float]

    @property
    def histogram(self) -> list[int]:
        """How many kernels have a colour index in each tenth from 0 to 1."""
        found: list[int] = self._told.histc(BINS, 0, 1).int().tolist()
        return found

    @property
    def middle(self) -> float:
        """The median colour index."""
        return self._told.median().item()

    @property
    def _told(self) -> Tensor:
        """The colour index of those that have one: all but kernels of zeros."""
        values = torch.tensor(self.colour)
        return values[~values.isnan()]


@dataclass(frozen=True)
class KernelView:
    """The first convolution of a network.

    Args:
        layer: its name.
        shape: number of kernels, channels, height and width.
        towers: its kernels, the first tower's first.
        chosen: the number of the framed kernel.
        caption: what the framed kernel is.
    """

    layer: str
    shape: tuple[int, ...]
    towers: list[Tower]
    chosen: int | None
    caption: str

    def as_data(self) -> dict[str, Any]:
        """All but the pictures, in plain values, kernels in the network's order."""
        colour = {n: value for tower in self.towers for n, value in zip(tower.numbers, tower.colour, strict=False)}
        return {
            "layer": self.layer,
            "shape": list(self.shape),
            "towers": [sorted(tower.numbers) for tower in self.towers],
            "colour_index": [None if value != value else value for _, value in sorted(colour.items())],
        }


def first_layer(network: Network, order: KernelOrder = "network", chosen: int | None = None) -> KernelView:
    """Draw the kernels of a network's first convolution.

    Args:
        network: the network.
        order: as the network has them, or the most coloured first.
        chosen: the number of a kernel to frame.

    Raises:
        ValueError: the network has no convolution, no such kernel, or there is no such order.
    """
    found = features.first_kernels(network.net)
    weight = found.weight
    if order not in ("network", "colour"):
        raise ValueError(f"Kernels are ordered by network or colour, not by '{order}'.")
    if chosen is not None and not 0 <= chosen < len(weight):
        raise ValueError(f"{found.name} of {network.entry.name} has kernels 0 to {len(weight) - 1}, not {chosen}.")
    colour = features.colour_index(weight, network.preprocessing["std"]).tolist() if weight.shape[1] == 3 else []
    towers = []
    for place, members in enumerate(found.towers):
        numbers = list(members)
        if order == "colour" and colour:
            numbers.sort(key=lambda number: -torch.nan_to_num(torch.tensor(colour[number]), nan=-1.0).item())
        name = f"Tower {place + 1}: the paper's GPU {place + 1}" if len(found.towers) > 1 else ""
        picture = _picture(weight, numbers, chosen)
        towers.append(Tower(name, numbers, picture, [colour[number] for number in numbers] if colour else []))
    return KernelView(found.name, tuple(weight.shape), towers, chosen, _caption(found, colour, chosen))


def kernel_at(network: Network, tower: int, order: KernelOrder, x: float, y: float) -> int | None:
    """Give the number of the kernel at a point of a tower's picture."""
    shown = first_layer(network, order).towers[tower]
    weight = features.first_kernels(network.net).weight
    place = features.kernel_layout(weight[shown.numbers]).channel_at(x, y)
    drawn = 1 if weight.shape[1] == 3 else weight.shape[1]  # pictures a kernel
    return None if place is None else shown.numbers[place // drawn]


def _picture(weight: Tensor, numbers: list[int], chosen: int | None) -> np.ndarray:
    drawn = 1 if weight.shape[1] == 3 else weight.shape[1]
    mark = numbers.index(chosen) * drawn if chosen in numbers else None
    return features.draw_kernels(weight[numbers], mark=mark)


def _caption(found: features.FirstKernels, colour: list[float], chosen: int | None) -> str:
    if chosen is None:
        return "Press a kernel, and its number and colour index appear here."
    tower = next(place for place, members in enumerate(found.towers) if chosen in members)
    place = f" · number {chosen - found.towers[tower].start} of tower {tower + 1}" if len(found.towers) > 1 else ""
    share = f" · colour index {colour[chosen]:.3f}" if colour else ""
    return f"Kernel {chosen} of {found.name}{place}{share}"


def stacked(view: KernelView) -> np.ndarray:
    """One picture of all towers, the first on top."""
    pictures = [tower.picture for tower in view.towers]
    return pictures[0] if len(pictures) == 1 else np.concatenate(pictures)
