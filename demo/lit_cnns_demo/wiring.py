"""What all parts of the page share: how a picture arrives, how events run, and how an error becomes a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cards

if TYPE_CHECKING:
    from torch import Tensor

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
QUEUE_FOR_NETWORKS: dict[str, Any] = {
    "concurrency_id": "networks",
    "concurrency_limit": 1,
}  # one forward pass at a time
COMPUTE: dict[str, Any] = {**PRIVATE, **QUEUE_FOR_NETWORKS}
NO_NETWORK = "Choose one network or more from the list."

# A picture as the browser sends it. Events take it without Gradio's preprocessing, which would turn a bad file into an
# error of its own; Gradio has checked all the same that its `path` lies among the uploads.
Upload = dict[str, Any]


def read(upload: Upload | None) -> "Tensor":
    """Read an uploaded picture.

    Raises:
        ValueError: a sentence that calls the file what its owner calls it.
    """
    from .panels import picture

    if upload is None:
        raise ValueError("A picture is needed.")
    path = upload.get("path")
    return picture(path, Path(upload.get("orig_name") or path or "").name)


def or_sentence(work: Callable[[], str]) -> str:
    """Run what makes HTML; what a user got wrong becomes a sentence in its place."""
    try:
        return work()
    except ValueError as error:
        return cards.notice(str(error), "alert")
