"""`lit-cnns verify RUN`: does a run, finished or not, do what its recipe promises?"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lit_cnns.verification import Expectation, Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Hold a run, finished or still running, against what its recipe expects. The exit status is 0 for a run on "
        "course or as expected, 1 for one that is off, 2 for what is no run. docs/training.md has the rules."
    )
    parser.add_argument("run", help="a folder runs/<name>/version_<n>, a checkpoint, or best or last for the newest")


def run(arguments: argparse.Namespace) -> int:
    from lit_cnns.verification import changed, findings, followed, held_to, network, read, verdict

    this = read(_place(arguments.run))
    module = network(this)
    name, recipe = followed(this, module) or ("none that ships", None)
    expected, comparable = held_to(this, recipe)
    found = findings(this, module, expected if comparable else None)
    _line("run", str(this.folder))
    _line("recipe", name)
    for setting, (there, here) in changed(this, recipe).items() if recipe else ():
        _line("changed", f"{setting}: {_short(there)} in the recipe, {_short(here)} here")
    _line("state", _state(this))
    for finding in found:
        _line(finding.rule, finding.text)
    for text in _about(this, expected, comparable, any(finding.rule == "figure" for finding in found)):
        _line("expected", text)
    sentence, status = verdict(found, this.ended)
    _line("verdict", sentence)
    return status


def _place(word: str) -> Path:
    from lit_cnns.runs import resolve

    if not Path(word).exists() and word not in ("best", "last", "auto"):
        raise ValueError(
            f"There is no run at {word}: give a folder runs/<name>/version_<n>, a checkpoint, best or last."
        )
    return Path(word) if Path(word).exists() else resolve(word) or Path("runs")


def _line(head: str, text: str) -> None:
    print(f"{head:<11}{text}")


def _short(value: Any) -> str:
    text = "unset" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _state(this: "Run") -> str:
    if this.own:
        return f"{this.state}, which says of itself: {', '.join(f'{k} {v:.4g}' for k, v in this.own.items())}"
    if not this.rows:
        return f"{this.state}: nothing logged yet"
    total = "" if this.total_epochs == float("inf") else f" of {this.total_epochs:g}"
    sentence = f"{this.state}: {this.epochs}{total} epochs validated, {this.steps} steps"
    if this.state == "running":
        sentence += f"; last line {(time.time() - this.written) / 60:.0f} minutes ago"
    return sentence


def _about(this: "Run", expected: "Expectation | None", comparable: bool, reached: bool) -> Iterator[str]:
    """What is expected in the end, and why it is not held against the run."""
    if expected is None:
        yield "nothing is known of this recipe"
    elif not expected.figures:
        yield expected.source
    else:
        figures = ", ".join(f"{name.replace('top', 'top-')} {value:g}%" for name, value in expected.figures.items())
        yield f"{figures} by {expected.protocol} on {expected.pictures:,} {expected.split} pictures ({expected.source})"
        if not comparable:
            yield "not held against this run, whose data or length are not the recipe's"
        elif this.ended and not reached:
            command = expected.command(str(this.checkpoint))
            yield f"not measured yet: {command}" if command else "a protocol that `lit-cnns test` does not have"
