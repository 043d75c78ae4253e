"""60 million parameters in AlexNet, 138 million in VGG-16, 7 million in GoogLeNet."""

from typing import TYPE_CHECKING

from .claim import Counted, Results, Settings
from .counting import bars, costs
from .drawing import panels
from .judging import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STATED = {"AlexNet": ("alexnet", 60), "VGG-16": ("vgg_d", 138), "GoogLeNet": ("googlenet", 7)}  # millions


def find(settings: Settings) -> Results:
    """Count the three networks."""
    return {name: costs(row).params for name, (row, _) in STATED.items()}


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    off = {name: abs(count / 1e6 - STATED[name][1]) / STATED[name][1] for name, count in results.items()}
    sentence = "; ".join(f"{name} {count:,} (told: {STATED[name][1]} million)" for name, count in results.items())
    return Verdict("holds" if max(off.values()) < 0.02 else "does not hold", f"{sentence}.")


def picture(results: Results, figure: "Figure") -> None:
    """Draw the counts, what is told as diamonds."""
    (axes,) = panels(figure)
    stated = [STATED[name][1] for name in results]
    bars(axes, {name: count / 1e6 for name, count in results.items()}, "{:.1f}", paper=stated, whose="as told")
    axes.margins(x=0.25)
    axes.set(xlabel="parameters, millions")


CLAIM = Counted(
    "parameter_counts",
    rule="It holds if each count, without auxiliary heads, is within 2 % of what is told.",
    find=find,
    decide=decide,
    picture=picture,
)
