"""One map over the picture it was made from, each of its places where its window lies."""

import numpy as np
import torch
from torch import Tensor

from .pictures import MARK
from .receptive_field import ReceptiveField

DIM = 0.55  # of the picture's light, so that the map stands out
STRENGTH = 0.9  # of the colour where the map is largest


def places(field: ReceptiveField, cells: tuple[int, int], sides: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Say of each row and each column of a picture which row and column of a map stands there, -1 for none.

    A place of a map stands where the middle of its window does, and reaches half a stride around it. This is exact
    where a layer's ways share one middle; where they do not (uneven padding), the middle is that of the joint window.

    Args:
        field: of the map's layer.
        cells: height and width of the map.
        sides: height and width of the picture.

    Returns:
        int64 arrays of the picture's height and width.
    """
    rows, columns = (
        _along(size, stride, offset, count, side)
        for size, stride, offset, count, side in zip(*field, cells, sides, strict=True)
    )
    return rows, columns


def overlay(picture: Tensor, one: Tensor, field: ReceptiveField, side: int = 448, window: bool = True) -> np.ndarray:
    """Draw a map over the picture: grey where it is lowest or has no place, orange where it is largest.

    Args:
        picture: uint8 `[C, H, W]`, as the network gets it.
        one: the map, `[h, w]`.
        field: of its layer, for pictures of this size.
        side: about how long the longer side becomes; the picture is enlarged by a whole factor.
        window: frame in white what the largest place of the map sees.

    Returns:
        uint8 `[H', W', 3]`.
    """
    height, width = picture.shape[1:]
    rows, columns = places(field, (one.shape[0], one.shape[1]), (height, width))
    values = torch.nan_to_num(one.detach().float().cpu()).numpy()
    low, high = values.min(), values.max()
    tones = (values - low) / (high - low if high > low else 1)
    inside = (rows >= 0)[:, None] & (columns >= 0)
    share = STRENGTH * np.where(inside, tones[rows][:, columns], 0)[..., None]
    grey = DIM * picture.float().mean(0).numpy()[..., None]
    zoom = max(1, side // max(height, width))
    drawn = ((1 - share) * grey + share * np.array(MARK)).round().astype(np.uint8)
    drawn = drawn.repeat(zoom, axis=0).repeat(zoom, axis=1)
    if window:
        row, column = divmod(int(values.argmax()), one.shape[1])
        _frame(drawn, [zoom * edge for edge in seen(field, row, column, (height, width))])
    return drawn


def seen(field: ReceptiveField, row: int, column: int, sides: tuple[int, int]) -> tuple[int, int, int, int]:
    """Give the part of the picture that one place of a map sees: top, left, bottom and right, the last two beyond it.

    Args:
        field: of the map's layer.
        row: of the place in its map.
        column: of the place in its map.
        sides: height and width of the picture; what hangs over its edge is cut off.
    """
    starts = [
        offset + at * stride for offset, at, stride in zip(field.offset, (row, column), field.stride, strict=True)
    ]
    ends = [start + size for start, size in zip(starts, field.size, strict=True)]
    top, left = (max(0, start) for start in starts)
    bottom, right = (min(end, side) for end, side in zip(ends, sides, strict=True))
    return top, left, bottom, right


def _along(size: int, stride: int, offset: int, count: int, side: int) -> np.ndarray:
    """The place that stands over each pixel of one axis."""
    first = offset + size / 2 - stride / 2  # where the first place begins
    cell = np.floor((np.arange(side) + 0.5 - first) / stride).astype(np.int64)
    return np.where((cell >= 0) & (cell < count), cell, -1)


def _frame(drawn: np.ndarray, edges: list[int], thick: int = 2) -> None:
    top, left, bottom, right = edges
    for part in (
        np.s_[top : top + thick, left:right],
        np.s_[max(top, bottom - thick) : bottom, left:right],
        np.s_[top:bottom, left : left + thick],
        np.s_[top:bottom, max(left, right - thick) : right],
    ):
        drawn[part] = 255
