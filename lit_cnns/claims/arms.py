"""What is compared by training: arms that differ in one thing, how much is spent, and what each run measured."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from .claim import Results

Point = dict[str, float]
TUNING_SEED = 1000
COSINE = {"schedule": "cosine", "schedule_args": {"warmup": 1}}


@dataclass(frozen=True)
class Arm:
    """One side of a comparison.

    Args:
        name: as figures and sentences have it.
        network: a name of `LINEAGE`.
        arguments: of its LightningModule.
        data: arguments of the data in which this arm differs.
        change: what is done to the network before it starts.
        central: it is trained on the middle of each picture, as it is tested; where pictures are larger than what the
            networks take, the others are trained on random parts of them.
    """

    name: str
    network: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[nn.Module], None] | None = None
    central: bool = False


@dataclass(frozen=True)
class Scale:
    """How much is spent.

    Args:
        epochs: passes over the training pictures.
        rates: learning rates that are tried for each arm, with a seed of their own.
        pictures: how many training pictures; None for all but those held out.
        tuning_epochs: passes while rates are tried; None for `epochs`.
        seeds: runs of each arm at its best rate.
        batch: pictures a step.
    """

    epochs: int
    rates: tuple[float, ...]
    pictures: int | None = None
    tuning_epochs: int | None = None
    seeds: int = 3
    batch: int = 128


@dataclass(frozen=True)
class Run:
    """One training, and what it measured.

    Args:
        arm: name of the arm.
        rate: its learning rate.
        seed: of weights, order and augmentation; `TUNING_SEED` where it only looked for the best rate.
        curve: after each epoch: `epoch`, `step`, `train_loss`, `train_error` and `held_error`, errors in percent.
        test_error: percent of the test pictures, at the end.
        seconds: how long it took.
    """

    arm: str
    rate: float
    seed: int
    curve: list[Point]
    test_error: float
    seconds: float


Runs = Mapping[str, list[Run]]


def last(run: Run, figure: str) -> float:
    """A figure of the curve at its end."""
    return run.curve[-1][figure]


def when(run: Run, figure: str, level: float, unit: str = "epoch") -> float:
    """When a curve first falls to a level, between two points of it; infinite where it never does.

    Args:
        run: whose curve.
        figure: of the curve.
        level: to reach.
        unit: `epoch` or `step`.
    """
    before = {unit: 0.0, figure: 100.0 if figure.endswith("error") else run.curve[0][figure]}
    for point in run.curve:
        if point[figure] <= level:
            share = (before[figure] - level) / (before[figure] - point[figure]) if before[figure] > level else 1.0
            return before[unit] + share * (point[unit] - before[unit])
        before = point
    return math.inf


def by_arm(results: Results) -> dict[str, list[Run]]:
    """The runs that are judged, by their arm, in the order of the arms."""
    found: dict[str, list[Run]] = {}
    for run in results["runs"]:
        found.setdefault(run["arm"], []).append(Run(**run))
    return found
