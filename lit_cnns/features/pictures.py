"""Feature maps as pictures: all maps of a layer in one, and where in it each of them lies."""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np
import torch
from torch import Tensor

GAP_GREY = 128
MARK = (255, 140, 0)


@dataclass(frozen=True)
class Layout:
    """Where `count` maps lie in one picture, row by row. Lengths are pixels of the picture.

    Args:
        count: Number of maps.
        height: Height of a map, enlarged.
        width: Width of a map, enlarged.
        columns: Maps in a row.
        gap: Width of the lines between and around the maps.
        zoom: How many times a map is enlarged.
    """

    count: int
    height: int
    width: int
    columns: int
    gap: int
    zoom: int

    @property
    def rows(self) -> int:
        return ceil(self.count / self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the whole picture."""
        return self.rows * (self.height + self.gap) + self.gap, self.columns * (self.width + self.gap) + self.gap

    def corner(self, channel: int) -> tuple[int, int]:
        """Give the row and column of the first pixel of a map."""
        row, column = divmod(channel, self.columns)
        return self.gap + row * (self.height + self.gap), self.gap + column * (self.width + self.gap)

    def channel_at(self, x: float, y: float) -> int | None:
        """Give the map under a point of the picture: None outside; a line belongs to the map after it."""
        height, width = self.size
        if not (0 <= x < width and 0 <= y < height):
            return None
        row = min(int(y) // (self.height + self.gap), self.rows - 1)
        column = min(int(x) // (self.width + self.gap), self.columns - 1)
        channel = row * self.columns + column
        return channel if channel < self.count else None


def layout(shape: tuple[int, ...], side: int = 900) -> Layout:
    """Lay the maps of a layer out in a picture about `side` pixels wide, small maps enlarged by a whole factor.

    Args:
        shape: `(channels, height, width)`, or `(units,)` for a fully connected layer.
        side: Width to aim at; many or large maps may go beyond it.
    """
    count, height, width = _as_maps(shape)
    gap = 0 if height * width == 1 and count > 1024 else 1 if count > 64 else 2
    columns = _columns(count, height / width)
    zoom = max(1, (side // columns - gap) // width)
    if height * width == 1:
        zoom = min(zoom, 48)
    return Layout(count, height * zoom, width * zoom, columns, gap, zoom)


def grid(
    maps: Tensor, scale: Literal["map", "layer"] = "map", plan: Layout | None = None, mark: int | None = None
) -> np.ndarray:
    """Draw all maps of a layer as one grey picture.

    Args:
        maps: `[C, H, W]`, or `[C]`, which is drawn as cells of one point.
        scale: Whether black and white are the extremes of each map or those of the layer. Points know only the latter.
        plan: Where the maps go; by default `layout(maps.shape)`.
        mark: A map to frame.

    Returns:
        uint8 `[H, W]`, or `[H, W, 3]` with a framed map.
    """
    plan = plan or layout(tuple(maps.shape))
    picture = _tile(_zoomed(_tones(maps.reshape(_as_maps(tuple(maps.shape))), scale), plan), plan)
    return picture if mark is None else _frame(picture, plan, mark)


def enlarge(one: Tensor, side: int = 448) -> np.ndarray:
    """Draw one map `[H, W]` alone, every value a square, the longer side at most `side` pixels where the map allows.

    Returns:
        uint8 `[H, W]`.
    """
    zoom = max(1, side // max(one.shape))
    return _tones(one[None], "map")[0].repeat(zoom, axis=0).repeat(zoom, axis=1)


def dead(maps: Tensor) -> Tensor:
    """Say of each map `[C, H, W]` or `[C]` whether it is zero everywhere."""
    return (maps.reshape(maps.shape[0], -1) == 0).all(dim=1)


def draw(tiles: Tensor, plan: Layout, mark: int | None = None) -> np.ndarray:
    """Draw tiles `[N, H, W]` in grey or `[N, 3, H, W]` in colour, each from black to white by itself.

    Returns:
        uint8 `[H, W]`, or `[H, W, 3]` with colour or a framed tile.
    """
    tones = _tones(tiles, "map")
    picture = _tile(_zoomed(tones.transpose(0, 2, 3, 1) if tones.ndim == 4 else tones, plan), plan)
    return picture if mark is None else _frame(picture, plan, mark)


def _as_maps(shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) == 1:
        return shape[0], 1, 1
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    raise ValueError(f"Maps are [C, H, W] or [C], not {list(shape)}.")


def _columns(count: int, aspect: float) -> int:
    """Choose a number of columns that leaves few empty places and makes the picture somewhat wider than tall."""
    if count <= 4:
        return count
    ideal = sqrt(1.5 * count * aspect)
    choices = range(max(1, ceil(ideal / 1.6)), min(count, int(ideal * 1.6)) + 1)
    return min(choices, key=lambda columns: (-count % columns / columns + abs(np.log(columns / ideal)), -columns))


def _tones(maps: Tensor, scale: Literal["map", "layer"]) -> np.ndarray:
    """Scale `[N, ...]` to 0..255, each item by itself or all together; what is constant becomes black."""
    values = torch.nan_to_num(maps.detach().float().cpu())
    flat = values.reshape(1, -1) if scale == "layer" or maps[0].numel() == 1 else values.flatten(1)
    low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    span = torch.where(high > low, high - low, 1.0)
    return ((flat - low) / span * 255).round().to(torch.uint8).reshape(values.shape).numpy()


def _zoomed(tiles: np.ndarray, plan: Layout) -> np.ndarray:
    return tiles.repeat(plan.zoom, axis=1).repeat(plan.zoom, axis=2)


def _tile(tiles: np.ndarray, plan: Layout) -> np.ndarray:
    picture = np.full((*plan.size, *tiles.shape[3:]), GAP_GREY, np.uint8)
    for channel, tile in enumerate(tiles):
        top, left = plan.corner(channel)
        picture[top : top + plan.height, left : left + plan.width] = tile
    return picture


def _frame(picture: np.ndarray, plan: Layout, channel: int) -> np.ndarray:
    coloured = picture.copy() if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    top, left = plan.corner(channel)
    edge = max(plan.gap, 2, plan.size[1] // 300)  # to be seen where the picture is shown smaller
    outer = np.s_[max(top - edge, 0) : top + plan.height + edge, max(left - edge, 0) : left + plan.width + edge]
    inside = coloured[top : top + plan.height, left : left + plan.width].copy()
    coloured[outer] = MARK
    coloured[top : top + plan.height, left : left + plan.width] = inside
    return coloured
