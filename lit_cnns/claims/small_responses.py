"""ResNet, figure 7: residual functions respond less than plain layers do, and less the deeper the network."""

from statistics import mean
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from .claim import Counted, Results, Settings
from .drawing import COLOURS, panels
from .judging import Verdict, difference
from .looking import batches, cifar_form, digits, error, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NETWORKS = {"plain-20": (20, False), "plain-56": (56, False), "ResNet-20": (20, True), "ResNet-56": (56, True)}
EPOCHS, BATCH, RATE, SIDE = 20, 64, 0.05, 8
SEEDS = 3


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
    """Train each network on digits, several times, and look at its layers over the test pictures."""
    images, labels = digits("train", SIDE)
    tested = digits("test", SIDE)
    steps = EPOCHS * (len(labels) // BATCH)
    found: dict[str, list[dict[str, object]]] = {}
    for name, (depth, residual) in NETWORKS.items():
        for seed in range(settings.seeds or SEEDS):
            torch.manual_seed(seed)
            net = cifar_form(depth, residual, init="he")
            train(net, batches(images, labels, BATCH, seed), steps, RATE, decays_to=0.0)
            run = {"stds": responses(net, tested[0]), "test_error": error(net, *tested)}
            found.setdefault(name, []).append(run)
            settings.report(f"small_responses: {name}, seed {seed}: test error {run['test_error']:.1f} %")
    return found


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    means = {name: [mean(run["stds"]) for run in runs] for name, runs in results.items()}
    smaller = [difference(means[f"plain-{depth}"], means[f"ResNet-{depth}"]) for depth in (20, 56)]
    deeper = difference(means["ResNet-20"], means["ResNet-56"])
    sentence = (
        f"Averaged over layers, plain responses exceed residual ones by {smaller[0].text()} at 20 layers and by "
        f"{smaller[1].text()} at 56; those of ResNet-20 exceed those of ResNet-56 by {deeper.text()}. Trained on "
        "handwritten digits for 20 epochs, where the paper trained on CIFAR-10."
    )
    parts = (*smaller, deeper)
    if all(part.low > 0 for part in parts):
        return Verdict("holds", sentence, smaller[1])
    if any(part.high < 0 for part in parts):
        mixed = any(part.low > 0 for part in parts)
        return Verdict("holds in direction" if mixed and smaller[1].low > 0 else "does not hold", sentence, smaller[1])
    return Verdict("not at this scale", sentence, smaller[1])


def picture(results: Results, figure: "Figure") -> None:
    """Draw the responses in the order of the layers, and sorted as in the paper's figure."""
    left, right = panels(figure, 2)
    for colour, (name, runs) in zip(COLOURS, results.items(), strict=False):
        layers = [mean(values) for values in zip(*(run["stds"] for run in runs), strict=True)]
        style: Any = {"color": colour, "linewidth": 1.8, "linestyle": "--" if name.startswith("plain") else "-"}
        left.plot(range(1, len(layers) + 1), layers, label=name, **style)
        right.plot(range(1, len(layers) + 1), sorted(layers, reverse=True), **style)
    left.set(xlabel="layer, from the picture on", ylabel="standard deviation after batch norm", ylim=(0, None))
    right.set(xlabel="layer, the largest response first (as figure 7, below)", ylim=(0, None))
    left.legend(ncols=2)


CLAIM = Counted(
    "small_responses",
    rule="Three differences of the mean standard deviation, each with Welch's 95 % interval: plain minus residual at "
    "20 and at 56 layers, ResNet-20 minus ResNet-56. It holds if all lie wholly above 0; if one lies wholly below, it "
    "holds in direction where plain-56 is surely above ResNet-56, else it does not hold; all else is undecided: not "
    "at this scale.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
)
