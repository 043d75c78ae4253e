"""Claims that are checked by training: arms that differ in one thing, each at its own best rate, several seeds."""

import dataclasses
import functools
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lit_cnns import lineage
from lit_cnns.checkpoint_io import WholeCheckpoints
from lit_cnns.data import ImageData
from lit_cnns.fast import half_precision

from .arms import TUNING_SEED, Arm, Point, Run, Runs, Scale, by_arm
from .claim import Budget, Kind, Results, Settings
from .curves import Judged, Line, PaperEffect, draw_runs
from .judging import Verdict
from .measuring import Curve
from .records import kept
from .small_pictures import Pictures, data_module, description, read
from .tuning import tune

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Measure:
    """A figure of a run that is judged.

    Args:
        of: gives it.
        label: what it is, with its unit.
        paper: the paper's effects on it.
    """

    of: Callable[[Run], float]
    label: str
    paper: Sequence[PaperEffect] = ()


@dataclass(frozen=True)
class TrainingClaim:
    """A statement of a paper, and how it is checked by training.

    Args:
        id: its row in `papers/claims.yaml`, or its own name where it is not there.
        arms: what is compared.
        scales: for each budget.
        measures: what is judged of a run, and drawn.
        tuned_by: the figure by which an arm's rate is chosen, smaller is better.
        decide: from the runs of each arm, by its name, to a verdict.
        rule: that rule in words.
        image_size: side of the pictures that the networks take.
        augmented: whether training pictures are mirrored, and shifted where they are as small as what networks take.
        until: ends a run early, but where rates are tried.
        curve: which figure of the curve is drawn.
        level: the value of that curve whose reaching is judged, if one is.
    """

    id: str
    arms: tuple[Arm, ...]
    scales: Mapping[Budget, Scale]
    measures: tuple[Measure, ...]
    tuned_by: Callable[[Run], float]
    decide: Callable[[Runs], Verdict]
    rule: str
    image_size: int = 32
    augmented: bool = False
    until: Callable[[Point], bool] | None = None
    curve: str = "train_error"
    level: float | None = None
    kind: Kind = "training"
    needs_data: bool = True

    def steps(self, settings: Settings) -> int:
        scale = self.scales[settings.budget]
        return len(self.arms) * (len(scale.rates) + (scale.seeds if settings.seeds is None else settings.seeds))

    def measure(self, settings: Settings) -> Results:
        """Run all arms: first rates once each, then the best with several seeds. What is there is not run again."""
        scale = self.scales[settings.budget]
        seeds = scale.seeds if settings.seeds is None else settings.seeds
        tuning: list[Run] = []
        final: list[Run] = []
        for arm in self.arms:
            run = functools.partial(run_arm, self, arm, scale, settings)
            best, *others = tune(scale.rates, functools.partial(run, seed=TUNING_SEED), self.tuned_by, settings.more)
            final += [run(best.rate, seed=seed) for seed in range(seeds)]
            tuning += [best, *others]
        return {
            "data": description(settings.data),
            "scale": dataclasses.asdict(scale),
            "tuning": [dataclasses.asdict(run) for run in tuning],
            "runs": [dataclasses.asdict(run) for run in final],
        }

    def judge(self, results: Results) -> Verdict:
        return self.decide(by_arm(results))

    def draw(self, results: Results, figure: "Figure") -> None:
        """The curves of all runs, and what is judged of each of them with its mean."""
        runs = by_arm(results)
        lines = [
            Line(arm, run.rate, [point["epoch"] for point in run.curve], [point[self.curve] for point in run.curve])
            for arm, own in runs.items()
            for run in own
        ]
        judged = [
            Judged({arm: [one.of(run) for run in own] for arm, own in runs.items()}, one.label, one.paper)
            for one in self.measures
        ]
        draw_runs(figure, lines, self.curve, results["scale"]["pictures"], self.level, judged)


def data_of(claim: TrainingClaim, arm: Arm, scale: Scale, seed: int, data: str) -> tuple[ImageData, Pictures]:
    """What an arm is trained on, and the pictures in it."""
    pictures = read(data, claim.image_size).first(scale.pictures)
    if arm.central:
        pictures = pictures.middle(claim.image_size)
    module = data_module(data, claim.image_size, scale.batch, seed, claim.augmented, **arm.data)
    module.sets = {"train": pictures.train, "val": pictures.held, "test": pictures.test}
    return module, pictures


def run_arm(claim: TrainingClaim, arm: Arm, scale: Scale, settings: Settings, rate: float, seed: int) -> Run:
    """Train one arm once, or read what an earlier start left; a run that was cut goes on where it was."""
    made_with = {
        **dataclasses.asdict(scale),
        **{"rates": None, "seeds": None, "image_size": claim.image_size},
        **{"data": read(settings.data, claim.image_size).digest, "augmented": claim.augmented, "network": arm.network},
        **{"arguments": dict(arm.arguments), "changes": dict(arm.data), "central": arm.central},
    }
    digest = hashlib.sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()[:8]
    place = settings.folder / "runs" / f"{arm.name.replace(' ', '_')}-{rate:g}-{seed}-{digest}"
    made = kept(
        Path(f"{place}.json"),
        made_with,
        lambda: dataclasses.asdict(_trained(claim, arm, scale, rate, seed, settings.data, place)),
    )
    shutil.rmtree(place, ignore_errors=True)
    run = Run(**made)
    end = run.curve[-1]
    settings.report(
        f"{arm.name}, rate {rate:g}, {'tuning' if seed == TUNING_SEED else f'seed {seed}'}: after epoch "
        f"{end['epoch']:.0f} training error {end['train_error']:.1f} %, test error {run.test_error:.1f} %, "
        f"{run.seconds:.0f} s"
    )
    return run


def _trained(claim: TrainingClaim, arm: Arm, scale: Scale, rate: float, seed: int, data: str, place: Path) -> Run:
    """Train one arm once, from the checkpoint in the folder `place` where one was left."""
    module_data, pictures = data_of(claim, arm, scale, seed, data)
    L.seed_everything(seed, verbose=False)
    module = lineage.build(arm.network, num_classes=module_data.num_classes, lr=rate, **arm.arguments)
    if arm.change:
        arm.change(module.net)
    precision: Any = "bf16-mixed" if half_precision("auto") else "32-true"
    curve = Curve(module_data, pictures, None if seed == TUNING_SEED else claim.until)
    trainer = L.Trainer(
        max_epochs=(seed == TUNING_SEED and scale.tuning_epochs) or scale.epochs,
        devices=1,
        precision=precision,
        callbacks=[curve, ModelCheckpoint(place, "last", save_on_train_epoch_end=True, enable_version_counter=False)],
        plugins=[WholeCheckpoints()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        num_sanity_val_steps=0,
    )
    cut = place / "last.ckpt"
    try:
        trainer.fit(module, module_data, ckpt_path=cut if cut.is_file() else None)
    except SIGTERMException:
        raise
    except SystemExit as end:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from end
    module.to(trainer.strategy.root_device)  # from which `fit` has taken it away
    return Run(arm.name, rate, seed, curve.points, curve.errors(trainer, module, pictures.test), curve.seconds)
