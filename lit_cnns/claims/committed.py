"""The results that ship: what was found, with its conditions, before this package was made."""

from pathlib import Path
from typing import Any

from .claim import read

# the wheel, the checkout
FOLDERS = (Path(__file__).parent / "results", Path(__file__).parents[2] / "docs" / "results" / "claims")


def committed_folder(id: str) -> Path | None:
    """Where the results of a claim lie that ship; None where it has not been run."""
    return next((folder / id for folder in FOLDERS if (folder / id).is_dir()), None)


def committed(id: str) -> dict[str, Any] | None:
    """The results of a claim that ship, as `read` gives them; None where it has not been run."""
    folder = committed_folder(id)
    return read(folder) if folder else None
