"""The vanishing gradient, and what became of it: ResNet's Section 4.1 says that batch norm keeps gradients healthy."""

import math
from statistics import mean
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .claim import Counted, Results, Settings
from .drawing import COLOURS, panels
from .judging import Verdict
from .looking import batches, cifar_form, digits, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPTHS = (8, 20, 32, 56, 110, 152)
JUDGED, SHOWN = 32, 56  # He et al. looked at plain-34; 32 is the CIFAR form's nearest depth
KINDS = {
    "sigmoid": {"batch_norm": False, "activation": "sigmoid", "init": "glorot"},
    "tanh": {"batch_norm": False, "activation": "tanh", "init": "glorot"},
    "ReLU": {"batch_norm": False},
    "ReLU, batch norm": {},
    "ReLU, batch norm, residual": {"residual": True},
}
SATURATING, NORMALISED, RESIDUAL = "sigmoid", "ReLU, batch norm", "ReLU, batch norm, residual"
BATCH, STEPS, RATE, SEEDS = 32, 10, 0.01, 3
VANISHED, HEALTHY = 1e-3, 100.0


def relative_gradients(net: nn.Module, images: Tensor, labels: Tensor) -> list[float]:
    """Norm of the loss's gradient by the norm of the weights, for each convolution from the picture on."""
    net.train()
    net.zero_grad(set_to_none=True)
    F.cross_entropy(net(images), labels).backward()
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    return [float(layer.weight.grad.norm() / layer.weight.detach().norm()) for layer in layers]  # type: ignore[union-attr]


def find(settings: Settings) -> Results:
    """Look at each kind of network at each depth, at its start and after some steps."""
    images, labels = digits()
    shown = images[:BATCH], labels[:BATCH]
    found: dict[str, dict[str, list[dict[str, list[float]]]]] = {}
    for name, form in KINDS.items():
        for depth in DEPTHS:
            for seed in range(settings.seeds or SEEDS):
                torch.manual_seed(seed)
                net = cifar_form(depth, **form)  # type: ignore[arg-type]
                start = relative_gradients(net, *shown)
                train(net, batches(images, labels, BATCH, seed), STEPS, RATE)
                run = {"start": start, "later": relative_gradients(net, *shown)}
                found.setdefault(name, {}).setdefault(str(depth), []).append(run)
            settings.report(f"gradient_norms: {name}, {depth} layers: first to last layer {_share(found, name, depth)}")
    return found


def ratios(results: Results, name: str, depth: int, moment: str = "start") -> list[float]:
    """What reaches the first convolution, as a share of what the last one gets; one figure a seed."""
    runs = results[name][str(depth)]
    return [max(run[moment][0], 1e-45) / max(run[moment][-1], 1e-45) for run in runs]


def _share(results: Results, name: str, depth: int) -> str:
    return f"{math.exp(mean(map(math.log, ratios(results, name, depth)))):.2g}"


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    shares = "; ".join(f"{name} {_share(results, name, JUDGED)}" for name in results)
    sentence = (
        f"At {JUDGED} layers and the start, the first convolution's relative gradient is this share of the last one's: "
        f"{shares}. At {DEPTHS[-1]} layers: {_share(results, NORMALISED, DEPTHS[-1])} with batch norm, "
        f"{_share(results, RESIDUAL, DEPTHS[-1])} with shortcuts as well."
    )
    vanishes = max(ratios(results, SATURATING, JUDGED)) < VANISHED
    kept = [_healthy(ratios(results, name, JUDGED)) for name in (NORMALISED, RESIDUAL)]
    if vanishes and all(kept):
        return Verdict("holds", sentence)
    return Verdict("holds in direction" if vanishes and any(kept) else "does not hold", sentence)


def _healthy(shares: list[float]) -> bool:
    return all(1 / HEALTHY <= share <= HEALTHY for share in shares)


def picture(results: Results, figure: "Figure") -> None:
    """Draw the gradients layer by layer at one depth, and what reaches the first layer over all depths."""
    left, right = panels(figure, 2)
    for colour, (name, depths) in zip(COLOURS, results.items(), strict=False):
        layers = [
            math.exp(mean(math.log(max(value, 1e-45)) for value in values))
            for values in zip(*(run["start"] for run in depths[str(SHOWN)]), strict=True)
        ]
        left.semilogy(range(1, len(layers) + 1), layers, color=colour, linewidth=1.8, label=name)
        for moment, style in (("start", "o-"), ("later", "x:")):
            means = [math.exp(mean(map(math.log, ratios(results, name, int(depth), moment)))) for depth in depths]
            right.loglog([int(depth) for depth in depths], means, style, color=colour, markersize=5)
    left.set(xlabel=f"convolution, from the picture on ({SHOWN} layers)", ylabel="norm of gradient / norm of weights")
    right.axhspan(1 / HEALTHY, HEALTHY, color="#444444", alpha=0.1, linewidth=0)
    right.text(DEPTHS[0], HEALTHY, " healthy: within a factor of 100", va="bottom", color="#444444", fontsize=10)
    right.set_xticks(DEPTHS, [str(depth) for depth in DEPTHS])
    right.minorticks_off()
    right.set(xlabel=f"weight layers (dotted: after {STEPS} steps)", ylabel="first convolution / last convolution")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=5, fontsize=10)


CLAIM = Counted(
    "gradient_norms",
    rule=f"At {JUDGED} layers, in every seed: with sigmoid and no batch norm the relative gradient of the first "
    f"convolution is below a thousandth of the last one's, with batch norm it stays within a factor of {HEALTHY:.0f}, "
    "plain and residual: holds. If only one of these two stays so: in direction. All else: it does not hold.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
)
