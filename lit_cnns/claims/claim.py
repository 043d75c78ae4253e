"""What a claim is: a statement of a paper, how it is measured, by which rule it is judged, and its figure."""

import itertools
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lit_cnns import papers

from .judging import Interval, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Budget = Literal["quick", "standard", "full"]
Kind = Literal["counting", "looking", "training"]
Report = Callable[[str], None]
Results = Mapping[str, Any]
RESULTS = "results.json"
NO_BREAK = "\N{NO-BREAK SPACE}"  # which keeps a number with its interval on one line


@dataclass(frozen=True)
class Settings:
    """How a claim is run.

    Args:
        folder: where runs, results and figures go; what is there already is not run again.
        budget: quick takes minutes on two cores, standard up to an hour, full is the paper's scale for a GPU.
        data: a folder with CIFAR-10 or with folders of small pictures, where the claim trains.
        seeds: runs of each arm; None for as many as the budget has.
        report: is told, line by line, what has been done.
        more: is told when there will be a line more than `Claim.steps` says.
    """

    folder: Path
    budget: Budget = "quick"
    data: str = "data"
    seeds: int | None = None
    report: Report = print
    more: Callable[[], None] = lambda: None


class Claim(Protocol):
    """A statement and its check; each lies in a file of its own."""

    @property
    def id(self) -> str:
        """Its row in `papers/claims.yaml`."""

    @property
    def kind(self) -> Kind:
        """Whether it is checked by counting, by looking or by training."""

    @property
    def rule(self) -> str:
        """How results become a verdict, in words."""

    @property
    def needs_data(self) -> bool:
        """Whether it is checked on the pictures of `Settings.data`."""

    def steps(self, settings: Settings) -> int:
        """How often `measure` reports, if it need not look further for learning rates."""

    def measure(self, settings: Settings) -> Results:
        """Find the results, in plain values."""

    def judge(self, results: Results) -> Verdict:
        """Apply the rule."""

    def draw(self, results: Results, figure: "Figure") -> None:
        """Draw the results beside the paper's figures."""


@dataclass(frozen=True)
class Counted:
    """A claim that is checked by counting, or by looking at networks that are not trained for it: exact or quick.

    Args:
        id: its row in `papers/claims.yaml`.
        rule: how results become a verdict.
        find: gives the results.
        decide: applies the rule.
        picture: draws.
        kind: counting or looking.
        needs_data: whether it looks at networks that are trained on the pictures of `Settings.data`.
        reports: how often it reports.
    """

    id: str
    rule: str
    find: Callable[[Settings], Results]
    decide: Callable[[Results], Verdict]
    picture: Callable[[Results, "Figure"], None]
    kind: Kind = "counting"
    needs_data: bool = False
    reports: Callable[[Settings], int] = lambda settings: 0

    def steps(self, settings: Settings) -> int:
        return self.reports(settings)

    def measure(self, settings: Settings) -> Results:
        return self.find(settings)

    def judge(self, results: Results) -> Verdict:
        return self.decide(results)

    def draw(self, results: Results, figure: "Figure") -> None:
        self.picture(results, figure)


def statement(id: str) -> dict[str, Any]:
    """The row of `papers/claims.yaml`: `claim`, `paper_says`, `where`, `verdict` (of the quotation) and more."""
    return next(row for row in papers.claims()["claims"] if row["id"] == id)


def headline(id: str) -> str:
    """The statement as a sentence begins."""
    said: str = statement(id)["claim"]
    return f"{said[:1].upper()}{said[1:]}"


def run(claim: Claim, settings: Settings) -> Verdict:
    """Measure, judge and draw; leaves `results.json`, `figure.svg`, `figure.png` and `verdict.md` in the folder.

    Raises:
        ValueError: the folder has the results of another claim.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    if (kept := read(settings.folder)) and kept["claim"] != claim.id:
        raise ValueError(f"{settings.folder} has the results of {kept['claim']}: give another --folder.")
    results = claim.measure(_counting(claim, settings))
    budget = settings.budget if claim.needs_data else None
    return _leave(claim, {"budget": budget, "conditions": conditions(), "results": results}, settings.folder)


def renew(claim: Claim, folder: Path) -> Verdict:
    """Judge and draw the results in a folder anew: rules and figures may have changed since they were measured.

    Raises:
        ValueError: nothing was finished there.
    """
    kept = read(folder)
    if kept is None:
        raise ValueError(f"There is no {RESULTS} in {folder}; `lit-cnns claim {claim.id} --folder {folder}` makes it.")
    return _leave(claim, kept, folder)


def _leave(claim: Claim, found: Mapping[str, Any], folder: Path) -> Verdict:
    from lit_cnns.checkpoint_io import write_whole

    results = found["results"]
    verdict = claim.judge(results)
    kept = {
        "claim": claim.id,
        "budget": found["budget"],
        "verdict": {
            "word": verdict.word,
            "sentence": verdict.sentence,
            "value": verdict.value and asdict(verdict.value),
            "unit": verdict.unit,
        },
        "conditions": found["conditions"],
        "results": results,
    }
    write_whole(json.dumps(kept, indent=1).encode(), folder / RESULTS)
    draw(claim, results, folder)
    write_whole(paragraph(claim, verdict, results).encode(), folder / "verdict.md")
    return verdict


def _counting(claim: Claim, settings: Settings) -> Settings:
    """With reports that begin with the claim, and how many of how many have come."""
    numbers, total = itertools.count(1), claim.steps(settings)

    def report(line: str) -> None:
        settings.report(f"{claim.id}, {next(numbers)} of {total}: {line}")

    def more() -> None:
        nonlocal total
        total += 1

    return replace(settings, report=report, more=more)


def draw(claim: Claim, results: Results, folder: Path) -> None:
    """Write `figure.svg` and `figure.png` of results, under the statement and its verdict."""
    from .drawing import new_figure, save, styled

    with styled():
        figure = new_figure(f"{headline(claim.id).replace('^2', '²')}\n{_found(claim.judge(results), results)}")
        claim.draw(results, figure)
        save(figure, folder)


def _found(verdict: Verdict, results: Results) -> str:
    """The verdict with the number that it was decided by, and the data."""
    number = f": {verdict.value.text(verdict.unit)}" if verdict.value else ""
    data = f" on {results['data'].split(', ')[-1]}" if results.get("data") else ""
    return f"Verdict{data}: {verdict.word}{number.replace(' ', NO_BREAK).replace(NO_BREAK, ' ', 1)}"


def read(folder: Path) -> dict[str, Any] | None:
    """What an earlier run left in a folder; None where nothing was finished."""
    path = folder / RESULTS
    return json.loads(path.read_text()) if path.is_file() else None


def verdict_of(kept: Mapping[str, Any]) -> Verdict:
    """The verdict in what `read` gives."""
    found = kept["verdict"]
    return Verdict(**{**found, "value": Interval(**found["value"]) if found["value"] else None})


def paragraph(claim: Claim, verdict: Verdict, results: Results) -> str:
    """The finding in a paragraph."""
    data = f"Data: {results['data']}. " if results.get("data") else ""
    return (
        f"**{headline(claim.id)}** ({statement(claim.id)['where']}). {verdict.sentence} {data}"
        f"Verdict: **{verdict.word}**. Rule: {claim.rule}\n"
    )


def conditions() -> dict[str, str]:
    """What results depend on beside their seeds."""
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return {"torch": torch.__version__, "python": platform.python_version(), "device": device}
