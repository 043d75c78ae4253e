"""Folders of pictures: which are the classes, which files are theirs."""

import os
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
SEE = "docs/data.md shows the layout expected."


@dataclass(frozen=True)
class Layout:
    """The folders of class folders below a root; None where there is none."""

    train: Path | None
    val: Path | None
    test: Path | None

    @classmethod
    def of(cls, root: Path) -> "Layout":
        """`root/train`, `root/val`, `root/test`; or `root` itself as one folder of classes.

        Raises:
            ValueError: there is no such folder.
        """
        if not root.is_dir():
            raise ValueError(f"There is no folder {root}; `root` (--data.root) says where the pictures are. {SEE}")
        train, val, test = (root / name if (root / name).is_dir() else None for name in ("train", "val", "test"))
        return cls(train, val, test) if train or val or test else cls(root, None, None)


def class_folders(folder: Path) -> list[str]:
    """The names of the class folders, sorted: the order of the labels.

    Raises:
        ValueError: there are none.
    """
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    if not names:
        raise ValueError(f"{folder} has no class folders in it. {SEE}")
    return names


def is_picture(name: str) -> bool:
    """Whether a file's name is a picture's."""
    return name.lower().endswith(EXTENSIONS) and not name.startswith(".")


def list_pictures(folder: Path, classes: list[str]) -> tuple[list[str], list[int]]:
    """All pictures in and below the class folders, and their labels.

    Raises:
        ValueError: a class folder without pictures, or one that is not among the classes.
    """
    paths: list[str] = []
    labels: list[int] = []
    for name in class_folders(folder):
        if name not in classes:
            raise ValueError(f"{folder / name} is not among the {len(classes)} classes of the training set. {SEE}")
        found = [
            os.path.join(place, file)
            for place, _, files in os.walk(folder / name, followlinks=True)
            for file in files
            if is_picture(file)
        ]
        if not found:
            raise ValueError(f"The class folder {folder / name} has no pictures in it ({', '.join(EXTENSIONS)}). {SEE}")
        paths += sorted(found)
        labels += [classes.index(name)] * len(found)
    return paths, labels
