"""Sentences on GoogLeNet and the Inception networks."""

from collections.abc import Iterator
from pathlib import Path

from torch import nn

from ..claim import Settings
from ..one_by_one import find
from .finding import Checked, Sources, kernels, parameters

TOLD_TIMES = 12


def _modules(net: nn.Module) -> Iterator[nn.Module]:
    """The parts of a chain that hold layers of their own."""
    return (part for part in net.children() if kernels(part) and not isinstance(part, nn.Conv2d))


def nin_vs_inception(of: Sources) -> Checked:
    """Kernels side by side in each part of the two networks, and the layers of 1 x 1 in both."""
    google, nin = of.network("googlenet"), of.network("nin_imagenet")
    sides = [sorted({layer.kernel_size[0] for layer in kernels(part).values()}) for part in _modules(google)]
    points = {net: sum(layer.kernel_size == (1, 1) for layer in kernels(net).values()) for net in (google, nin)}
    parts = {
        "parallel": bool(sides) and all(len(found) > 1 for found in sides),
        "points": min(points.values()) > 0,
        "same": any(True for _ in _modules(nin)),
    }
    figures = {"sides": sides[0] if sides else [], "modules": len(sides), "google": points[google], "nin": points[nin]}
    return Checked(parts, figures)


def one_by_one(of: Sources) -> Checked:
    """Maps before and after each reduction, and parameters of each module with and without."""
    layers = [
        layer
        for part in _modules(of.network("googlenet"))
        for name, layer in kernels(part).items()
        if name.endswith(("_reduce", "_proj"))
    ]
    found = [*find(Settings(Path())).values()]
    saved = [100 * (1 - row["reduced"]["params"] / row["naive"]["params"]) for row in found]
    parts = {"maps": all(layer.out_channels < layer.in_channels for layer in layers), "parameters": min(saved) > 0}
    figures = {"reductions": len(layers), "modules": len(found), "least": min(saved), "most": max(saved)}
    return Checked(parts, figures)


def googlenet_12x(of: Sources) -> Checked:
    """The ratio of the two networks' parameters."""
    alexnet, googlenet = (parameters(of.network(name)) for name in ("alexnet", "googlenet"))
    ratio = alexnet / googlenet
    parts = {"fewer": ratio > 1, "twelve": round(ratio) == TOLD_TIMES}
    return Checked(parts, {"alexnet": alexnet, "googlenet": googlenet, "ratio": ratio})


def bn_added(of: Sources) -> Checked:
    """Batch norms of each version."""
    counted = {
        version: sum(isinstance(layer, nn.BatchNorm2d) for layer in of.network(network).modules())
        for version, network in (("v1", "googlenet"), ("v2", "bn_inception"), ("v3", "inception_v3"))
    }
    return Checked({"v1": not counted["v1"], "v2": counted["v2"] > 0, "v3": counted["v3"] > 0}, counted)
