"""The page "paper, ours, torchvision, timm": counts side by side and every difference explained.

The counts and the reasons are `crosschecks` and notes of lit_cnns/papers/*.yaml, the logits those of weights.md.
`python docs/networks.py` writes it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lit_cnns import papers

Row = dict[str, Any]
LIBRARIES = ("torchvision", "timm")
LOGITS = Path(__file__).parent / "weights.md"


def plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return re.sub(r"([*<|~$])", r"\\\1", text)


class Figure(NamedTuple):
    """A count as a paper prints it: its words, and how large it says the count is, where it is a number."""

    words: str
    value: float | None = None
    step: float = 1  # of its last digit

    def agrees(self, count: int) -> bool:
        """Whether the count is printed so: it rounds to the figure."""
        return self.value is not None and abs(count - self.value) <= self.step / 2


def stated(row: Row, kind: str) -> Figure | None:
    """What the paper (or a later one, of this network) prints for `params` or `macs`."""
    said, of = row[kind], ""
    printed = next((said[key] for key in ("paper", "paper_table_sum", "paper_text") if said.get(key)), None)
    if "paper_millions" in said:
        printed = f"{said['paper_millions']} million"
    if "paper_resnet" in said:
        printed, of = said["paper_resnet"], " (ResNet's paper)"
    if isinstance(printed, dict):
        printed, of = f"{printed['value']:.1e}".replace("e+0", "e"), " (not confirmed)"
    if printed is None:
        return None
    found = re.match(r"([\d.]+)(e\d+| million|M|K)?(?![\d%])", str(printed))
    if not found:
        return Figure(str(printed))
    unit = {None: 1.0, " million": 1e6, "M": 1e6, "K": 1e3}.get(found[2]) or float(f"1{found[2]}")
    decimals = len(found[1].partition(".")[2])
    return Figure(found[0] + of, float(found[1]) * unit, unit / 10**decimals)


def namesakes(row: Row, library: str) -> list[Row]:
    """The networks of a library that the row is compared with, each without its auxiliary heads."""
    checks = [check for check in row.get("crosschecks", []) if check.get("impl", "").startswith(f"{library}.")]
    return [check for check in checks if "+" not in check["impl"]]


def reasons(row: Row) -> list[str]:
    """A sentence for every figure of a row that differs from ours.

    Raises:
        ValueError: a figure differs and nobody has said why.
    """
    found = []
    for kind, name in (("params", "parameters"), ("macs", "MACs")):
        figure = stated(row, kind)
        if figure and not figure.agrees(row[kind]["total"]):
            note = row[kind].get("note")
            if not note:
                raise ValueError(f"{row['name']}: the paper's {figure.words} {name} differ; `{kind}` has no note why.")
            words = f"in words, {figure.words}" if figure.value is None else figure.words
            found.append(f"the paper's {name}, {words}: {note}")
    said: dict[str, list[str]] = {}
    for check in (check for library in LIBRARIES for check in namesakes(row, library)):
        if not check["same"] or any(check[kind] != row[kind]["total"] for kind in ("params", "macs")):
            if not check.get("why"):
                raise ValueError(f"{row['name']}: {check['impl']} differs, and `crosschecks` has no reason.")
            said.setdefault(check["why"], []).append(f"`{check['impl']}`")
    found += [f"{', '.join(theirs)}: {why}" for why, theirs in said.items()]
    return found


def logits() -> dict[str, str]:
    """Library's name of a network to the largest relative difference of its logits from ours, in double precision."""
    return dict(re.findall(r"^\| `(\w+/\w+)` \|[^|]*\|[^|]*\| ([\d.e+-]+) \|", LOGITS.read_text(), re.MULTILINE))


def counted(row: Row, kind: str) -> str | None:
    """A row of the table of `params` or `macs`; none where there is nothing to compare."""
    figure, ours = stated(row, kind), row[kind]["total"]
    theirs = [namesakes(row, library) for library in LIBRARIES]
    if figure is None and not any(theirs):
        return None
    paper = "" if figure is None else figure.words if figure.value is not None else "in words"
    shown = ["equal" if x and x[0][kind] == ours else f"{x[0][kind]:,}" if x else "" for x in theirs]
    return f"| [`{row['name']}`]({row['family']}.md#{row['name']}) | {paper} | {ours:,} | {shown[0]} | {shown[1]} |"


def functions() -> Iterator[str]:
    """A row for each network with the function of one elsewhere."""
    measured = logits()
    for name, row in papers.rows().items():
        for library in LIBRARIES:
            for check in namesakes(row, library):
                if check["same"]:
                    source = check["impl"].replace(".", "/", 1)
                    yield f"| `{name}` | `{source}` | {measured[source]} |"


TEXT = """# Paper, ours, torchvision, timm

<!-- made by `python docs/networks.py` from lit_cnns/papers/*.yaml and docs/weights.md: not to be edited -->

Counts of every network that its paper gives a figure for, or that torchvision or timm has a network of the same name
or function for. **paper** is the paper's own figure, as printed. **ours** is counted on the network as it is built
here, without auxiliary heads. **torchvision** and **timm** are counted in the same way on their networks, as they
are built today; `equal` means to the last digit. Equal counts are not yet an equal function: a stride in another
place costs no parameter. Hence the third table.

`tests/weights/test_namesakes.py` builds their networks and compares each figure; where one differs, a reason must be
there.

"""


FUNCTION = """
## The same function

Largest difference of the logits, as a share of the largest logit, for equal weights on two photographs, in double
precision; 0 but for rounding. torchvision's Inception v3 takes pictures in another normalisation than ours, and both
were rounded to single precision first: hence its larger figure.
[Weights](../weights.md#are-they-the-same-networks) says how it was measured.

| ours | theirs | logits differ by |
|---|---|--:|"""
ALONE = "## Nothing to compare with\n\nNeither a figure in the paper nor a namesake: "


def page() -> str:
    rows = papers.rows().values()
    lines = []
    for kind, head in (("params", "Parameters"), ("macs", "Multiply-accumulates for one picture")):
        lines += [f"## {head}\n", "| network | paper | ours | torchvision | timm |", "|---|---|--:|--:|--:|"]
        lines += [*filter(None, (counted(row, kind) for row in rows)), ""]
    lines += ["## Why they differ\n"]
    for row in rows:
        if found := reasons(row):
            lines += [f"- `{row['name']}`", *(f"  - {plain(reason)}." for reason in found)]
    alone = [f"`{row['name']}`" for row in rows if not counted(row, "params") and not counted(row, "macs")]
    lines += [FUNCTION, *functions(), f"\n{ALONE}{', '.join(alone)}."]
    return TEXT + "\n".join(lines) + "\n"
