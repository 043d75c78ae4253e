"""Bars with intervals and confusion matrices as HTML. Nothing is told by colour alone, and all names are escaped."""

from collections.abc import Sequence
from html import escape
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lit_cnns.evaluation import Comparison

LARGEST_TABLE = 20  # classes of a confusion matrix that can be read; of more, the commonest confusions are listed
CONFUSIONS = 12
SHORT = 3  # letters of a class's name that need not be turned at the head of a column


def whisker(share: float, low: float, high: float) -> str:
    """A bar of a share with the interval in which it lies."""
    return (
        f'<span class="lab-bar lab-whisker" aria-hidden="true"><i style="width:{100 * share:.2f}%"></i>'
        f'<em style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></em></span>'
    )


def confusions(comparison: "Comparison", name: str) -> str:
    """A network's answers by label, as a table shaded by share; of many classes, the commonest confusions."""
    table = comparison.confusion(name)
    names = [*comparison.class_names, "none of these"]
    if len(comparison.class_names) > LARGEST_TABLE:
        wrong = table.clone()
        wrong[:, :-1].fill_diagonal_(0)
        counts, places = wrong.flatten().topk(min(CONFUSIONS, wrong.numel()))
        rows = "".join(
            f"<li><b>{escape(names[place // len(names)])}</b> called {escape(names[place % len(names)])}: {count}</li>"
            for count, place in zip(counts.tolist(), places.tolist(), strict=True)
            if count
        )
        return f"<p>The commonest of {len(comparison.class_names)} classes:</p><ul>{rows}</ul>"
    if not table[:, -1].any():
        table, names = table[:, :-1], names[:-1]
    upright = ' class="lab-upright"' if max(map(len, names)) <= SHORT else ""
    head = "".join(f'<th scope="col"><span{upright}>{escape(name)}</span></th>' for name in names)
    body = ""
    for label, row in enumerate(table.tolist()):
        cells = "".join(_cell(count, sum(row), label, column, names) for column, count in enumerate(row))
        body += f'<tr><th scope="row">{escape(names[label])}</th>{cells}</tr>'
    return (
        f'<div class="lab-scroll"><table class="lab-confusion"><caption>Rows: what it is. Columns: what is answered. '
        f"Shades: the square root of the share of the row.</caption><thead><tr><td></td>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(count: int, whole: int, label: int, column: int, names: Sequence[str]) -> str:
    shade = sqrt(count / whole) if whole else 0.0
    kind = " ".join(word for word, holds in (("lab-strong", shade > 0.6), ("lab-diagonal", label == column)) if holds)
    words = escape(f"{count} of {whole}: {names[label]} called {names[column]}")
    return f'<td class="{kind}" style="--share:{100 * shade:.0f}%" title="{words}">{count or ""}</td>'


def classes(comparison: "Comparison", name: str) -> str:
    """A bar of what is right of each class; of many classes, those with the least."""
    from lit_cnns.evaluation import interval

    shares = list(zip(comparison.class_names, comparison.by_class(name), strict=True))
    there = [(title, right, count) for title, (right, count) in shares if count]
    note = ""
    if len(there) > LARGEST_TABLE:
        note = f"<p>The {LARGEST_TABLE} of {len(there)} classes with least right:</p>"
        there = sorted(there, key=lambda row: row[1] / row[2])[:LARGEST_TABLE]
    rows = "".join(
        f'<li><span class="lab-class">{escape(title)}</span><span class="lab-value">{right} of {count}</span>'
        f"{whisker(right / count, *interval(right, count))}</li>"
        for title, right, count in there
    )
    return f'{note}<ol class="lab-classes">{rows}</ol>'
