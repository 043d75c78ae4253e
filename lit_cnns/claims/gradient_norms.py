"""The vanishing gradient, and what became of it: ResNet's Section 4.1 says that batch norm keeps gradients healthy."""

import copy
import math
import textwrap
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .claim import Counted, Results, Settings
from .drawing import COLOURS, PAPER, panels
from .judging import Interval, Verdict, geometric_mean_of, slope
from .looking import batches, cifar_form, digits, train, without_denormals
from .records import kept

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEPTHS = (8, 19, 34, 56, 110, 152)
JUDGED = 34  # the depth of the plain network whose gradients the paper looked at
KINDS: dict[str, dict[str, Any]] = {
    "sigmoid": {"batch_norm": False, "activation": "sigmoid", "init": "glorot"},
    "tanh": {"batch_norm": False, "activation": "tanh", "init": "glorot"},
    "ReLU, weights of 0.01": {"batch_norm": False, "init": "gaussian"},
    "ReLU": {"batch_norm": False},
    "ReLU, residual": {"batch_norm": False, "residual": True},
    "ReLU, batch norm": {},
    "ReLU, batch norm, residual": {"residual": True},
}
STYLES = dict(zip(KINDS, ("0-", "1-", "4-", "2-", "2--", "3-", "3--"), strict=True))  # colour and line
SATURATING, INITIALISED = "sigmoid", ("tanh", "ReLU")
UNIT = f" x from last to first of {JUDGED} layers, plain with batch norm"
NORMALISED = ("ReLU, batch norm", "ReLU, batch norm, residual")
BATCH, STEPS, RATE, SEEDS = 32, 10, 0.01, 3
HEALTHY = 1000.0  # either way: He et al. 2015 derive 2^-11 for 22 layers that learn, 2^-15 for 30 that stall
LOWEST = 1e-24  # that is drawn
MOMENTS = {"start": "at the start", "later": f"after {STEPS} steps"}


def gradient_norms(net: nn.Module, images: Tensor, labels: Tensor) -> list[float] | None:
    """Norm of the loss's gradient by what each convolution gives, from the picture on; none where it is not finite.

    Computed in float64, which holds what is too small or too large for float32. The network stays as it is.
    """
    net = copy.deepcopy(net).double().train()
    given: list[Tensor] = []
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _, __, out: given.append(out))
    gradients = torch.autograd.grad(F.cross_entropy(net(images.double()), labels), given)
    norms = [float(gradient.norm()) for gradient in gradients]
    return norms if all(0 < norm < math.inf for norm in norms) else None


def find(settings: Settings) -> Results:
    """Look at each kind of network at each depth, at its start and after some steps. What is there is not run again."""
    found: dict[str, dict[str, Any]] = {}
    for name, form in KINDS.items():
        for depth in DEPTHS:
            runs = []
            for seed in range(settings.seeds or SEEDS):
                place = settings.folder / "runs" / f"{name.replace(' ', '_')}-{depth}-{seed}.json"
                made_with = {"steps": STEPS, "rate": RATE, "batch": BATCH}
                runs.append(kept(place, made_with, partial(look, form, depth, seed)))
            found.setdefault(name, {})[str(depth)] = {
                moment: summary([run[moment] for run in runs]) for moment in MOMENTS
            }
            settings.report(f"{name}, {depth} layers: first by last {_told(found, name, depth)}")
    return found


def look(form: Mapping[str, Any], depth: int, seed: int) -> dict[str, list[float] | None]:
    """The norms of one network at the start and after its steps."""
    images, labels = digits()
    shown = images[:BATCH], labels[:BATCH]
    torch.manual_seed(seed)
    net = cifar_form(depth, **form)
    start = gradient_norms(net, *shown)
    with without_denormals():
        train(net, batches(images, labels, BATCH, seed), STEPS, RATE)
    return {"start": start, "later": gradient_norms(net, *shown)}


def summary(runs: list[list[float] | None]) -> dict[str, Any]:
    """Of several seeds: first by last convolution, one figure a seed, and each layer's mean over the seeds."""
    known = [run for run in runs if run]
    layers = [math.exp(sum(map(math.log, values)) / len(values)) for values in zip(*known, strict=True)]
    return {
        "shares": [float(f"{run[0] / run[-1]:.4g}") for run in known],
        "layers": [float(f"{value:.4g}") for value in layers],
        "diverged": len(runs) - len(known),
    }


def share(results: Results, name: str, depth: int, moment: str = "start") -> Interval | None:
    """What reaches the first convolution by what the last one gets; none where fewer than two seeds have it."""
    shares = results[name][str(depth)][moment]["shares"]
    return geometric_mean_of(shares) if len(shares) > 1 else None


def _told(results: Results, name: str, depth: int, moment: str = "start") -> str:
    found = share(results, name, depth, moment)
    return found.text() if found else "not finite"


