"""The figure of a claim by training: the curves of all runs, and beside them what is judged."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

from .drawing import COLOURS, PAPER, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    "train_error": "training error, %",
    "held_error": "error on held-out pictures, %",
    "train_loss": "training loss",
}
WIDTH, EACH = 5.6, 4.4  # inches, of the curves and of each panel beside them
HEIGHT, TALLER = 4.6, 0.8  # inches, with one panel beside them and for each further one
FAR = 3  # times the highest run: where a mark of the paper asks for a logarithmic axis
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


@dataclass(frozen=True)
class PaperEffect:
    """Where the paper's figure for one arm would lie, seen from the mean of another.

    Args:
        arm: where it is marked.
        than: the arm from which it is counted.
        times: factor that the paper has.
        plus: difference that the paper has.
        source: what the paper's figure belongs to.
    """

    arm: str
    than: str
    times: float = 1.0
    plus: float = 0.0
    source: str = ""

    @property
    def text(self) -> str:
        """As it stands under the arm."""
        return f"paper: x {self.times:g}" if self.times != 1 else f"paper: {self.plus:+g}"


@dataclass(frozen=True)
class Judged:
    """What is drawn of each run beside its curve.

    Args:
        figures: of each run, arm by arm; infinite where a run never got there.
        label: what they are, with their unit.
        paper: what the paper has.
    """

    figures: Mapping[str, Sequence[float]]
    label: str
    paper: Sequence[PaperEffect] = ()


@dataclass(frozen=True)
class Line:
    """The curve of one run, by passes over the pictures, in the colour of its arm."""

    arm: str
    rate: float
    epochs: Sequence[float]
    values: Sequence[float]


def draw_curves(axes: "Axes", lines: Sequence[Line], figure_of: str, pictures: int | None, level: float | None) -> None:
    """Draw the curves of all runs.

    Args:
        axes: the panel.
        lines: arm by arm.
        figure_of: which figure of the curve it is.
        pictures: how many a pass has; None for all.
        level: the value whose reaching is judged, if one is.
    """
    from matplotlib.ticker import MaxNLocator

    arms = list(dict.fromkeys(line.arm for line in lines))
    named: set[str] = set()
    for line in lines:
        place = arms.index(line.arm)
        label = None if line.arm in named else f"{line.arm}, rate {line.rate:g}"
        axes.plot(line.epochs, line.values, color=COLOURS[place], linestyle=LINES[place], linewidth=1.6, label=label)
        named.add(line.arm)
    if level is not None:
        axes.axhline(level, color=PAPER, linewidth=1, label=f"judged when it reaches {level:g} %")
    axes.set(
        xlabel=f"passes over {f'{pictures:,}' if pictures else 'all training'} pictures",
        ylabel=LABELS[figure_of],
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _show_zero(axes)


def _show_zero(axes: "Axes") -> None:
    """Begin at 0, where differences would not be lost above it."""
    low, high = axes.get_ylim()
    if low < high / 2:
        axes.set_ylim(0, high)


def draw_arms(axes: "Axes", judged: Judged) -> None:
    """Draw what is judged: a dot a run, a bar at the mean, dashes where the paper's effect would put it."""
    from matplotlib.ticker import LogLocator

    values = judged.figures
    known = {arm: [value for value in own if math.isfinite(value)] for arm, own in values.items()}
    names = {arm: arm for arm in values}
    for place, (colour, arm) in enumerate(zip(COLOURS, values, strict=False)):
        axes.plot([place] * len(known[arm]), known[arm], "o", color=colour, alpha=0.7)
        if known[arm]:
            middle = mean(known[arm])
            axes.plot([place - 0.25, place + 0.25], [middle] * 2, color=colour, linewidth=2.5)
            text = f"{middle:.1f}" if middle < 100 else f"{middle:,.0f}"
            axes.annotate(text, (place + 0.27, middle), va="center", fontsize=10)
        if missing := len(values[arm]) - len(known[arm]):
            names[arm] = f"{arm}\n{missing} of {len(values[arm])} never"
    marks = []
    for effect in judged.paper:
        if known[effect.than]:
            height = effect.times * mean(known[effect.than]) + effect.plus
            marks.append(height)
            place = list(values).index(effect.arm)
            axes.plot([place - 0.25, place + 0.25], [height] * 2, color=PAPER, linestyle=(0, (3, 1.5)), linewidth=1.6)
            names[effect.arm] += f"\n{effect.text}"
    axes.set_xticks(range(len(values)), list(names.values()), fontsize=11 if len(values) < 4 else 9)
    axes.set(ylabel=textwrap.fill(judged.label, 32), xlim=(-0.5, len(values) - 0.3))
    axes.margins(y=0.15)
    highest = max(max(own, default=0.0) for own in known.values())
    if marks and max(marks) > FAR * highest:  # it would press the runs together
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.yaxis.set_minor_formatter("")
    else:
        _show_zero(axes)
    axes.grid(axis="x", visible=False)
    words = ["dots: runs; bars: their mean"]
    if judged.paper:
        words += textwrap.wrap(f"dashes: the paper's effect, {judged.paper[0].source}", 54)
    axes.set_xlabel("\n".join(words), fontsize=10)


def draw_runs(
    figure: "Figure",
    lines: Sequence[Line],
    curve: str,
    pictures: int | None,
    level: float | None,
    judged: Sequence[Judged],
) -> None:
    """Draw the curves, and a panel for each thing that is judged; `draw_curves` says what the arguments are."""
    figure.set_size_inches(WIDTH + EACH * len(judged), HEIGHT + TALLER * (len(judged) - 1))
    left, *others = panels(figure, 1 + len(judged))
    draw_curves(left, lines, curve, pictures, level)
    for axes, one in zip(others, judged, strict=True):
        draw_arms(axes, one)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=1 + 2 * len(judged), fontsize=10)
