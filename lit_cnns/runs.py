"""Runs on disk: where they go, which checkpoints they hold, and what is kept when one is cut.

A run is a folder `runs/<name>/version_<n>` with `checkpoints/`, `metrics.csv` and `config.yaml`, and `tests.csv` where
one of its checkpoints was evaluated.
"""

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lit_cnns.checkpoint_io import sweep
from lit_cnns.checkpoints import CheckpointError, ForeignCheckpoint, describe, is_there, progress

__all__ = [
    "Moment",
    "claim",
    "curves",
    "find_checkpoints",
    "folder_of",
    "going_on",
    "is_of_an_epoch",
    "moments",
    "next_version",
    "note_test",
    "numbers",
    "read_table",
    "resolve",
    "settings",
]

CONFIG, METRICS, TESTS = "config.yaml", "metrics.csv", "tests.csv"
SUFFIXES = (".ckpt", ".safetensors")
OF_AN_EPOCH = "epoch-"  # of trainer/every_epoch
RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")  # of torchrun, Lightning and SLURM


def next_version(folder: str | Path) -> int:
    """The number after the highest `version_<n>` below `folder`."""
    taken = [int(p.name[8:]) for p in Path(folder).glob("version_*") if p.name[8:].isdigit()]
    return max(taken, default=-1) + 1


def claim(folder: str | Path) -> int:
    """Make the next `version_<n>` below `folder`; of several that do so at once each gets its own.

    Of a run's processes only the first makes one; the others, whose number nobody uses, take the next as it stands.
    """
    while True:
        version = next_version(folder)
        if any(int(os.environ.get(name) or 0) for name in RANKS):
            return version
        try:
            (Path(folder) / f"version_{version}").mkdir(parents=True)
        except FileExistsError:
            continue
        return version


def find_checkpoints(*folders: str | Path) -> list[Path]:
    """All checkpoints of ours at or below the folders, newest first; other files are passed over."""
    found: dict[Path, float] = {}
    for folder in map(Path, folders):
        files = [folder] if folder.is_file() else [p for s in SUFFIXES for p in folder.rglob(f"*{s}")]
        for path in files:
            try:
                describe(path)
            except CheckpointError:
                continue
            found[path.resolve()] = path.stat().st_mtime
    return sorted(found, key=lambda path: (-found[path], str(path)))


def resolve(word: str, folder: str | Path = "runs") -> Path | None:
    """The checkpoint that `best`, `last` or `auto` means below `folder`; any other word is a path.

    `last` is the newest file named last or cut; `best` the newest that is neither, nor one of those that
    `trainer/every_epoch` keeps; `auto` is `last`, or nothing where there is none.

    Raises:
        ValueError: nothing is found.
    """
    if word not in ("best", "last", "auto"):
        path = Path(word)
        if not is_there(path):
            raise ValueError(f"There is no checkpoint at {word}; give a file, or best, last or auto.")
        return path
    files = [path for path in Path(folder).rglob("*.ckpt") if is_there(path) and not is_of_an_epoch(path)]
    wanted = [path for path in files if (path.stem.startswith(("last", "cut"))) == (word != "best")]
    if wanted:
        return max(wanted, key=lambda path: path.stat().st_mtime)
    if word == "auto":
        return None
    raise ValueError(f"There is no {word} checkpoint below {folder}/; train first, or give the path of one.")


class Moment(NamedTuple):
    """A checkpoint in the course of its run."""

    step: int
    epoch: int
    path: Path


def is_of_an_epoch(checkpoint: Path) -> bool:
    """Whether a checkpoint is one of those that `trainer/every_epoch` keeps."""
    return checkpoint.stem.startswith(OF_AN_EPOCH)


def moments(folder: str | Path) -> list[Moment]:
    """The checkpoints of a run in the order in which they were trained; of several at one step, one.

    What cannot be read, or does not say when it was written, is passed over.
    """
    found: dict[int, Moment] = {}
    for path in sorted((Path(folder) / "checkpoints").glob("*.ckpt")):
        try:
            when = progress(path)
        except CheckpointError:
            continue
        if when:
            found.setdefault(when[1], Moment(when[1], when[0], path))
    return [found[step] for step in sorted(found)]


def curves(folder: str | Path) -> dict[str, list[tuple[int, float]]]:
    """What a run has logged so far, by name: (optimiser steps done, value) each.

    Raises:
        ValueError: the folder has no curves.
    """
    path = Path(folder) / METRICS
    if not path.is_file():
        raise ValueError(f"{folder} has no {METRICS} with its curves: give a folder runs/<name>/version_<n>.")
    found: dict[str, list[tuple[int, float]]] = {}
    for row in numbers(read_table(path)):
        for name in row.keys() - {"step", "epoch"} if "step" in row else ():
            found.setdefault(name, []).append((int(row["step"]) + 1, row[name]))
    return found


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV; a last line that is cut is passed over."""
    lines = path.read_text(errors="replace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    return [row for row in csv.DictReader(lines) if None not in row and None not in row.values()]


def numbers(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, float]]:
    """Rows of a table of numbers, without the cells that are empty."""
    for row in rows:
        try:
            yield {name: float(value) for name, value in row.items() if value}
        except ValueError:  # a line that another wrote into
            continue


def folder_of(checkpoint: str | Path) -> Path | None:
    """The run that wrote a checkpoint, if it still lies there."""
    folder = Path(checkpoint).absolute().parent.parent
    return folder if (folder / CONFIG).is_file() and (folder / METRICS).is_file() else None


def note_test(checkpoint: str | Path, row: dict[str, Any]) -> None:
    """Add a row to the `tests.csv` of the run that wrote a checkpoint; nothing for a checkpoint from elsewhere."""
    folder = folder_of(checkpoint)
    if folder is None or not os.access(folder, os.W_OK):
        return
    fresh = not (folder / TESTS).exists()
    with (folder / TESTS).open("a", newline="") as file:
        table = csv.DictWriter(file, ["checkpoint", *row], lineterminator="\n")
        if fresh:
            table.writeheader()
        table.writerow({"checkpoint": Path(checkpoint).name, **row})


def going_on(word: str, folder: str | Path, is_meant: Callable[[Path], bool] = lambda path: True) -> Path | None:
    """The checkpoint that `--resume` means: a file, or the newest last or cut one that can be read below a folder.

    What killed writers left below that folder is removed.

    Args:
        word: `auto`, a run's folder, or what `resolve` takes.
        folder: where `auto` looks; None where it finds nothing there.
        is_meant: whether `auto` may take a checkpoint.

    Raises:
        ValueError: a folder without a checkpoint to go on from, or what `resolve` raises.
    """
    if word != "auto" and (not Path(word).is_dir() or is_there(Path(word))):
        return resolve(word, folder)
    place = Path(folder if word == "auto" else word)
    sweep(place)
    files = [path for path in place.rglob("*.ckpt") if is_there(path) and path.stem.startswith(("last", "cut"))]
    for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.stem), reverse=True):
        if word == "auto" and not is_meant(path):
            continue
        try:
            describe(path)
        except ForeignCheckpoint:
            return path
        except CheckpointError as error:
            print(f"{error} The one before it is taken.", file=sys.stderr)
            continue
        return path
    if word == "auto":
        return None
    raise ValueError(f"There is no last or cut checkpoint below {word}/ to go on from; give another run, or auto.")


def settings(checkpoint: Path) -> Path | None:
    """The `config.yaml` of the run that wrote a checkpoint, if it is there."""
    path = checkpoint.parent.parent / CONFIG
    return path if path.is_file() else None
