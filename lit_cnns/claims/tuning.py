"""Each arm at its own best learning rate, which is looked for beyond a scale's rates where it lies at their edge."""

import math
from collections.abc import Callable, Sequence

from .arms import Run

FURTHER = 3  # rates beyond those of a scale, at most


def tune(
    rates: Sequence[float], run: Callable[[float], Run], by: Callable[[Run], float], more: Callable[[], None]
) -> list[Run]:
    """Run each rate, and further ones while the best is the lowest or the highest of several.

    Args:
        rates: that are run whatever comes, each the same factor from the next, about.
        run: runs one.
        by: figure of a run, smaller is better.
        more: is called before each further one.

    Returns:
        The runs, the best first.
    """

    def figure(one: Run) -> float:
        found = by(one)
        return math.inf if math.isnan(found) else found

    runs = [run(rate) for rate in sorted(rates)]
    while 1 < len(runs) < len(rates) + FURTHER:
        best = min(runs, key=figure)
        if best not in (runs[0], runs[-1]):
            break
        more()
        edge, inner = runs[:2] if best is runs[0] else runs[:-3:-1]
        runs = sorted([*runs, run(_beyond(edge.rate, inner.rate))], key=lambda one: one.rate)
    return sorted(runs, key=figure)


def _beyond(edge: float, inner: float) -> float:
    """As far from the edge as that is from its neighbour, in factors, to one digit."""
    return float(f"{edge * edge / inner:.1g}")
