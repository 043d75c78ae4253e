"""GoogLeNet, Section 1: twelve times fewer parameters than AlexNet."""

from typing import TYPE_CHECKING

from .claim import Counted, Results, Settings
from .counting import costs, one_panel
from .judging import Verdict, Word

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER = 12


def find(settings: Settings) -> Results:
    """Count both networks."""
    return {"AlexNet": costs("alexnet").params, "GoogLeNet": costs("googlenet").params}


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    ratio = results["AlexNet"] / results["GoogLeNet"]
    found = f"AlexNet has {results['AlexNet']:,} parameters and GoogLeNet {results['GoogLeNet']:,}"
    word: Word = "holds" if round(ratio) == PAPER else "holds in direction" if ratio > 1 else "does not hold"
    return Verdict(word, f"{found}: {ratio:.1f} times fewer; the paper has {PAPER}.")


def picture(results: Results, figure: "Figure") -> None:
    """Draw both, in GoogLeNets."""
    ratio = {name: count / results["GoogLeNet"] for name, count in results.items()}
    one_panel(figure, ratio, "parameters, in GoogLeNets", "{:.1f}", (PAPER, "the paper: 12"))


CLAIM = Counted(
    "googlenet_12x",
    rule="The ratio of the parameters (without GoogLeNet's auxiliary heads) rounds to 12: holds; it is above 1: in "
    "direction.",
    find=find,
    decide=decide,
    picture=picture,
)
