"""Claims that are checked by training: arms that differ in one thing, each at its own best rate, several seeds."""

import dataclasses
import functools
import json
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch import nn

from lit_cnns import lineage
from lit_cnns.checkpoint_io import WholeCheckpoints, write_whole
from lit_cnns.classifier import LitClassifier
from lit_cnns.data import CIFAR10, ImageData, ImageFolder, prepare
from lit_cnns.data.memory import TensorSet
from lit_cnns.data.pictures import central_crop
from lit_cnns.fast import half_precision

if TYPE_CHECKING:
    from matplotlib.figure import Figure

from .claim import Budget, Kind, Results, Settings
from .curves import Line, PaperEffect, draw_runs
from .judging import Verdict

Point = dict[str, float]
PROBE = 1000  # pictures whose errors make a curve
TUNING_SEED = 1000
HELD = 20  # one training picture in so many is held out
SIDE = 32
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


@dataclass(frozen=True)
class TrainingClaim:
    """A statement of a paper, and how it is checked by training.

    Args:
        id: its row in `papers/claims.yaml`, or its own name where it is not there.
        arms: what is compared.
        scales: for each budget.
        figure_of: the figure of a run that is drawn and judged.
        measured: what that figure is, with its unit.
        tuned_by: the figure by which an arm's rate is chosen, smaller is better.
        decide: from the runs of each arm, by its name, to a verdict.
        rule: that rule in words.
        image_size: side of the pictures that the networks take.
        augmented: whether training pictures are mirrored, and shifted where they are as small as what networks take.
        until: ends a run early, but where rates are tried.
        curve: which figure of the curve is drawn.
        level: the value of that curve whose reaching is judged, if one is.
        paper: the paper's effects, marked in the figure.
    """

    id: str
    arms: tuple[Arm, ...]
    scales: Mapping[Budget, Scale]
    figure_of: Callable[[Run], float]
    measured: str
    tuned_by: Callable[[Run], float]
    decide: Callable[[Runs], Verdict]
    rule: str
    image_size: int = 32
    augmented: bool = False
    until: Callable[[Point], bool] | None = None
    curve: str = "train_error"
    level: float | None = None
    paper: Sequence[PaperEffect] = ()
    kind: Kind = "training"
    needs_data: bool = True

    def steps(self, settings: Settings) -> int | None:
        scale = self.scales[settings.budget]
        return len(self.arms) * (len(scale.rates) + (scale.seeds if settings.seeds is None else settings.seeds))

    def measure(self, settings: Settings) -> Results:
        """Run all arms: first each rate once, then the best with several seeds. What is there is not run again."""
        scale = self.scales[settings.budget]
        seeds = scale.seeds if settings.seeds is None else settings.seeds
        tuning: list[Run] = []
        final: list[Run] = []
        for arm in self.arms:
            tried = [run_arm(self, arm, scale, rate, TUNING_SEED, settings) for rate in scale.rates]
            best = min(tried, key=self.tuned_by).rate
            final += [run_arm(self, arm, scale, best, seed, settings) for seed in range(seeds)]
            tuning += tried
        return {
            "data": description(settings.data),
            "scale": dataclasses.asdict(scale),
            "tuning": [dataclasses.asdict(run) for run in tuning],
            "runs": [dataclasses.asdict(run) for run in final],
        }

    def judge(self, results: Results) -> Verdict:
        return self.decide(by_arm(results))

    def draw(self, results: Results, figure: "Figure") -> None:
        """The curves of all runs, and the figure that is judged for each of them with its mean."""
        runs = by_arm(results)
        lines = [
            Line(arm, run.rate, [point["epoch"] for point in run.curve], [point[self.curve] for point in run.curve])
            for arm, own in runs.items()
            for run in own
        ]
        values = {arm: [self.figure_of(run) for run in own] for arm, own in runs.items()}
        pictures = results["scale"]["pictures"]
        draw_runs(figure, lines, self.curve, pictures, self.level, values, self.measured, self.paper)


@dataclass(frozen=True)
class Pictures:
    """What a claim trains on, chooses rates by, and is tested on."""

    train: TensorSet
    held: TensorSet
    test: TensorSet

    def first(self, count: int | None) -> "Pictures":
        """With as many training pictures as a scale asks for."""
        return Pictures(self.train.subset(torch.arange(count or len(self.train))), self.held, self.test)

    def middle(self, side: int) -> "Pictures":
        """With the middle of the training pictures in their place, which leaves nothing to draw a crop from."""
        cropped = TensorSet(central_crop(self.train.images, side), self.train.labels, self.train.names)
        return Pictures(cropped, self.held, self.test)


def data_of(claim: TrainingClaim, arm: Arm, scale: Scale, seed: int, data: str) -> tuple[ImageData, Pictures]:
    """What an arm is trained on, and the pictures in it."""
    pictures = read(data, claim.image_size).first(scale.pictures)
    if arm.central:
        pictures = pictures.middle(claim.image_size)
    module = data_module(data, claim.image_size, scale.batch, seed, claim.augmented, **arm.data)
    module.sets = {"train": pictures.train, "val": pictures.held, "test": pictures.test}
    return module, pictures


def data_module(data: str, image_size: int, batch: int, seed: int, augmented: bool, **changes: Any) -> ImageData:
    """CIFAR-10 in its own files below a folder, or any folder of class folders."""
    common: dict[str, Any] = {"global_batch_size": batch, "seed": seed, "flip": augmented}
    common |= {"crop_padding": 4 if augmented and image_size == SIDE else 0, **changes}
    if _is_published(data):
        return CIFAR10(root=data, image_size=image_size, val_size=0, **common)
    return ImageFolder(root=data, image_size=image_size, resize=SIDE, train_crop="central_square", **common)


