"""What all parts of the page share: how a picture arrives, and how events run."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
COMPUTE: dict[str, Any] = {
    **PRIVATE,
    "concurrency_id": "networks",
    "concurrency_limit": 1,
}  # one forward pass at a time


Upload = dict[str, Any]  # a picture as the browser sends it; Gradio has checked that its `path` lies among the uploads


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
