"""VGG, Section 2.3: three convolutions of 3x3 see what one of 7x7 sees, with 27 C^2 weights instead of 49 C^2."""

from typing import TYPE_CHECKING

from .claim import Counted, Results, Settings
from .judging import Verdict
from .stacks import compare, draw_stacks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def find(settings: Settings) -> Results:
    """Count three 3x3 and one 7x7."""
    return compare(3, 7)


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    stack, single = results["stack"], results["single"]
    sentence = (
        f"Three 3x3 convolutions have {stack['per_c2']:g} C^2 weights and one of 7x7 has {single['per_c2']:g} C^2, "
        f"{100 * (single['per_c2'] / stack['per_c2'] - 1):.0f} % more; both see {stack['field']} x {stack['field']} "
        f"pixels, with {stack['rectifiers']} rectifiers and {single['rectifiers']}."
    )
    holds = (stack["per_c2"], single["per_c2"], stack["field"], single["field"]) == (27, 49, 7, 7)
    return Verdict("holds" if holds else "does not hold", sentence)


def picture(results: Results, figure: "Figure") -> None:
    """Draw the weights and the rectifiers."""
    draw_stacks(results, figure, {"stack": 27, "single": 49})


CLAIM = Counted(
    "three_3x3",
    rule="It holds if networks built from these convolutions have exactly 27 C^2 and 49 C^2 weights, for every C "
    "tried, and the same receptive field.",
    find=find,
    decide=decide,
    picture=picture,
)