def description(data: str) -> str:
    """Name the data in one line."""
    return "CIFAR-10" if _is_published(data) else f"a folder of pictures, {Path(data).name}"


def _is_published(data: str) -> bool:
    # where there is nothing, `CIFAR10` says which files go where
    return (Path(data) / CIFAR10.folder).is_dir() or not Path(data).is_dir()


@functools.lru_cache(maxsize=2)
def read(data: str, image_size: int) -> Pictures:
    """Read a data set once; 5 % of its training pictures are held out, the same ones each time.

    Raises:
        ValueError: the data is not there, or its pictures are too large to be kept in memory.
    """
    pictures = data_module(data, image_size, 128, 0, False)
    pictures.setup("fit")
    pictures.setup("test")
    train, test = pictures.sets["train"], pictures.sets["test"]
    if not (isinstance(train, TensorSet) and isinstance(test, TensorSet)):
        raise ValueError(
            f"A claim is checked on small pictures, which stay in memory, such as CIFAR-10; {data} holds others."
        )
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    held = len(train) // HELD
    return Pictures(train.subset(order[held:]), train.subset(order[:held]), test)


def by_arm(results: Results) -> dict[str, list[Run]]:
    """The runs that are judged, by their arm, in the order of the arms."""
    found: dict[str, list[Run]] = {}
    for run in results["runs"]:
        found.setdefault(run["arm"], []).append(Run(**run))
    return found


def run_arm(claim: TrainingClaim, arm: Arm, scale: Scale, rate: float, seed: int, settings: Settings) -> Run:
    """Train one arm once, or read what an earlier start left; a run that was cut goes on where it was."""
    data = settings.data
    place = settings.folder / "runs" / f"{arm.name.replace(' ', '_')}-{rate:g}-{seed}"
    record = Path(f"{place}.json")
    made_with = {**dataclasses.asdict(scale), "rates": None, "seeds": None, "data": description(data)}
    if record.is_file():
        kept = json.loads(record.read_text())
        if kept.pop("made_with") == made_with:
            return Run(**kept)
    module_data, pictures = data_of(claim, arm, scale, seed, data)
    L.seed_everything(seed, verbose=False)
    module = lineage.build(arm.network, num_classes=module_data.num_classes, lr=rate, **arm.arguments)
    if arm.change:
        arm.change(module.net)
    precision: Any = "bf16-mixed" if half_precision("auto") else "32-true"
    curve = Curve(module_data, pictures, None if seed == TUNING_SEED else claim.until)
    epochs = (seed == TUNING_SEED and scale.tuning_epochs) or scale.epochs
    trainer = L.Trainer(
        max_epochs=epochs,
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
    trainer.fit(module, module_data, ckpt_path=cut if cut.is_file() else None)
    run = Run(arm.name, rate, seed, curve.points, curve.errors(trainer, module, pictures.test), curve.seconds)
    write_whole(json.dumps({"made_with": made_with, **dataclasses.asdict(run)}).encode(), record)
    shutil.rmtree(place, ignore_errors=True)
    end = run.curve[-1]
    settings.report(
        f"{claim.id}: {arm.name}, rate {rate:g}, {'tuning' if seed == TUNING_SEED else f'seed {seed}'}: after epoch "
        f"{end['epoch']:.0f} training error {end['train_error']:.1f} %, test error {run.test_error:.1f} %, "
        f"{run.seconds:.0f} s"
    )
    return run


class Curve(Callback):
    """Measures after each epoch the mean training loss, and the errors on a probe and on what is held out."""

    def __init__(self, data: ImageData, pictures: Pictures, until: Callable[[Point], bool] | None) -> None:
        self.data, self.until = data, until
        self.probe = pictures.train.subset(torch.arange(min(PROBE, len(pictures.train))))
        self.held = pictures.held.subset(torch.arange(min(PROBE, len(pictures.held))))
        self.points: list[Point] = []
        self.seconds = 0.0
        self.losses: list[torch.Tensor] = []
        self.since = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.since, self.losses = time.perf_counter(), []

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.losses.append(outputs["loss"].detach())

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: LitClassifier) -> None:  # type: ignore[override]
        loss = float(torch.stack(self.losses).mean())
        train_error, held_error = (self.errors(trainer, pl_module, part) for part in (self.probe, self.held))
        self.seconds += time.perf_counter() - self.since
        place = {"epoch": len(self.points) + 1.0, "step": float(trainer.global_step)}
        self.points.append({**place, "train_loss": loss, "train_error": train_error, "held_error": held_error})
        if not math.isfinite(loss) or (self.until and self.until(self.points[-1])):
            trainer.should_stop = True

    def errors(self, trainer: L.Trainer, module: LitClassifier, pictures: TensorSet) -> float:
        """The share of pictures, in percent, that a network gets wrong as it would in testing."""
        training, wrong = module.training, 0
        module.eval()
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            for numbers in torch.arange(len(pictures)).split(500):
                images, labels, _ = pictures.__getitems__((0, numbers))
                batch, _ = prepare((images, labels, numbers), self.data.preprocessing, train=False)
                wrong += int((module(batch.to(module.device)).argmax(1).cpu() != labels.cpu()).sum())
        module.train(training)
        return 100 * wrong / len(pictures)

    def state_dict(self) -> dict[str, Any]:
        return {"points": self.points, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.points, self.seconds = state_dict["points"], state_dict["seconds"]
