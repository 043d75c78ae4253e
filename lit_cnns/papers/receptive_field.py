"""What a unit of each layer sees of the picture, by arithmetic over the rows of a layer table."""

from collections.abc import Callable
from typing import Any, NamedTuple

Row = dict[str, Any]


class ReceptiveField(NamedTuple):
    """The square window of the picture that can change one unit of a layer, in pixels.

    Args:
        size: side of the window.
        stride: from the window of one unit to that of its neighbour.
        offset: first pixel of the first unit's window; below 0 where it hangs over the edge, into padding.
    """

    size: int = 1
    stride: int = 1
    offset: int = 0


def follow(layers: list[Row], inside: Callable[[Row], list[Row]]) -> dict[str, ReceptiveField]:
    """Layer name to field. A unit that takes a whole map is taken to slide over larger pictures, at the map's stride.

    Args:
        layers: the rows of a network in order.
        inside: the rows of a layer that is a module (`op: use`).
    """
    found: dict[str, ReceptiveField] = {}
    seen, cells = ReceptiveField(), 1
    for layer in layers:
        seen = _square(seen, inside(layer)) if layer["op"] == "use" else _through(seen, layer, 0, cells)
        found[layer["name"]] = seen
        cells = layer["out"][1] if len(layer["out"]) > 1 else 1
    return found


def _square(seen: ReceptiveField, rows: list[Row]) -> ReceptiveField:
    """Through a module: the window that holds both its height and its width, which 1x7 and 3x1 kernels make differ."""
    return _union([_module(seen, rows, axis) for axis in (0, 1)])


def _module(seen: ReceptiveField, rows: list[Row], axis: int) -> ReceptiveField:
    """Through the branches of a module, along height (0) or width (1)."""
    known = {"in": seen}
    for row in rows:
        source = row.get("from", list(known)[-1])
        joined = _union([known[name] for name in ([source] if isinstance(source, str) else source)])
        known[row["name"]] = _through(joined, row, axis)
    return known[rows[-1]["name"]]


def _through(seen: ReceptiveField, row: Row, axis: int, cells: int = 1) -> ReceptiveField:
    """Through one row, whose map before it has `cells` units a side."""

    def setting(key: str, usual: int) -> int:
        value = row.get(key, usual)
        return value[axis] if isinstance(value, list) else value

    whole = row["op"] in ("gap", "fc")
    windowed = row["op"] in ("conv", "ceil_conv", "table_conv", "local", "maxpool", "avgpool", "subsample")
    kernel = cells if whole else setting("k", 1) if windowed else 1
    stride = kernel if row["op"] == "subsample" else setting("s", 1)
    padding = setting("p", 0) if windowed else 0
    return ReceptiveField(
        seen.size + (kernel - 1) * seen.stride, seen.stride * stride, seen.offset - padding * seen.stride
    )


def _union(ways: list[ReceptiveField]) -> ReceptiveField:
    first, end = min(way.offset for way in ways), max(way.offset + way.size for way in ways)
    return ReceptiveField(end - first, ways[0].stride, first)