def place(found: Interval | None) -> str:
    """Where an interval lies: `vanishes`, `healthy`, `explodes`, or `undecided` where it lies across a border."""
    if found is None:
        return "explodes"
    if found.high < 1 / HEALTHY:
        return "vanishes"
    if found.low > HEALTHY:
        return "explodes"
    return "healthy" if found.low >= 1 / HEALTHY and found.high <= HEALTHY else "undecided"


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    falls = slope(
        [
            (float(depth), math.log(value))
            for depth, own in results[SATURATING].items()
            for value in own["start"]["shares"]
        ]
    )
    saturated = place(share(results, SATURATING, JUDGED))
    initialised = [place(share(results, name, JUDGED)) for name in INITIALISED]
    plain, residual = ([place(share(results, name, JUDGED, moment)) for moment in MOMENTS] for name in NORMALISED)
    verdict = share(results, NORMALISED[0], JUDGED)
    sentence = _sentence(results)
    if saturated in ("healthy", "explodes") or "vanishes" in plain or "explodes" in plain:
        return Verdict("does not hold", sentence, verdict, UNIT)
    if saturated != "vanishes" or falls.high >= 0 or set(plain) != {"healthy"}:
        return Verdict("not at this scale", sentence, verdict, UNIT)
    rest = {*initialised, *residual}
    return Verdict("holds" if rest == {"healthy"} else "holds in direction", sentence, verdict, UNIT)


def _sentence(results: Results) -> str:
    judged = "; ".join(f"{name} {_told(results, name, JUDGED)}" for name in results)
    later = "; ".join(f"{name} {_told(results, name, JUDGED, 'later')}" for name in NORMALISED)
    found = {name: share(results, name, DEPTHS[-1]) for name in results}
    values = {name: f"{one.value:.2g}, {place(one)}" if one else "not finite" for name, one in found.items()}
    deepest = "; ".join(f"{name} {value}" for name, value in values.items())
    return (
        f"Norm of the gradient at the first convolution by that at the last one, {JUDGED} layers, at the start: "
        f"{judged}. After {STEPS} steps: {later}. At {DEPTHS[-1]} layers and the start: {deepest}."
    )


def picture(results: Results, figure: "Figure") -> None:
    """Draw the gradients layer by layer at the judged depth, and what reaches the first layer over all depths."""
    figure.set_size_inches(13, 5.4)
    layers, start, later = panels(figure, 3)
    for name in results:
        values = results[name][str(JUDGED)]["start"]["layers"]
        layers.semilogy(range(1, len(values) + 1), [value / values[-1] for value in values], **_style(name), label=name)
    layers.set(xlabel="convolution, from the picture on", ylabel="gradient's norm / that at the last convolution")
    layers.set_ylim(max(layers.get_ylim()[0], LOWEST), None)
    layers.set_title(f"{JUDGED} layers, at the start", fontsize=11)
    for axes, moment in ((start, "start"), (later, "later")):
        _over_depth(axes, results, moment)
    figure.legend(*layers.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=10)


def _over_depth(axes: "Axes", results: Results, moment: str) -> None:
    for name in results:
        found = {depth: share(results, name, depth, moment) for depth in DEPTHS}
        known = {depth: one for depth, one in found.items() if one}
        axes.loglog([*known], [one.value for one in known.values()], marker="o", markersize=4, **_style(name))
        if len(known) < len(DEPTHS):
            lost = f"{name}: diverged from {min(set(DEPTHS) - set(known))} layers on"
            axes.text(DEPTHS[0], 30 * HEALTHY, lost, va="bottom", color=_style(name)["color"], fontsize=9)
        for depth, one in known.items():
            axes.plot([depth, depth], [one.low, one.high], color=_style(name)["color"], alpha=0.4, linewidth=4)
    axes.axhspan(1 / HEALTHY, HEALTHY, color=PAPER, alpha=0.1, linewidth=0)
    axes.text(DEPTHS[0], HEALTHY, "healthy: within x 1000", va="bottom", color=PAPER, fontsize=9)
    axes.axvline(JUDGED, color=PAPER, linestyle="--", linewidth=1)
    axes.text(JUDGED, 0.98, " judged", transform=axes.get_xaxis_transform(), va="top", color=PAPER, fontsize=9)
    axes.set_xticks(DEPTHS, [str(depth) for depth in DEPTHS])
    axes.minorticks_off()
    axes.set(xlabel="layers with weights", ylabel="first convolution / last convolution")
    axes.set_ylim(max(axes.get_ylim()[0], LOWEST), None)
    deepest = {name: share(results, name, DEPTHS[-1], moment) for name in results}
    below = [f"{name}: {one.value:.0e}" for name, one in deepest.items() if one and one.value < LOWEST]
    if below:
        lines = [line for one in (f"below, at {DEPTHS[-1]}:", *below) for line in textwrap.wrap(one, 16)]
        text = "\n".join(lines)
        axes.text(0.98, 0.02, text, transform=axes.transAxes, ha="right", va="bottom", color=PAPER, fontsize=9)
    axes.set_title(MOMENTS[moment], fontsize=11)


def _style(name: str) -> Mapping[str, Any]:
    return {"color": COLOURS[int(STYLES[name][0])], "linestyle": STYLES[name][1:], "linewidth": 1.8}


CLAIM = Counted(
    "gradient_norms",
    rule=f"First by last convolution's gradient at {JUDGED} layers, geometric mean over the seeds with Student's 95 % "
    "interval: wholly below a thousandth it vanishes, wholly above a thousand (or not finite) it explodes, wholly "
    "between it is healthy. It holds if that of sigmoid vanishes at the start and falls with the depth, those of tanh "
    "and ReLU without batch norm, initialised by Glorot's and He's rules, are healthy at the start, and those with "
    f"batch norm, plain and residual, at the start and after {STEPS} steps; in direction if sigmoid and the plain "
    "network with batch norm do so and another does not; it does not hold if sigmoid's surely does not vanish or the "
    "plain network's with batch norm vanishes or explodes; all else is undecided.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
    reports=lambda settings: len(KINDS) * len(DEPTHS),
)
