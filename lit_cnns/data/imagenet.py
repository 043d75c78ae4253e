"""ImageNet (ILSVRC 2012) in the layouts people have it in."""

import functools
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lit_cnns.data.files import Files, Stock
from lit_cnns.data.folder import ImageFolder
from lit_cnns.data.layout import SEE, is_picture

DEVKIT = "ILSVRC2012_devkit_t12/data"
TRUTH = "ILSVRC2012_validation_ground_truth.txt"


class ImageNet(ImageFolder):
    """ImageNet (ILSVRC 2012): `ROOT/train/WNID/`, and `ROOT/val/WNID/` or all validation pictures flat in `ROOT/val/`.

    The labels of a flat `val/` come from `ROOT/val_labels.txt` (a line a picture: file name, WNID) or the development
    kit in `ROOT/ILSVRC2012_devkit_t12/`, class names from the kit or from `ROOT/LOC_synset_mapping.txt`;
    without either they are the WNIDs. Labels count the WNIDs in sorted order. The test set is the validation set.

    Args:
        root: the folder.
        **common: the arguments of `ImageFolder` and `ImageData`; docs/data.md has those of each paper.

    Raises:
        ValueError: missing or empty folders, pictures without labels.
    """

    def __init__(self, root: str = "data/imagenet", **common: Any) -> None:
        super().__init__(root, **common)
        self.save_hyperparameters(logger=False)

    @functools.cached_property
    def class_names_by_wnid(self) -> dict[str, str]:
        """What the WNIDs mean, as far as a file in root says so."""
        if self.manifest:
            return self.manifest.words
        mapping = self.root / "LOC_synset_mapping.txt"
        if mapping.exists():
            return dict(line.split(maxsplit=1) for line in mapping.read_text(encoding="utf-8").splitlines() if line)
        return dict(self.devkit_synsets.values())

    @functools.cached_property
    def devkit_synsets(self) -> dict[int, tuple[str, str]]:
        """The development kit's numbers: number -> (WNID, words); empty without the kit."""
        meta = self.root / DEVKIT / "meta.mat"
        if not meta.exists():
            return {}
        from scipy.io import loadmat

        synsets = loadmat(str(meta), squeeze_me=True, struct_as_record=False)["synsets"]
        return {int(s.ILSVRC2012_ID): (str(s.WNID), str(s.words)) for s in synsets if int(s.num_children) == 0}

    @property
    def class_names(self) -> list[str]:
        return [self.class_names_by_wnid.get(wnid, wnid) for wnid in self.classes]

    @property
    def world(self) -> str:
        return f"photographs of one of {self.num_classes} kinds of things: animals, plants, vehicles, household things"

    def list_folder(self, folder: Path) -> tuple[Stock, Tensor]:
        if self.manifest:
            return super().list_folder(folder)
        flat = sorted(entry.name for entry in os.scandir(folder) if entry.is_file() and is_picture(entry.name))
        if not flat:
            return super().list_folder(folder)
        wnids = self._flat_labels(flat)
        numbers = {wnid: number for number, wnid in enumerate(self.classes)}
        if unknown := sorted(set(wnids) - set(numbers)):
            raise ValueError(f"{folder} has pictures of {unknown[0]}, which has no folder in train/. {SEE}")
        paths = [os.path.join(folder, name) for name in flat]
        return Files(paths), torch.tensor([numbers[wnid] for wnid in wnids])

    def _flat_labels(self, names: list[str]) -> list[str]:
        """The WNID of each picture."""
        listed, truth = self.root / "val_labels.txt", self.root / DEVKIT / TRUTH
        if listed.exists():
            pairs = dict(line.split() for line in listed.read_text().splitlines() if line)
            if missing := [name for name in names if name not in pairs]:
                raise ValueError(f"{listed} has no line for {missing[0]}. {SEE}")
            return [pairs[name] for name in names]
        if not truth.exists() or not self.devkit_synsets:
            raise ValueError(
                f"The pictures in {self.root / 'val'} have no labels: put them into folders by WNID, or add "
                f"{listed.name}, or {DEVKIT} with {TRUTH} and meta.mat. {SEE}"
            )
        synsets = [self.devkit_synsets[int(number)][0] for number in truth.read_text().split()]
        if len(synsets) != len(names):
            raise ValueError(f"{truth} has {len(synsets)} labels for {len(names)} pictures in val/. {SEE}")
        return synsets
