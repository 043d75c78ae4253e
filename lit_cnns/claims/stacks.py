"""A stack of 3x3 convolutions beside the one large convolution that sees as much."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import nn

from lit_cnns import features

from .claim import Counted, Results, Settings
from .counting import bars
from .drawing import COLOURS, panels
from .judging import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTHS = (16, 64, 256)
SIDE = 32
NUMBERS = {2: "Two", 3: "Three"}


def stack_claim(id: str, count: int, kernel: int, says_more: bool = False) -> Counted:
    """The claim that `count` 3x3 convolutions see what one of `kernel` x `kernel` sees, with fewer weights.

    Args:
        id: of the claim.
        count: of 3x3 convolutions.
        kernel: side of the one large kernel.
        says_more: whether the finding says by how many percent the large one has more weights, as the paper does.
    """
    return Counted(
        id,
        rule=f"It holds if networks built from these convolutions have exactly {9 * count} C^2 and {kernel**2} C^2 "
        "weights, for every C tried, and the same receptive field.",
        find=partial(_find, count, kernel),
        decide=partial(_decide, says_more),
        picture=draw_stacks,
    )


def _find(count: int, kernel: int, settings: Settings) -> Results:
    return compare(count, kernel)


def _decide(says_more: bool, results: Results) -> Verdict:
    stack, single, count, kernel = (results[key] for key in ("stack", "single", "count", "kernel"))
    more = f", {100 * (single['per_c2'] / stack['per_c2'] - 1):.0f} % more" if says_more else ""
    sentence = (
        f"{NUMBERS[count]} 3x3 convolutions have {stack['per_c2']:g} C^2 weights and one of {kernel}x{kernel} has "
        f"{single['per_c2']:g} C^2{more}; both see {stack['field']} x {stack['field']} pixels, with "
        f"{stack['rectifiers']} rectifiers and {single['rectifiers']}."
    )
    expected = (9 * count, kernel**2, kernel, kernel)
    holds = (stack["per_c2"], single["per_c2"], stack["field"], single["field"]) == expected
    return Verdict("holds" if holds else "does not hold", sentence)


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


def draw_stacks(results: Results, figure: "Figure") -> None:
    """Weights and rectifiers side by side; a diamond where the paper has the weights: of three against one 7 x 7."""
    side = results["kernel"]
    paper: Sequence[float] = [9 * results["count"], side**2] if side == 7 else ()
    names = {"stack": f"{NUMBERS[results['count']].lower()} 3 x 3", "single": f"one {side} x {side}"}
    left, right = panels(figure, 2)
    bars(left, {names[key]: results[key]["per_c2"] for key in names}, "{:g}", paper=paper)
    left.set(xlabel="weights, in C² for C maps")
    bars(right, {names[key]: results[key]["rectifiers"] for key in names}, "{:g}", COLOURS[2])
    right.set_xticks(range(max(results[key]["rectifiers"] for key in names) + 1))
    right.set(xlabel=f"rectifiers, for the same {results['stack']['field']} x {results['stack']['field']} pixels")
