"""ResNet, Section 3.3: 152 layers cost fewer multiply-adds than VGG-16 and VGG-19."""

from typing import TYPE_CHECKING

from lit_cnns import features

from .claim import Counted, Results, Settings
from .counting import bars, costs, without_weights
from .drawing import COLOURS, panels
from .judging import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER = {"VGG-16": 15.3, "VGG-19": 19.6, "ResNet-152": 11.3}
NETWORKS = {"VGG-16": "vgg_d", "VGG-19": "vgg_e", "ResNet-152": "resnet152"}


def find(settings: Settings) -> Results:
    """Count the three networks."""
    return {
        name: {"macs": costs(row).macs, "layers": features.weight_layers(without_weights(row))}
        for name, row in NETWORKS.items()
    }


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    macs = {name: row["macs"] for name, row in results.items()}
    sentence = "Multiply-adds: " + ", ".join(
        f"{name} {count / 1e9:.2f} billion (the paper: {PAPER[name]})" for name, count in macs.items()
    )
    holds = macs["ResNet-152"] < min(macs["VGG-16"], macs["VGG-19"])
    return Verdict(
        "holds" if holds else "does not hold", f"{sentence}; 15.3 leaves VGG-16's fully connected layers out."
    )


def picture(results: Results, figure: "Figure") -> None:
    """Draw the multiply-adds, the paper's as diamonds, and the depths."""
    left, right = panels(figure, 2)
    macs = {name: row["macs"] / 1e9 for name, row in results.items()}
    bars(left, macs, "{:.2f}", paper=[PAPER[name] for name in results])
    left.set(xlabel="multiply-adds for one picture, billions")
    bars(right, {name: row["layers"] for name, row in results.items()}, "{:g}", COLOURS[2])
    right.set(xlabel="weight layers")


CLAIM = Counted(
    "resnet152_cheaper_than_vgg",
    rule="It holds if ResNet-152 has fewer multiply-adds, by our count, than both.",
    find=find,
    decide=decide,
    picture=picture,
)
