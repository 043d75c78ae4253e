"""ResNet, figure 7: residual functions respond less than plain layers do, and less the deeper the network."""

from functools import partial
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .claim import Counted, Results, Settings
from .drawing import COLOURS, panels
from .judging import Interval, Verdict, Word, difference
from .looking import batches, cifar_form, digits, error, train
from .records import kept

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NETWORKS = {"plain-20": (20, False), "plain-56": (56, False), "ResNet-20": (20, True), "ResNet-56": (56, True)}
STEPS, BATCH, RATE, SIDE, SEEDS = 500, 64, 0.1, 8, 3
# responses shrink where weight decay is not held up: rate x decay, summed over all steps, is that of the paper
DECAY = 1e-4 * (0.1 * 32_000 + 0.01 * 16_000 + 0.001 * 16_000) / (RATE * STEPS / 2)
UNTRAINED = 50.0  # percent of test error


def responses(net: nn.Module, images: torch.Tensor) -> list[float]:
    """The standard deviation of what each 3x3 layer gives, after batch norm and before addition and ReLU."""
    found: list[float] = []
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    handles = [layer.register_forward_hook(lambda _, __, out: found.append(float(out.std()))) for layer in norms]
    net.eval()
    with torch.no_grad():
        net(images)
    for handle in handles:
        handle.remove()
    return found


def find(settings: Settings) -> Results:
    """Train each network on digits, several times, and look at it. What is there is not run again."""
    found: dict[str, list[dict[str, Any]]] = {}
    made_with = {"steps": STEPS, "rate": RATE, "decay": DECAY, "batch": BATCH}
    for name in NETWORKS:
        for seed in range(settings.seeds or SEEDS):
            run = kept(settings.folder / "runs" / f"{name}-{seed}.json", made_with, partial(look, name, seed))
            found.setdefault(name, []).append(run)
            settings.report(f"{name}, seed {seed}: test error {run['test_error']:.1f} %")
    return found


def look(name: str, seed: int) -> dict[str, Any]:
    """Train one network, and look at its layers over the test pictures."""
    depth, residual = NETWORKS[name]
    tested = digits("test", SIDE)
    torch.manual_seed(seed)
    net = cifar_form(depth, residual, init="he")
    train(net, batches(*digits("train", SIDE), BATCH, seed), STEPS, RATE, DECAY, decays_to=0.0)
    return {"stds": [float(f"{std:.4g}") for std in responses(net, tested[0])], "test_error": error(net, *tested)}


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    means = {name: [mean(run["stds"]) for run in runs] for name, runs in results.items()}
    errors = {name: mean(run["test_error"] for run in runs) for name, runs in results.items()}
    smaller = [difference(means[f"plain-{depth}"], means[f"ResNet-{depth}"]) for depth in (20, 56)]
    deeper = difference(means["ResNet-20"], means["ResNet-56"])
    told = ", ".join(f"{name} {value:.1f} %" for name, value in errors.items())
    sentence = (
        f"Averaged over layers, plain responses exceed residual ones by {smaller[0].text()} at 20 layers and by "
        f"{smaller[1].text()} at 56; those of ResNet-20 exceed those of ResNet-56 by {deeper.text()}. Trained on "
        f"handwritten digits for {STEPS} steps, where the paper trained on CIFAR-10; test errors: {told}."
    )
    trained = max(errors.values()) <= UNTRAINED
    word = _word(smaller[0], smaller[1], deeper) if trained else "not at this scale"
    return Verdict(word, sentence, smaller[1], ", plain-56 - ResNet-56")


def _word(at_20: Interval, at_56: Interval, deeper: Interval) -> Word:
    parts = (at_20, at_56, deeper)
    if all(part.low > 0 for part in parts):
        return "holds"
    if any(part.high < 0 for part in parts):
        return "holds in direction" if at_56.low > 0 else "does not hold"
    return "not at this scale"


def picture(results: Results, figure: "Figure") -> None:
    """Draw the responses in the order of the layers, and sorted as in the paper's figure."""
    left, right = panels(figure, 2)
    for name, runs in results.items():
        layers = [mean(values) for values in zip(*(run["stds"] for run in runs), strict=True)]
        style: Any = {"color": COLOURS["56" in name], "linewidth": 1.8, "linestyle": "--" if "plain" in name else "-"}
        label = f"{name}, test error {mean(run['test_error'] for run in runs):.0f} %"
        left.plot(range(1, len(layers) + 1), layers, label=label, **style)
        right.plot(range(1, len(layers) + 1), sorted(layers, reverse=True), **style)
    left.set(xlabel="layer, from the picture on", ylabel="standard deviation after batch norm", ylim=(0, None))
    right.set(
        xlabel="layer, the largest response first",
        ylabel="standard deviation after batch norm",
        ylim=(0, None),
    )
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)


CLAIM = Counted(
    "small_responses",
    rule="Three differences of the mean standard deviation, each with Welch's 95 % interval: plain minus residual at "
    "20 and at 56 layers, ResNet-20 minus ResNet-56. It holds if all lie wholly above 0; if one lies wholly below, it "
    "holds in direction where plain-56 is surely above ResNet-56, else it does not hold; all else is undecided: not "
    "at this scale, as where a network gets more than half of the test pictures wrong.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
    reports=lambda settings: len(NETWORKS) * (settings.seeds or SEEDS),
)
