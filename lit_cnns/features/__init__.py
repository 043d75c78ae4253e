"""Look inside any network: its layers, their maps and kernels, what it predicts, sees and costs."""

from typing import Any

from .capture import LayerInfo, capture, exclusive, layers
from .first_layer import FirstKernels, colour_index, draw_kernels, first_kernels, kernel_layout, kernels
from .inhibition import Inhibition, inhibition, is_response_norm
from .pictures import Layout, dead, enlarge, grid, layout
from .prediction import Prediction, predict, top
from .statistics import MapStatistics, ranking, statistics

__all__ = [
    "Block",
    "Counts",
    "Diagram",
    "FirstKernels",
    "HeatMap",
    "Inhibition",
    "LayerInfo",
    "Layout",
    "MapStatistics",
    "Node",
    "Occlusion",
    "Prediction",
    "ReceptiveField",
    "Reconstruction",
    "Spread",
    "cam",
    "capture",
    "colour_index",
    "count",
    "dead",
    "deconvnet",
    "diagram",
    "draw",
    "draw_kernels",
    "dropout_spread",
    "enlarge",
    "exclusive",
    "first_kernels",
    "grad_cam",
    "grid",
    "hires_cam",
    "inhibition",
    "is_response_norm",
    "kernel_layout",
    "kernels",
    "last_at_strides",
    "last_maps",
    "layers",
    "layout",
    "legend",
    "occlude",
    "outline",
    "overlay",
    "paint",
    "places",
    "predict",
    "ranking",
    "receptive_fields",
    "saliency",
    "seen",
    "statistics",
    "top",
    "weight_layers",
]

_LATER = {  # what is not needed for a first prediction
    **dict.fromkeys(("Counts", "count", "weight_layers"), "counting"),
    **dict.fromkeys(("ReceptiveField", "receptive_fields"), "receptive_field"),
    **dict.fromkeys(("last_at_strides", "outline"), "alignment"),
    **dict.fromkeys(("overlay", "places", "seen"), "placement"),
    **dict.fromkeys(("Block", "Diagram", "Node", "diagram", "draw"), "block_diagram"),
    **dict.fromkeys(("HeatMap", "legend", "paint"), "heat"),
    **dict.fromkeys(("cam", "grad_cam", "hires_cam", "last_maps"), "activation_maps"),
    **dict.fromkeys(("saliency",), "gradients"),
    **dict.fromkeys(("Occlusion", "occlude"), "occlusion"),
    **dict.fromkeys(("Reconstruction", "deconvnet"), "deconvolution"),
    **dict.fromkeys(("Spread", "dropout_spread"), "dropout"),
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
