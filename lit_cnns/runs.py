"""Runs on disk: where they go, which checkpoints they hold, and what is kept when one is cut.

A run is a folder `runs/<name>/version_<n>` with `checkpoints/`, `metrics.csv` and `config.yaml`, and `tests.csv` where
one of its checkpoints was evaluated.
"""

import csv
import os
import sys
from pathlib import Path
from typing import Any

from lit_cnns.checkpoints import CheckpointError, ForeignCheckpoint, describe

__all__ = ["claim", "find_checkpoints", "folder_of", "going_on", "next_version", "note_test", "resolve", "settings"]

CONFIG, METRICS, TESTS = "config.yaml", "metrics.csv", "tests.csv"
SUFFIXES = (".ckpt", ".safetensors")
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

    `last` is the newest file named last or cut; `best` the newest that is neither; `auto` is `last`, or nothing
    where there is none.

    Raises:
        ValueError: nothing is found.
    """
    if word not in ("best", "last", "auto"):
        path = Path(word)
        if not path.is_file():
            raise ValueError(f"There is no checkpoint at {word}; give a file, or best, last or auto.")
        return path
    files = [path for path in Path(folder).rglob("*.ckpt") if path.is_file()]
    wanted = [path for path in files if (path.stem.startswith(("last", "cut"))) == (word != "best")]
    if wanted:
        return max(wanted, key=lambda path: path.stat().st_mtime)
    if word == "auto":
        return None
    raise ValueError(f"There is no {word} checkpoint below {folder}/; train first, or give the path of one.")


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


def going_on(word: str, folder: str | Path) -> Path | None:
    """The checkpoint that `--resume` means: a file, or the newest last or cut one that can be read below a folder.

    Args:
        word: `auto`, a run's folder, or what `resolve` takes.
        folder: where `auto` looks; None where it finds nothing there.

    Raises:
        ValueError: a folder without a checkpoint to go on from, or what `resolve` raises.
    """
    if word != "auto" and not Path(word).is_dir():
        return resolve(word, folder)
    place = Path(folder if word == "auto" else word)
    files = [path for path in place.rglob("*.ckpt") if path.is_file() and path.stem.startswith(("last", "cut"))]
    for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.stem), reverse=True):
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
