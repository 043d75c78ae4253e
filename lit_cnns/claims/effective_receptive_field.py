"""Luo et al. 2016: a unit answers to far less of the picture than its receptive field holds."""

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lit_cnns import features

from .claim import Counted, Results, Settings
from .drawing import COLOURS, PAPER, panels
from .judging import Interval, Verdict, Word, slope

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPTHS = (5, 10, 20, 40)
SHOWN, FRAME = 20, 5  # layers of the field that is drawn, and pixels around it
MAPS, DRAWS, PARTS = 8, 100, 4
SIDE = 2 * max(DEPTHS) + 15
LEVEL = 0.0455  # of the middle pixel: two standard deviations of a Gaussian, as in the paper
KINDS = ("equal weights", "random weights", "random weights, ReLU")
ROOT, LINEAR, MARGIN = 0.5, 1.0, 0.15


def stack(depth: int, kind: str) -> nn.Sequential:
    """As many 3x3 convolutions, with one map where all weights are equal; the unit looked at has no ReLU of its own."""
    maps = 1 if kind == "equal weights" else MAPS
    layers: list[nn.Module] = []
    for place in range(depth):
        conv = nn.Conv2d(maps if place else 1, maps, 3, padding=1, bias=False)
        nn.init.constant_(conv.weight, 1 / 9) if maps == 1 else nn.init.kaiming_normal_(conv.weight)
        layers += [nn.ReLU(), conv] if place and kind.endswith("ReLU") else [conv]
    return nn.Sequential(*layers)


