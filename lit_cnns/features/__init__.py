"""Look inside any network: its layers, their maps and kernels, what it predicts, sees and costs."""

from typing import Any

from .capture import LayerInfo, capture, exclusive, layers
from .pictures import Layout, dead, enlarge, grid, kernels, layout
from .prediction import Prediction, predict, top

__all__ = [
    "Block",
    "Counts",
    "Diagram",
    "LayerInfo",
    "Layout",
    "Node",
    "Prediction",
    "ReceptiveField",
    "capture",
    "count",
    "dead",
    "diagram",
    "draw",
    "enlarge",
    "exclusive",
    "grid",
    "kernels",
    "layers",
    "layout",
    "predict",
    "receptive_fields",
    "top",
    "weight_layers",
]


def __getattr__(name: str) -> Any:
    if name in ("Counts", "count", "weight_layers"):
        from . import counting

        return getattr(counting, name)
    if name in ("ReceptiveField", "receptive_fields"):
        from . import receptive_field

        return getattr(receptive_field, name)
    if name in ("Block", "Diagram", "Node", "diagram", "draw"):
        from . import block_diagram

        return getattr(block_diagram, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
