"""From 2012 on the networks of the challenge get deeper and their error falls."""

from itertools import pairwise
from typing import TYPE_CHECKING

from lit_cnns import papers

from .claim import Counted, Results, Settings
from .drawing import COLOURS, PAPER, panels
from .judging import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


UNPUBLISHED = "2013"  # its networks


def find(settings: Settings) -> Results:
    """Take the entries with a known depth from the results pages, in their order."""
    return {
        bar["entry"].replace("ILSVRC'", "20"): {"error": bar["error"], "layers": bar["layers"]}
        for bar in papers.ilsvrc()["chart"]["bars"]
        if isinstance(bar["layers"], int)
    }


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    known = [row for name, row in results.items() if name != UNPUBLISHED]
    holds = all(a["layers"] < b["layers"] and a["error"] > b["error"] for a, b in pairwise(known))
    sentence = "; ".join(f"{name}: {row['layers']} layers, {row['error']} %" for name, row in results.items())
    return Verdict(
        "holds" if holds else "does not hold",
        f"{sentence} (top-5 on the test set, ensembles; the depth of 2013 is that of the usual slide and not judged: "
        "its nets are not published).",
    )


def picture(results: Results, figure: "Figure") -> None:
    """Draw errors and depths over the entries."""
    names = ["\n".join(reversed(name.split(" ", 1))) for name in results]
    left, right = panels(figure, 2)
    for axes, key, colour, label in (
        (left, "error", COLOURS[1], "top-5 error on the test set, %"),
        (right, "layers", COLOURS[0], "weight layers"),
    ):
        values = [row[key] for row in results.values()]
        drawn = axes.bar(names, values, color=colour, width=0.6)
        for place, (bar, name) in enumerate(zip(drawn, results, strict=True)):
            if key == "layers" and name == UNPUBLISHED:
                bar.set(hatch="//", edgecolor="white")
                axes.text(place, 20, "unpublished:\nas usually\ntold", ha="center", color=PAPER, fontsize=9)
        axes.bar_label(drawn, [f"{value:g}" for value in values], padding=3)
        axes.set(ylabel=label)
        axes.margins(y=0.1)
        axes.grid(axis="x", visible=False)


CLAIM = Counted(
    "depth_and_error",
    rule="It holds if, from entry to entry of those whose depth is published, each is deeper than the one before and "
    "has a smaller error.",
    find=find,
    decide=decide,
    picture=picture,
)
