"""A stack of 3x3 convolutions beside the one large convolution that sees as much."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import nn

from lit_cnns import features

from .claim import Results
from .counting import bars
from .drawing import COLOURS, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTHS = (16, 64, 256)
SIDE = 32


def compare(count: int, kernel: int) -> dict[str, Any]:
    """Build `count` 3x3 convolutions and one of `kernel` x `kernel`, at several widths C, and count them.

    Returns:
        For `stack` and `single`: `per_c2`, the weights in C^2 (nan where it depends on C), `field` in pixels, `macs` a
        picture of 32 x 32 at the largest C, and `rectifiers`.
    """
    return {"stack": _counted([3] * count), "single": _counted([kernel]), "count": count, "kernel": kernel}


def _counted(kernels: list[int]) -> dict[str, float]:
    per_c2, found = set(), {}
    for width in WIDTHS:
        layers: list[nn.Module] = []
        for kernel in kernels:
            layers += [nn.Conv2d(width, width, kernel, padding=kernel // 2, bias=False), nn.ReLU()]
        net = nn.Sequential(*layers)
        counts = features.count(net, (width, SIDE, SIDE))
        per_c2.add(counts.params / width**2)
        field = list(features.receptive_fields(net, (width, SIDE, SIDE)).values())[-1]
        found = {"field": field.size[0], "macs": counts.macs, "rectifiers": len(kernels)}
    return {"per_c2": per_c2.pop() if len(per_c2) == 1 else float("nan"), **found}


def draw_stacks(results: Results, figure: "Figure", paper: Mapping[str, float]) -> None:
    """Weights and rectifiers side by side; a dot where the paper has the weights."""
    names = {"stack": f"{results['count']} of 3 x 3", "single": f"one of {results['kernel']} x {results['kernel']}"}
    left, right = panels(figure, 2)
    bars(left, {names[key]: results[key]["per_c2"] for key in names}, "{:g} C²")
    left.plot([paper[key] for key in names], [0, 1], "D", color=COLOURS[1], label="the paper")
    left.set(xlabel="weights, in C²")
    left.legend(loc="upper right")
    bars(right, {names[key]: results[key]["rectifiers"] for key in names}, "{:g}", COLOURS[2])
    right.set_xticks(range(max(results[key]["rectifiers"] for key in names) + 1))
    right.set(xlabel=f"rectifiers, for the same {results['stack']['field']} x {results['stack']['field']} pixels")
