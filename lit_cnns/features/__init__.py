"""Look inside any network: its layers, their maps and kernels, what it predicts, sees and costs."""

from typing import Any

from .capture import LayerInfo, capture, exclusive, layers
from .pictures import Layout, dead, enlarge, grid, kernels, layout
from .prediction import Prediction, predict, top

__all__ = [
    "Counts",
    "HeatMap",
    "LayerInfo",
    "Layout",
    "Occlusion",
    "Prediction",
    "ReceptiveField",
    "Reconstruction",
    "Spread",
    "cam",
    "capture",
    "count",
    "dead",
    "deconvnet",
    "dropout_spread",
    "enlarge",
    "exclusive",
    "grad_cam",
    "grid",
    "hires_cam",
    "kernels",
    "last_maps",
    "layers",
    "layout",
    "legend",
    "occlude",
    "paint",
    "predict",
    "receptive_fields",
    "saliency",
    "top",
    "weight_layers",
]

_LATER = {  # what is not needed for a first prediction
    **dict.fromkeys(("Counts", "count", "weight_layers"), "counting"),
    **dict.fromkeys(("ReceptiveField", "receptive_fields"), "receptive_field"),
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
