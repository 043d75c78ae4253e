"""AlexNet and VGG keep most of their parameters in fully connected layers, and do most of their work in others."""

from typing import TYPE_CHECKING

from torch import nn

from lit_cnns import papers

from .claim import Counted, Results, Settings
from .counting import without_weights
from .drawing import COLOURS, panels
from .judging import Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NETWORKS = {
    "AlexNet": "alexnet",
    "VGG-16": "vgg_d",
    "GoogLeNet": "googlenet",
    "ResNet-50": "resnet50",
}
ROOM = 30  # percent of the width that a layer's name takes


def find(settings: Settings) -> Results:
    """Share out each network's parameters and multiply-adds over its kinds of layer."""
    found = {}
    for name, row in NETWORKS.items():
        net = without_weights(row)
        total = sum(p.numel() for p in net.parameters())
        layers = {name: layer for name, layer in net.named_modules() if isinstance(layer, nn.Linear)}
        linear = {name: sum(p.numel() for p in layer.parameters()) for name, layer in layers.items()}
        work = sum(layer.weight.numel() for layer in layers.values())
        found[name] = {
            "params": total,
            "fully_connected": sum(linear.values()),
            "largest": max(linear, key=linear.__getitem__),
            "largest_params": max(linear.values()),
            "macs_fully_connected": work,
            "macs": papers.row(row)["macs"]["total"],
        }
    return found


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    old = [results["AlexNet"], results["VGG-16"]]
    shares = ", ".join(f"{name} {row['fully_connected'] / row['params']:.0%}" for name, row in results.items())
    first = results["AlexNet"]
    sentence = (
        f"Of the parameters, fully connected layers have: {shares}; AlexNet's {first['largest']} alone "
        f"{first['largest_params'] / first['params']:.0%}. Of the multiply-adds they have "
        f"{first['macs_fully_connected'] / first['macs']:.0%} in AlexNet and "
        f"{old[1]['macs_fully_connected'] / old[1]['macs']:.1%} in VGG-16."
    )
    most = all(row["fully_connected"] > row["params"] / 2 for row in old)
    least = all(row["macs_fully_connected"] < row["macs"] / 2 for row in old)
    return Verdict("holds" if most and least else "does not hold", sentence)


def picture(results: Results, figure: "Figure") -> None:
    """Draw the shares of parameters and of multiply-adds."""
    names = list(results)
    for axes, (part, whole, title) in zip(
        panels(figure, 2),
        (("fully_connected", "params", "parameters"), ("macs_fully_connected", "macs", "multiply-adds")),
        strict=True,
    ):
        shares = [100 * results[name][part] / results[name][whole] for name in names]
        axes.barh(names, shares, color=COLOURS[1], height=0.6, label="fully connected")
        if part == "fully_connected":
            _mark_largest(axes, results)
        rest = axes.barh(
            names,
            [100 - share for share in shares],
            left=shares,
            color=COLOURS[0],
            height=0.6,
            label="convolutions and norms",
        )
        axes.bar_label(rest, [f"{share:.1f} %" for share in shares], padding=4, color=COLOURS[1], weight="bold")
        axes.set(xlabel=f"share of the {title}, %", xlim=(0, 118), xticks=range(0, 101, 25))
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


def _mark_largest(axes: "Axes", results: Results) -> None:
    """Hatch the layer with the most parameters, and name it where there is room."""
    for place, row in enumerate(results.values()):
        share = 100 * row["largest_params"] / row["params"]
        axes.barh(place, share, color="none", edgecolor="white", hatch="//", height=0.6, linewidth=0)
        if share > ROOM:
            words = f"{row['largest']} alone {share:.0f} %"
            axes.text(share / 2, place, words, ha="center", va="center", bbox={"color": "white", "pad": 2})


CLAIM = Counted(
    "where_parameters_sit",
    rule="It holds if in AlexNet and in VGG-16 fully connected layers have more than half of the parameters and less "
    "than half of the multiply-adds.",
    find=find,
    decide=decide,
    picture=picture,
)
