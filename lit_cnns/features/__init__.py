"""Look inside any network: its layers, their maps and kernels, what it predicts, sees and costs."""

from typing import Any

from .capture import LayerInfo, capture, exclusive, layers
from .first_layer import FirstKernels, colour_index, draw_kernels, first_kernels, kernel_layout, kernels
from .inhibition import Inhibition, inhibition, is_response_norm
from .pictures import Layout, dead, enlarge, grid, layout
from .prediction import Prediction, predict, top
from .statistics import MapStatistics, ranking, statistics

__all__ = [
    "Counts",
    "FirstKernels",
    "Inhibition",
    "LayerInfo",
    "Layout",
    "MapStatistics",
    "Prediction",
    "ReceptiveField",
    "capture",
    "colour_index",
    "count",
    "dead",
    "draw_kernels",
    "enlarge",
    "exclusive",
    "first_kernels",
    "grid",
    "inhibition",
    "is_response_norm",
    "kernel_layout",
    "kernels",
    "last_at_strides",
    "layers",
    "layout",
    "outline",
    "overlay",
    "places",
    "predict",
    "ranking",
    "receptive_fields",
    "seen",
    "statistics",
    "top",
    "weight_layers",
]

_LATER = {  # what needs the dispatcher's internals, which take their time to import
    **dict.fromkeys(("Counts", "count", "weight_layers"), "counting"),
    **dict.fromkeys(("ReceptiveField", "receptive_fields"), "receptive_field"),
    **dict.fromkeys(("last_at_strides", "outline"), "alignment"),
    **dict.fromkeys(("overlay", "places", "seen"), "placement"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
