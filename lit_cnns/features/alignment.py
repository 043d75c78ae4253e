"""A network's layers as a tree of blocks and their parts, and the layers of different networks lined up by stride."""

from collections.abc import Iterable, Mapping

from .capture import LayerInfo
from .receptive_field import ReceptiveField


def outline(layers: Iterable[LayerInfo]) -> dict[str, int]:
    """Say of each layer how deep it lies: 0 at the top, 1 for a part of a block that is listed, and so on."""
    names = [layer.name for layer in layers]
    listed = set(names)
    return {name: sum(block in listed for block in _blocks(name)) for name in names}


def last_at_strides(
    layers: Iterable[LayerInfo], fields: Mapping[str, ReceptiveField]
) -> dict[tuple[int, int], LayerInfo]:
    """Give the last layer with maps at each stride, in running order: what a network makes of a picture at 1/8 of it.

    Where a part of a block is the last, the block itself is given; maps of a single place (pooled over the whole
    picture) have no scale and are left out.

    Args:
        layers: in running order, as `features.layers` lists them.
        fields: of the same network and size, from `features.receptive_fields`.

    Returns:
        Stride in pixels (height, width) to layer.
    """
    known = {layer.name: layer for layer in layers}
    found: dict[tuple[int, int], LayerInfo] = {}
    for layer in known.values():
        if layer.name in fields and len(layer.shape) == 3 and layer.shape[1] * layer.shape[2] > 1:
            found[fields[layer.name].stride] = layer
    return {stride: known[_whole(layer.name, stride, known, fields)] for stride, layer in found.items()}


def _whole(
    name: str, stride: tuple[int, int], known: Mapping[str, LayerInfo], fields: Mapping[str, ReceptiveField]
) -> str:
    """The outermost block around a layer that has its stride, or the layer itself."""
    around = (block for block in _blocks(name) if block in known and block in fields)
    return next((block for block in around if fields[block].stride == stride), name)


def _blocks(name: str) -> list[str]:
    """The paths around a path, outermost first."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]
