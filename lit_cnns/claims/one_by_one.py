"""GoogLeNet, Section 4: 1x1 convolutions before the large ones make an Inception module affordable."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lit_cnns import features, papers
from lit_cnns.models import GoogLeNet

from .claim import Counted, Results, Settings
from .drawing import COLOURS, PAPER, panels
from .judging import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Naive(nn.Module):
    """The module of figure 2(a): the same branches without reductions; the pooled maps go on as they are."""

    def __init__(self, inputs: int, one: int, three: int, five: int) -> None:
        super().__init__()
        self.b1 = nn.Conv2d(inputs, one, 1)
        self.b3 = nn.Conv2d(inputs, three, 3, padding=1)
        self.b5 = nn.Conv2d(inputs, five, 5, padding=2)
        self.pool = nn.MaxPool2d(3, 1, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.b1(x), self.b3(x), self.b5(x), self.pool(x)], 1)


def find(settings: Settings) -> Results:
    """Count each Inception module of GoogLeNet as it is and naive, on the maps it gets."""
    with torch.device("meta"):
        net = GoogLeNet()
    size, found = tuple(papers.row("googlenet")["input_size"]), {}
    for layer in papers.layer_table("googlenet"):
        if layer.get("module") == "inception_v1":
            widths = layer["args"]
            with torch.device("meta"):
                naive = Naive(size[0], widths["c1"], widths["c3"], widths["c5"])
            kinds = {"reduced": net.get_submodule(layer["name"]), "naive": naive}
            counts = {kind: features.count(module, size) for kind, module in kinds.items()}
            found[layer["name"]] = {kind: {"params": c.params, "macs": c.macs} for kind, c in counts.items()}
        size = tuple(layer["out"])
    return found


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    ratios = {name: row["naive"]["macs"] / row["reduced"]["macs"] for name, row in results.items()}
    total = {kind: sum(row[kind]["macs"] for row in results.values()) / 1e9 for kind in ("naive", "reduced")}
    sentence = (
        f"On the maps that GoogLeNet's modules get, 1x1 reductions save a factor of {min(ratios.values()):.1f} to "
        f"{max(ratios.values()):.1f} of multiply-adds a module; all nine take {total['reduced']:.2f} instead of "
        f"{total['naive']:.2f} billion. Naive modules would pass more maps on as well, which is not counted."
    )
    return Verdict("holds" if min(ratios.values()) > 1 else "does not hold", sentence)


def picture(results: Results, figure: "Figure") -> None:
    """Draw multiply-adds and parameters of each module, naive beside reduced."""
    names = [name.removeprefix("inception_") for name in results]
    table = {row["row"]: row for row in papers.row("googlenet")["paper_table"]}
    for axes, (figure_of, unit, printed, scale) in zip(panels(figure, 2), PANELS, strict=True):
        for place, (kind, colour) in enumerate((("naive", COLOURS[1]), ("reduced", COLOURS[0]))):
            values = [row[kind][figure_of] / unit for row in results.values()]
            axes.bar([x + 0.4 * place - 0.2 for x in range(len(names))], values, 0.38, color=colour, label=kind)
        paper = [scale * float(table[name][printed][:-1]) for name in names]
        places = [x + 0.2 for x in range(len(names))]
        axes.plot(places, paper, "D", color="white", markeredgecolor=PAPER, label="reduced, the paper's Table 1")
        axes.set_xticks(range(len(names)), names)
        axes.set(xlabel="Inception module", ylabel=LABELS[figure_of])
        axes.grid(axis="x", visible=False)
    figure.axes[0].legend()


# by our names and units, and by those of Table 1, whose K are 1024
PANELS = (("macs", 1e6, "ops", 1.0), ("params", 1e3, "params", 1.024))
LABELS = {"macs": "multiply-adds for one picture, millions", "params": "parameters, thousands"}
CLAIM = Counted(
    "one_by_one",
    rule="It holds if each of the nine modules takes fewer multiply-adds with the reductions than without.",
    find=find,
    decide=decide,
    picture=picture,
)
