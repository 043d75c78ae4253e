"""What claims by counting share: networks are built without weights and counted."""

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from lit_cnns import features, lineage, papers
from lit_cnns.features import Counts

from .drawing import COLOURS, mark_paper, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def without_weights(network: str) -> nn.Module:
    """A network of the lineage laid out without weights, and without auxiliary heads."""
    cls, _ = lineage.LINEAGE[network]
    headless = {"aux": False} if "aux" in inspect.signature(cls).parameters else {}
    with torch.device("meta"):
        return lineage.build(network, **headless).net


@functools.cache
def costs(network: str) -> Counts:
    """Parameters and multiply-accumulates of a network of the lineage, auxiliary heads left out."""
    channels, height, width = papers.row(network)["input_size"]
    return features.count(without_weights(network), (channels, height, width))


def bars(
    axes: "Axes",
    values: Mapping[str, float],
    form: str = "{:,.0f}",
    colour: str = COLOURS[0],
    paper: Sequence[float] = (),
    whose: str = "the paper",
) -> None:
    """Horizontal bars, the first on top, each with its figure, and with a diamond at the paper's where it has one.

    Args:
        axes: the panel.
        values: by name.
        form: of the figures.
        colour: of the bars.
        paper: the paper's figures, in the same order.
        whose: those figures are.
    """
    names = list(values)
    drawn = axes.barh(names, list(values.values()), color=colour, height=0.6)
    words = [form.format(value) for value in values.values()]
    if paper:
        axes.plot(paper, range(len(names)), "D", color=COLOURS[1], markeredgecolor="white", label=whose)
        words = [f"{word}  ({whose}: {value:g})" for word, value in zip(words, paper, strict=True)]
    axes.bar_label(drawn, words, padding=9)
    axes.invert_yaxis()
    axes.margins(x=0.9 if paper else 0.2)
    axes.grid(axis="y", visible=False)


def one_panel(
    figure: "Figure", values: Mapping[str, float], label: str, form: str, paper: tuple[float, str] | None = None
) -> None:
    """One panel of bars, with the paper's figure marked."""
    (axes,) = panels(figure)
    bars(axes, values, form)
    axes.set_xlabel(label)
    if paper:
        mark_paper(axes, *paper)
        axes.set_xlim(0, max(axes.get_xlim()[1], 1.15 * paper[0]))