def gradient_map(depth: int, kind: str) -> Tensor:
    """Magnitude of the middle unit's gradient by each pixel of a random picture; the mean over draws, middle = 1.

    Each draw of weights and picture counts alike, whatever the size of its gradient.
    """
    total = torch.zeros(SIDE, SIDE)
    for _ in range(1 if kind == "equal weights" else DRAWS):
        picture = torch.rand(1, 1, SIDE, SIDE, requires_grad=True)
        out = stack(depth, kind)(picture)[0, :, SIDE // 2, SIDE // 2]
        (gradient,) = torch.autograd.grad(out[0], picture)
        size = gradient[0, 0].abs()
        total += size / size.norm().clamp(min=1e-30)
    return total / total[SIDE // 2, SIDE // 2]


def side(field: Tensor) -> float:
    """Side in pixels of a square as large as the area that counts."""
    return math.sqrt(float((field > LEVEL).sum()))


def find(settings: Settings) -> Results:
    """Count the theoretical field and look at the gradient's, several times over many draws of weights."""
    sides: dict[str, dict[str, list[float]]] = {kind: {} for kind in KINDS}
    torch.manual_seed(0)
    for kind in KINDS:
        for depth in DEPTHS:
            parts = 1 if kind == "equal weights" else settings.seeds or PARTS
            sides[kind][str(depth)] = [side(gradient_map(depth, kind)) for _ in range(parts)]
        settings.report(f"{kind}: {_sides(sides[kind])} pixels")
    whole = {str(depth): _theoretical(depth) for depth in DEPTHS}
    shown = gradient_map(SHOWN, KINDS[-1])
    half = whole[str(SHOWN)] // 2 + FRAME
    shown = shown[SIDE // 2 - half : SIDE // 2 + half + 1, SIDE // 2 - half : SIDE // 2 + half + 1]
    return {"theoretical": whole, "sides": sides, "shown": [[round(v, 4) for v in row] for row in shown.tolist()]}


def _theoretical(depth: int) -> int:
    with torch.device("meta"):
        net = stack(depth, KINDS[-1])
    return list(features.receptive_fields(net, (1, SIDE, SIDE)).values())[-1].size[0]


def _sides(found: dict[str, list[float]]) -> str:
    return ", ".join(f"{sum(values) / len(values):.1f}" for values in found.values())


def growth(sides: dict[str, list[float]]) -> Interval:
    """The exponent with which the side grows with the number of layers."""
    points = [(math.log(int(depth)), math.log(value)) for depth, values in sides.items() for value in values]
    return slope(points)


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    found = {kind: growth(sides) for kind, sides in results["sides"].items()}
    judged, deepest = found[KINDS[-1]], str(DEPTHS[-1])
    share = sum(values := results["sides"][KINDS[-1]][deepest]) / len(values) / results["theoretical"][deepest]
    sentence = (
        "The side of the effective field grows with the number of layers to the power "
        + ", ".join(f"{one.text()} ({kind})" for kind, one in found.items())
        + f"; derived: 0.5. With {deepest} layers and ReLU it is {share:.0%} of the theoretical side, "
        f"{results['theoretical'][deepest]} pixels."
    )
    return Verdict(_word(judged), sentence, judged, " as the exponent")


def _word(growing: Interval) -> Word:
    if growing.low >= ROOT - MARGIN and growing.high <= ROOT + MARGIN:
        return "holds"
    if growing.low > 0 and growing.high < LINEAR:
        return "holds in direction"
    return "does not hold" if growing.low >= LINEAR or growing.high <= 0 else "not at this scale"


def picture(results: Results, figure: "Figure") -> None:
    """Draw the field of one stack within its theoretical square, and how both grow."""
    left, right = panels(figure, 2)
    _draw_field(left, results)
    depths = [int(depth) for depth in results["theoretical"]]
    right.loglog(depths, list(results["theoretical"].values()), "s-", color=PAPER, label="theoretical, 2 n + 1")
    for colour, size, (kind, sides) in zip(COLOURS, (6, 10, 5), results["sides"].items(), strict=False):
        means = [sum(values) / len(values) for values in sides.values()]
        right.loglog(depths, means, "o-", color=colour, markersize=size, linewidth=size / 3, label=kind)
        spread = [[mean - min(own), max(own) - mean] for mean, own in zip(means, sides.values(), strict=True)]
        right.errorbar(depths, means, list(zip(*spread, strict=True)), fmt="none", color=colour, capsize=3)
    first = means[0]
    derived = [first * math.sqrt(depth / depths[0]) for depth in depths]
    right.loglog(depths, derived, "--", color=PAPER, label="the paper: proportional to sqrt(n)")
    right.set_xticks(depths, [str(depth) for depth in depths])
    right.set_ylim(4, None)
    right.set_yticks([5, 10, 20, 40, 80], ["5", "10", "20", "40", "80"])
    right.minorticks_off()
    right.set(xlabel="3 x 3 convolutions, n", ylabel="side of the field, pixels")
    right.legend(fontsize=9)


def _draw_field(axes: Any, results: Results) -> None:
    from matplotlib.patches import Rectangle

    shown, half = results["shown"], results["theoretical"][str(SHOWN)] / 2
    middle = len(shown) // 2
    image = axes.imshow(shown, cmap="cividis", vmin=0, vmax=1)
    axes.add_patch(Rectangle((middle - half, middle - half), 2 * half, 2 * half, fill=False, edgecolor="white", lw=1.5))
    axes.contour(shown, [LEVEL], colors=COLOURS[5], linewidths=1.5)
    words: Any = {"ha": "center", "va": "bottom", "fontsize": 10}
    axes.annotate("theoretical", (middle, middle - half - 0.5), color="white", **words)
    reach = results["sides"][KINDS[-1]][str(SHOWN)][0] / 2
    axes.annotate("effective", (middle, middle - 1.2 * reach), color=COLOURS[5], **words)
    axes.grid(visible=False)
    axes.set(xlabel=f"{len(shown)} x {len(shown)} pixels; {SHOWN} layers with ReLU", xticks=[], yticks=[])
    axes.figure.colorbar(image, ax=axes, label="gradient, middle = 1", shrink=0.85)


CLAIM = Counted(
    "effective_receptive_field",
    rule="The exponent with which the side grows with the number of layers (random weights, ReLU), by least squares on "
    "the logarithms with Student's 95 % interval: wholly within 0.15 of 1/2: holds; wholly between 0 and 1: in "
    "direction; at 1 and above, as the theoretical field, or below 0: it does not hold; else undecided.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
    reports=lambda settings: len(KINDS),
)
