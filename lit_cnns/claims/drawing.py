"""How figures look: for a lecture, in colours that colour-blind people tell apart, with the paper's figures marked."""

import textwrap
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
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "lit-cnns",
}


def new_figure(title: str = "") -> "Figure":
    """An empty figure for one or two panels side by side, under a title that is wrapped where it is long.

    Raises:
        ValueError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ValueError("Figures need the package matplotlib: pip install 'lit-cnns[claims]'.") from error
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        if title:
            figure.suptitle("\n".join(textwrap.wrap(title, 92)), fontsize=13, x=0.01, ha="left")
        return figure


def panels(figure: "Figure", count: int = 1) -> list["Axes"]:
    """Panels side by side, in our style."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        return [figure.add_subplot(1, count, place + 1) for place in range(count)]


def mark_paper(axes: "Axes", value: float, text: str, upright: bool = False) -> None:
    """A dashed line at the paper's figure, with its words."""
    draw = axes.axvline if upright else axes.axhline
    draw(value, color=PAPER, linestyle="--", linewidth=1.2)
    axes.annotate(
        text,
        (value, 0.98) if upright else (0.99, value),
        xycoords=("data", "axes fraction") if upright else ("axes fraction", "data"),
        xytext=(4, 0) if upright else (0, 3),
        textcoords="offset points",
        color=PAPER,
        ha="left" if upright else "right",
        va="top" if upright else "bottom",
        fontsize=10,
    )


def save(figure: "Figure", folder: Path) -> None:
    """Write `figure.svg` and `figure.png`; the same figure gives the same bytes."""
    import io

    from matplotlib import rc_context

    for suffix, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        with rc_context(STYLE):
            figure.savefig(buffer, format=suffix, dpi=110, metadata=metadata)
        write_whole(buffer.getvalue(), folder / f"figure.{suffix}")
