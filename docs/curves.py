"""Keep the curves of runs and draw them: `python docs/curves.py [RUN_FOLDER...]`.

Each run's `metrics.csv` becomes a row an epoch in `docs/results/<run>.csv`; then the figures are drawn from what lies
there.
"""

import csv
import sys
from pathlib import Path
from statistics import mean

import matplotlib.pyplot as plt

DOCS = Path(__file__).parent
RESULTS, IMAGES = DOCS / "results", DOCS / "images"
COLUMNS = ["epoch", "train/loss", "val/loss", "val/top1", "val/top5"]
CIFAR = {  # oldest first
    "alexnet_cifar_13pct": "AlexNet (13% net), 24-pixel crops",
    "vgg_cifar": "VGG, adapted",
    "googlenet_cifar": "GoogLeNet, adapted",
    "plain20_cifar": "plain-20",
    "resnet20_cifar": "ResNet-20",
}


def by_epoch(metrics: Path) -> list[dict[str, float]]:
    """A row an epoch: the mean of the logged training losses, and what validation found."""
    with metrics.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for done in (row for row in rows if row["val/top1"]):
        losses = [float(row["train/loss"]) for row in rows if row["epoch"] == done["epoch"] and row["train/loss"]]
        found.append(
            {"epoch": int(done["epoch"]) + 1, "train/loss": mean(losses), **{k: float(done[k]) for k in COLUMNS[2:]}}
        )
    return found


def keep(run: Path) -> None:
    """Write one run's rows: `runs/<name>/version_<n>` becomes `<name>_<n>.csv`."""
    target = RESULTS / f"{run.parent.name}_{run.name.removeprefix('version_')}.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in by_epoch(run / "metrics.csv"))


def read(name: str) -> dict[str, list[float]]:
    with (RESULTS / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: [float(row[column]) for row in rows] for column in COLUMNS}


def draw_cifar() -> None:
    """Validation top-1 and training loss of the generations, pass by pass."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for place, (network, label) in enumerate(CIFAR.items()):
        run = sorted(RESULTS.glob(f"{network}_cifar10_short_*.csv"))[-1].stem  # the last is the recipe that stands
        curve, colour = read(run), plt.get_cmap("viridis")(place / len(CIFAR))
        left.plot(curve["epoch"], [100 * v for v in curve["val/top1"]], color=colour, label=label, marker=".")
        right.plot(curve["epoch"], curve["train/loss"], color=colour, marker=".")
    left.set(xlabel="passes over 45,000 pictures", ylabel="validation top-1, %", title="5,000 pictures set aside")
    right.set(
        xlabel="passes over 45,000 pictures", ylabel="training loss", title="GoogLeNet has its heads' losses in it"
    )
    left.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    figure.savefig(IMAGES / "cifar10_curves.png", dpi=110)


def draw_finetuning() -> None:
    """Top-1 of three ways from one command, against processor time."""
    with (RESULTS / "finetuning" / "cifar10.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    for place, arm in enumerate(dict.fromkeys(row["arm"] for row in rows)):
        minutes, top1 = zip(
            *((float(r["cpu_minutes"]), float(r["top1"])) for r in rows if r["arm"] == arm), strict=True
        )
        colour = plt.get_cmap("viridis")(place / 2.5)
        axes.plot(minutes, top1, marker="o", color=colour)
        axes.annotate(
            f"{arm}, {top1[-1]:.1f} %",
            (minutes[-1], top1[-1]),
            (0, -16 if place == 1 else 7),
            textcoords="offset points",
            ha="right",
        )
    axes.set(xlabel="processor time, minutes (evaluation included)", ylabel="top-1 on 10,000 test pictures, %")
    axes.set(ylim=(0, 100), xlim=(0, None), title="GoogLeNet on CIFAR-10 (JPEG copy) at 96 pixels")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    figure.savefig(IMAGES / "finetuning_cifar10.png", dpi=110)


def main() -> None:
    for run in map(Path, sys.argv[1:]):
        keep(run)
    IMAGES.mkdir(exist_ok=True)
    draw_cifar()
    draw_finetuning()


if __name__ == "__main__":
    main()
