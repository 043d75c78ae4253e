"""Plots as SVG: points that can be pointed at, reached by the keyboard and read in light and dark."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 44, 26
# in a gr.HTML of plots: Tab comes to one point of each, and the arrows lead on from there
WALK = """
const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity };
const pointsBeside = (point) => [...point.parentNode.querySelectorAll(".point")];
element.addEventListener("focusin", ({ target }) => {
  for (const point of pointsBeside(target)) point.tabIndex = point === target ? 0 : -1;
});
element.addEventListener("keydown", (event) => {
  if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const points = pointsBeside(event.target), place = points.indexOf(event.target) + steps[event.key];
  points[Math.max(0, Math.min(place, points.length - 1))].focus();
});
"""


@dataclass(frozen=True)
class Point:
    """A mark of a plot.

    Args:
        x: where it stands, in the units of the axis.
        y: its value.
        told: what the reading line says while it is pointed at.
        kind: a class of its mark: network, winner, main, second, now.
        key: what is chosen when it is pressed; empty for nothing.
    """

    x: float
    y: float
    told: str
    kind: str = "network"
    key: str = ""


@dataclass(frozen=True)
class Axis:
    """One axis.

    Args:
        low: its start.
        high: its end.
        ticks: values and what is written there.
        logarithmic: whether equal steps are equal factors.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value stands, 0 at the start and 1 at the end."""
        scale: Callable[[float], float] = math.log10 if self.logarithmic else float
        low, high = scale(self.low), scale(self.high)
        return (scale(value) - low) / ((high - low) or 1)


def powers(low: float, high: float) -> Axis:
    """A logarithmic axis around some values, with a tick at each power of ten or a hundred."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = 1 if last - first <= 4 else 2
    ticks = tuple((10.0**power, _power(power)) for power in range(first, last + 1, step))
    return Axis(10.0**first, 10.0**last, ticks, logarithmic=True)


def steps(low: float, high: float, count: int = 5) -> Axis:
    """A linear axis from `low` on with ticks at round values."""
    size = 10 ** math.floor(math.log10(max(high - low, 1e-9) / count))
    size *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (size * factor) <= count)
    first, last = math.floor(low / size), math.ceil(high / size)
    return Axis(first * size, last * size, tuple((n * size, f"{n * size:g}") for n in range(first, last + 1)))


def plot(
    title: str,
    points: Sequence[Point],
    x: Axis,
    y: Axis,
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]] = (),
    chosen: str = "",
) -> str:
    """A plot as SVG; what is pointed at, or reached by the keyboard, is read out above it.

    Args:
        title: what is plotted, with its unit.
        points: what can be pointed at; one further right lies over its neighbour, and follows it by the keyboard.
        x: the axis below.
        y: the axis at the left.
        lines: (kind, places) each, under the points.
        chosen: the key of the points to mark.
    """

    def place(at: tuple[float, float]) -> tuple[float, float]:
        across = LEFT + x.share(at[0]) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - y.share(at[1]) * (HEIGHT - TOP - BOTTOM)

    grid = [
        f'<path class="grid" d="M{LEFT} {place((x.low, value))[1]:.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{place((x.low, value))[1] + 4:.1f}">{escape(label)}</text>'
        for value, label in y.ticks
    ]
    below = [
        f'<text class="tick below" x="{place((value, y.low))[0]:.1f}" y="{HEIGHT - 8}">{escape(label)}</text>'
        for value, label in x.ticks
    ]
    drawn = [
        f'<path class="line {kind}" d="M{" ".join(f"{a:.1f} {b:.1f}" for a, b in map(place, places))}"/>'
        for kind, places in lines
        if len(places) > 1
    ]
    in_order = sorted(points, key=lambda point: point.x)
    entry = next((point for point in in_order if point.kind == "now" or point.key == chosen != ""), in_order[0])
    marks = [_mark(p, *place((p.x, p.y)), p.key == chosen != "", p is entry) for p in in_order]
    return (
        f'<svg class="lab-plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{escape(title)}">'
        f'<text class="heading" x="2" y="14">{escape(title)}</text>'
        f"{''.join([*grid, *below, *drawn, *marks])}</svg>"
    )


def _mark(point: Point, x: float, y: float, is_chosen: bool, is_entry: bool) -> str:
    press = f' data-key="{escape(point.key)}" role="button"' if point.key else ' role="img"'
    shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if is_chosen else 4.5}"/>'
    if point.kind == "winner":
        shape = f'<path d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>'
    told = escape(point.told)
    return (
        f'<g class="point {point.kind}{" chosen" if is_chosen else ""}" tabindex="{0 if is_entry else -1}" '
        f'aria-label="{told}"{press}>'
        f'{shape}<text class="reading" x="2" y="32">{told}</text></g>'
    )


def _power(power: int) -> str:
    names = {0: "1", 1: "10", 2: "100", 3: "1 k", 4: "10 k", 5: "100 k", 6: "1 M", 7: "10 M", 8: "100 M", 9: "1 G"}
    return names.get(power) or (f"{10 ** (power - 9)} G" if power > 9 else f"{10.0**power:g}")
