"""How figures look: for a lecture, in colours that colour-blind people tell apart, with the paper's figures marked."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_cnns.checkpoint_io import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe and Ito 2008
PAPER = "#444444"
STYLE: Any = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "lit-cnns",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in our style, from an empty figure to the saved one; matplotlib has its own again afterwards.

    Raises:
        ValueError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
    except ImportError as error:
        raise ValueError("Figures need the package matplotlib: pip install 'lit-cnns[claims]'.") from error
    with rc_context(STYLE):
        yield


def new_figure(title: str = "") -> "Figure":
    """An empty figure for a panel or a few side by side, under a title whose lines are wrapped where they are long."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    lines = [line for long in title.splitlines() for line in textwrap.wrap(long, 108)]
    if lines:
        figure.suptitle("\n".join(lines), fontsize=13, x=0.01, ha="left")
    return figure


def panels(figure: "Figure", count: int = 1) -> list["Axes"]:
    """Panels side by side."""
    return [figure.add_subplot(1, count, place + 1) for place in range(count)]


def mark_paper(axes: "Axes", value: float, text: str) -> None:
    """An upright dashed line at the paper's figure, with its words."""
    axes.axvline(value, color=PAPER, linestyle="--", linewidth=1.2)
    axes.annotate(
        text,
        (value, 0.98),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        color=PAPER,
        va="top",
        fontsize=10,
    )


def save(figure: "Figure", folder: Path) -> None:
    """Write `figure.svg` and `figure.png`; the same figure gives the same bytes."""
    import io

    for suffix, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, dpi=200, metadata=metadata)
        write_whole(buffer.getvalue(), folder / f"figure.{suffix}")
