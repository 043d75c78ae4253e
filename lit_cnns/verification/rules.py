"""The rules that a run is held to, one function each."""

import math
from statistics import mean
from typing import NamedTuple

from lit_cnns.classifier import LitClassifier
from lit_cnns.optimisation import plateau, rate_rule
from lit_cnns.recipes import settings
from lit_cnns.verification.expectation import Expectation
from lit_cnns.verification.run import Run

DEAD_AFTER, LEARNT = 5000, 0.99
EARLY = 3


class Finding(NamedTuple):
    """What one rule says of a run."""

    rule: str
    text: str
    fine: bool = True


def losses(run: Run) -> Finding:
    """Every loss that was logged is finite."""
    last = {}
    for row in run.rows:
        for name in ("train/loss", "val/loss"):
            if name in row:
                last[name] = row[name]
                if not math.isfinite(row[name]):
                    return Finding("loss", f"{name} is {row[name]} at step {row.get('step', 0):.0f}", False)
    return Finding("loss", ", ".join(f"{name} {value:.4g}" for name, value in last.items()) or "none logged yet")


def start(run: Run, module: LitClassifier) -> Finding | None:
    """After 5,000 steps, or a tenth of a shorter run, the training loss is below that of guessing by a hundredth.

    The mean of the last three that were logged counts; None where there are not three, or guessing has no fixed loss.
    """
    logged, chance = [row["train/loss"] for row in run.rows if "train/loss" in row], module.chance_loss
    if chance is None or len(logged) < 3 or not all(map(math.isfinite, logged)):
        return None
    recent, after = mean(logged[-3:]), min(DEAD_AFTER, run.total_steps / 10)
    said = f"training loss {recent:.3f}, guessing {chance:.3f}"
    if recent <= LEARNT * chance:
        return Finding("start", f"learning: {said}")
    if run.steps < after:
        return Finding("start", f"nothing learnt yet: {said}; {after:.0f} steps are allowed")
    return Finding("start", f"dead, {said} after {run.steps} steps", False)


def rates(run: Run, module: LitClassifier) -> Finding | None:
    """Every learning rate that was logged is within a hundredth of the schedule's for its step.

    None where none was logged, or optimiser or schedule are not the class's own.
    """
    logged = [(int(row["step"]), row["lr"] / module.lr) for row in run.rows if "lr" in row and "step" in row]
    if not logged or run.config.get("optimizer") or run.config.get("lr_scheduler"):
        return None
    name, arguments = module.schedule, module.schedule_args
    if name == "plateau":
        return _cuts([factor for _, factor in logged], *plateau(**arguments)[::2])
    if run.steps_per_epoch is None:
        return Finding("rate", "held against the schedule when the first epoch has ended")
    rule = rate_rule(name, arguments, run.total_steps, run.steps_per_epoch)
    for at, factor in logged:
        if abs(factor - rule(at)) > 0.01 * abs(rule(at)) + 1e-6:
            here, there = factor * module.lr, rule(at) * module.lr
            return Finding("rate", f"{here:.4g} at step {at}, where the schedule {name} says {there:.4g}", False)
    return Finding("rate", f"{logged[-1][1] * module.lr:.4g}, always as the schedule {name} says")


def _cuts(factors: list[float], factor: float, cuts: int) -> Finding:
    made = 0
    for share in factors:
        now = math.log(share) / math.log(factor)
        if abs(now - round(now)) > 0.01 or not made <= round(now) <= cuts:
            return Finding("rate", f"{share:.4g} of lr, which {cuts} cuts to {factor:g} do not make", False)
        made = round(now)
    return Finding("rate", f"{made} of {cuts} cuts made on the plateau")


def milestones(run: Run, expected: Expectation) -> list[Finding]:
    """At each epoch of `by_epoch` the best validation so far is at most three tolerances below, beyond chance."""
    found = []
    for epoch, figure in sorted((int(epoch), figure) for epoch, figure in expected.by_epoch.items()):
        if epoch <= run.epochs:
            best = 100 * max(row["val/top1"] for at, row in run.validations.items() if at <= epoch)
            least = expected.least(figure, EARLY)
            text = f"epoch {epoch}: top-1 {best:.2f}, expected {figure:.2f} (off below {least:.2f})"
            found.append(Finding("milestone", text, best >= least))
    return found


def measured(run: Run, expected: Expectation) -> dict[str, float]:
    """Top-1 and top-5 in percent as they are expected: by which protocol, on how many pictures of which data.

    The last such evaluation of one of the run's checkpoints counts, else a finished run's own last validation; empty
    where there is neither. A checkpoint without its run knows its figures by the central crop.
    """
    if run.own and expected.protocol == "center":
        own = {name: run.own.get(f"{expected.split}/{name}") for name in ("top1", "top5")}
        return {name: 100 * value for name, value in own.items() if value is not None}
    for row in reversed(run.tests):
        same = (row["protocol"], row["pictures"]) == (expected.protocol, str(expected.pictures))
        sides = [int(side) for side in row["scales"].split()]
        if same and row["data"] == settings(run.config).get("data") and expected.scales in ([], sides):
            return {name: 100 * float(row[name]) for name in ("top1", "top5")}
    if (expected.split, expected.protocol) == ("val", "center") and run.state == "finished" and run.epochs:
        return {name: 100 * run.validations[run.epochs][f"val/{name}"] for name in ("top1", "top5")}
    return {}


def figures(found: dict[str, float], expected: Expectation) -> list[Finding]:
    """Top-1 and top-5 at the end are at most the tolerance below, beyond chance."""
    findings = []
    for name, figure in expected.figures.items():
        if name not in found:
            continue
        least = expected.least(figure)
        text = f"{name} {found[name]:.2f} by {expected.protocol}, expected {figure:.2f} (off below {least:.2f})"
        findings.append(Finding("figure", text, found[name] >= least))
    return findings


def verdict(findings: list[Finding], ended: bool) -> tuple[str, int]:
    """The last line and the exit status: off where any rule says so."""
    wrong = [finding for finding in findings if not finding.fine]
    if wrong:
        return "off: " + "; ".join(f"{rule}, {text}" for rule, text, _ in wrong), 1
    if ended and any(finding.rule == "figure" for finding in findings):
        return "as expected", 0
    return ("on course; its end is held against no figure" if ended else "on course"), 0
