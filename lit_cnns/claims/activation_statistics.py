"""How the signal fares on its way through thirty layers, by the initialisation of their weights (He et al. 2015)."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lit_cnns.initialisation import initialise

from .claim import Counted, Results, Settings
from .drawing import COLOURS, panels
from .judging import Interval, Verdict, mean_of
from .looking import digits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LAYERS, MAPS, PICTURES, SEEDS = 30, 64, 32, 5
INITS = {
    "sqrt(2/n), He et al. 2015": "he_fan_in",
    "sqrt(1/n), Glorot & Bengio 2010": "glorot",
    "0.01, AlexNet": "gaussian",
}
EXPECTED = dict(zip(INITS, (1.0, 0.5, 9 * MAPS * 0.01**2 / 2), strict=True))  # factor of the variance a layer
MARGIN = 1.25
UNIT = " times the variance a layer"


def variances(net: nn.Sequential, images: Tensor) -> list[float]:
    """The variance of what each convolution gives."""
    found = []
    with torch.no_grad():
        for layer in net:
            images = layer(images)
            if isinstance(layer, nn.Conv2d):
                found.append(float(images.double().var()))
    return found


def find(settings: Settings) -> Results:
    """Send digits through stacks with ReLU that wrap round at the edges, as the derivation has no padding."""
    images = digits()[0][:PICTURES].repeat(1, MAPS, 1, 1)
    found: dict[str, list[list[float]]] = {}
    for name, init in INITS.items():
        for seed in range(settings.seeds or SEEDS):
            torch.manual_seed(seed)
            layers: list[nn.Module] = []
            for _ in range(LAYERS):
                layers += [nn.Conv2d(MAPS, MAPS, 3, padding=1, padding_mode="circular", bias=False), nn.ReLU()]
            net = nn.Sequential(*layers)
            initialise(net, init)
            found.setdefault(name, []).append(variances(net, images))
        settings.report(f"{name}: variance times {factor(found[name]).text()} a layer")
    return found


def factor(runs: list[list[float]]) -> Interval:
    """By what a layer multiplies the variance: from the second convolution to the last, with the seeds' interval."""
    slopes = [math.log(run[-1] / run[1]) / (len(run) - 2) for run in runs]
    found = mean_of(slopes)
    return Interval(math.exp(found.value), math.exp(found.low), math.exp(found.high))


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    found = {name: factor(runs) for name, runs in results.items()}
    sentence = (
        "A layer multiplies the variance of the signal by "
        + ", ".join(f"{one.text()} with {name} (derived: {EXPECTED[name]:.3g})" for name, one in found.items())
        + f"; {LAYERS} layers of {MAPS} maps."
    )
    he, glorot = (found[name] for name in list(INITS)[:2])
    right = [
        EXPECTED[name] / MARGIN <= found[name].low and found[name].high <= EXPECTED[name] * MARGIN
        for name in list(INITS)[:2]
    ]
    if all(right):
        return Verdict("holds", sentence, he, UNIT)
    if he.low > glorot.high:
        return Verdict("holds in direction", sentence, he, UNIT)
    return Verdict(
        "does not hold" if he.high < glorot.low else "not at this scale", sentence, he, " times the variance a layer"
    )


def picture(results: Results, figure: "Figure") -> None:
    """Draw the standard deviation over the layers of each run, and what was derived."""
    (axes,) = panels(figure)
    numbers = range(1, LAYERS + 1)
    for colour, (name, runs) in zip(COLOURS, results.items(), strict=False):
        found = f"{name}: variance x {factor(runs).value:.3g} a layer, derived {EXPECTED[name]:.3g}"
        for place, run in enumerate(runs):
            label = None if place else found
            axes.semilogy(numbers, [math.sqrt(v) for v in run], color=colour, alpha=0.6, label=label)
        start = sum(math.log(run[0]) for run in runs) / len(runs)
        derived = [math.exp((start + (n - 1) * math.log(EXPECTED[name])) / 2) for n in numbers]
        axes.semilogy(
            numbers,
            derived,
            "--",
            color="#444444",
            linewidth=1.2,
            label=None if name != list(INITS)[-1] else "as derived in the paper",
        )
    axes.set(xlabel="convolution, from the picture on", ylabel="standard deviation of its output")
    axes.legend(loc="lower left", title="standard deviation of the weights", alignment="left")


CLAIM = Counted(
    "activation_statistics",
    rule="The factor by which a layer multiplies the variance, geometric mean over the layers, Student's 95 % interval "
    "over the seeds. It holds if the interval lies within a quarter of 1 for sqrt(2/n) and of 1/2 for sqrt(1/n); in "
    "direction if the first lies wholly above the second; it does not hold if it lies wholly below; else undecided.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
    reports=lambda settings: len(INITS),
)
