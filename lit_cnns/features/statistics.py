"""How strongly each map of a layer answers, and the order that puts the strongest first."""

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

Order = Literal["network", "mean", "active", "largest"]


class MapStatistics(NamedTuple):
    """One number a map, `[C]` each.

    Args:
        mean: of the map's values.
        active: share of its places that are not zero, from 0 to 1; a map with none is dead for this picture.
        largest: its largest value.
    """

    mean: Tensor
    active: Tensor
    largest: Tensor


def statistics(maps: Tensor) -> MapStatistics:
    """Measure maps `[C, H, W]`, or units `[C]` taken as maps of one point."""
    flat = maps.detach().float().reshape(maps.shape[0], -1)
    return MapStatistics(flat.mean(1), flat.count_nonzero(1) / flat.shape[1], flat.amax(1))


def ranking(maps: Tensor, order: Order = "mean") -> list[int]:
    """Order the maps of a layer: as the network has them, or the strongest first.

    Args:
        maps: `[C, H, W]` or `[C]`.
        order: "network", or the statistic that sorts. Equal maps stay in the network's order, broken ones come last.

    Raises:
        ValueError: there is no such order.
    """
    if order not in get_args(Order):
        raise ValueError(f"Maps are ordered by {', '.join(get_args(Order))}, not by '{order}'.")
    if order == "network":
        return list(range(len(maps)))
    values = torch.nan_to_num(getattr(statistics(maps), order), nan=-torch.inf)
    found: list[int] = values.argsort(descending=True, stable=True).tolist()
    return found
