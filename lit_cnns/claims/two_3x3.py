"""VGG, Section 2.3: two convolutions of 3x3 see what one of 5x5 sees, with 18 C^2 weights instead of 25 C^2."""

from typing import TYPE_CHECKING

from .claim import Counted, Results, Settings
from .judging import Verdict
from .stacks import compare, draw_stacks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def find(settings: Settings) -> Results:
    """Count two 3x3 and one 5x5."""
    return compare(2, 5)


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    stack, single = results["stack"], results["single"]
    sentence = (
        f"Two 3x3 convolutions have {stack['per_c2']:g} C^2 weights and one of 5x5 has {single['per_c2']:g} C^2; "
        f"both see {stack['field']} x {stack['field']} pixels, with {stack['rectifiers']} rectifiers and "
        f"{single['rectifiers']}."
    )
    holds = (stack["per_c2"], single["per_c2"], stack["field"], single["field"]) == (18, 25, 5, 5)
    return Verdict("holds" if holds else "does not hold", sentence)


def picture(results: Results, figure: "Figure") -> None:
    """Draw the weights and the rectifiers."""
    draw_stacks(results, figure, {"stack": 18, "single": 25})


CLAIM = Counted(
    "two_3x3",
    rule="It holds if networks built from these convolutions have exactly 18 C^2 and 25 C^2 weights, for every C "
    "tried, and the same receptive field.",
    find=find,
    decide=decide,
    picture=picture,
)
