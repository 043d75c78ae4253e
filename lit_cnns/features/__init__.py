"""Look inside any network: its layers, their maps and kernels, what it predicts and what it costs."""

from typing import Any

from .capture import LayerInfo, capture, exclusive, layers
from .pictures import Layout, dead, enlarge, grid, kernels, layout
from .prediction import Prediction, predict, top

__all__ = [
    "Counts",
    "LayerInfo",
    "Layout",
    "Prediction",
    "capture",
    "count",
    "dead",
    "enlarge",
    "exclusive",
    "grid",
    "kernels",
    "layers",
    "layout",
    "predict",
    "top",
    "weight_layers",
]


def __getattr__(name: str) -> Any:
    if name in ("Counts", "count", "weight_layers"):
        from . import counting

        return getattr(counting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
