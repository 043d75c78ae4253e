"""The sets of pictures the lab knows: scikit-learn's digits, and the folders given at the start."""

import hashlib
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .wiring import png

if TYPE_CHECKING:
    from lit_cnns.data import Gallery

DIGITS = "digits"
LARGEST_SHOWN = 1024  # pixels of the shorter side of a picture that is opened in the other panels


class Galleries:
    """Sets of pictures, known to the browser by an id and looked into when they are first wanted.

    Args:
        folders: as `Gallery.within` takes them; no other folder is ever read.

    Attributes:
        refused: a sentence for each folder that holds nothing to compare networks on.
    """

    def __init__(self, folders: Iterable[str | Path] = ()) -> None:
        self.folders = [Path(folder) for folder in folders]
        self.refused: list[str] = []
        self._found: dict[str, Gallery] = {}
        self._lock = threading.Lock()

    @property
    def all(self) -> "dict[str, Gallery]":
        """Every set by its id: those of the folders in their order, then the digits."""
        from lit_cnns.data import Gallery

        with self._lock:
            if not self._found:
                found: dict[str, Gallery] = {}
                for folder in self.folders:
                    try:
                        found |= {_id(folder, one): one for one in Gallery.within(folder)}
                    except ValueError as error:
                        self.refused.append(str(error).replace(str(folder), folder.name))
                self._found = {**found, DIGITS: Gallery.digits()}
            return self._found

    def labels(self) -> list[tuple[str, str]]:
        """What to call each set in a list, and its id."""
        return [(f"{one.title} · {len(one):,} pictures", id) for id, one in self.all.items()]

    def pick(self, id: object) -> "Gallery":
        """The set of an id.

        Raises:
            ValueError: there is none.
        """
        if not isinstance(id, str) or id not in self.all:
            raise ValueError(f"There is no set of pictures '{id}' here; choose one from the list.")
        return self.all[id]

    def open(self, id: object, number: object) -> str:
        """Write a picture of a set where Gradio serves from, for the other panels, in folders that name it.

        Raises:
            ValueError: there is no such set, or no such picture in it.
        """
        gallery = self.pick(id)
        if not isinstance(number, int) or not 0 <= number < len(gallery):
            raise ValueError(f"{gallery.title} has {len(gallery):,} pictures; there is none of number {number}.")
        image = gallery.picture(number, at_least=LARGEST_SHOWN)
        return png(image.expand(3, -1, -1).permute(1, 2, 0).numpy(), f"{id}/{number}")


def _id(folder: Path, gallery: "Gallery") -> str:
    words = re.sub(r"[^a-z0-9]+", "-", gallery.title.lower()).strip("-")
    return f"{words}-{hashlib.sha256(f'{folder.resolve()} {gallery.title}'.encode()).hexdigest()[:6]}"
