"""What all parts of the page share: how a picture arrives, how events run, and how an error becomes a sentence."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from . import cards

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
QUEUE_FOR_NETWORKS: dict[str, Any] = {
    "concurrency_id": "networks",
    "concurrency_limit": 1,
}  # one forward pass at a time
COMPUTE: dict[str, Any] = {**PRIVATE, **QUEUE_FOR_NETWORKS}
SAY = """const made_with = element.querySelector("[data-path]").dataset.path;
document.dispatchEvent(new CustomEvent("%s", { detail: { made_with } }));"""
HEAR = """document.addEventListener("%s", (event) => trigger("select", event.detail));"""
NO_NETWORK = "Choose one network or more from the list."

# A picture as the browser sends it. Events take it without Gradio's preprocessing, which would turn a bad file into an
# error of its own, so a client may put anything here: Gradio checks only what calls itself a file.
Upload = dict[str, Any]


def visitor() -> gr.Request | None:
    """The request that is being answered: an event's of a page. None where the page is laid out, and outside of it."""
    return LocalContext.request.get(None)


def read(upload: Upload | None) -> "Tensor":
    """Read an uploaded picture, and no other file of this machine.

    Raises:
        ValueError: a sentence that calls the file what its owner calls it.
    """
    from .panels import picture

    if upload is None:
        raise ValueError("A picture is needed.")
    path = upload.get("path") if isinstance(upload, dict) else None
    if not isinstance(path, str) or not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise ValueError("Only a picture that was uploaded can be taken.")
    return picture(path, Path(str(upload.get("orig_name") or path)).name)


def png(picture: "np.ndarray") -> str:
    """Write a picture where Gradio serves from, and say where; its own writing compresses four times as long."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    path = Path(get_upload_folder()) / sha256(file.getvalue()).hexdigest() / "image.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.getvalue())
    return str(path)


class Current:
    """The picture for columns that are new, which a render cannot take without preprocessing.

    A picture that arrives while columns are being made reaches no listener of theirs, and the columns were made without
    it. So each render ends with `made_with`, by which the browser says that the columns stand, and `late` is one of the
    render's triggers. The listener is outside the render: Gradio forgets those inside before the browser does.

    Args:
        picture: what is chosen.
        name: of the tab.

    Attributes:
        upload: the state that a render takes.
        late: the state whose change makes it render again.
    """

    def __init__(self, picture: gr.Image, name: str) -> None:
        self.event = f"lab-{name}-stand"
        self.upload, self.late = gr.State(None), gr.State(0)
        picture.change(lambda new: new, picture, self.upload, preprocess=False, show_progress="hidden", **PRIVATE)
        told = gr.HTML(js_on_load=HEAR % self.event, elem_classes="lab-unseen")

        def look(now: Upload | None, late: int, event: gr.EventData) -> tuple[Upload | None, int]:
            return now, late + (_path(now) != event._data["made_with"])

        both = [self.upload, self.late]
        told.select(look, [picture, self.late], both, preprocess=False, show_progress="hidden", **PRIVATE)

    def made_with(self, upload: Upload | None) -> None:
        """Lay out, after all columns, what says which picture they were made with."""
        mark = f'<i data-path="{escape(_path(upload))}"></i>'
        gr.HTML(mark, js_on_load=SAY % self.event, elem_classes="lab-unseen")


def _path(upload: Upload | None) -> str:
    return str(upload.get("path")) if isinstance(upload, dict) else ""


def or_sentence(work: Callable[[], str]) -> str:
    """Run what makes HTML; what a user got wrong becomes a sentence in its place."""
    try:
        return work()
    except ValueError as error:
        return cards.notice(str(error), "alert")


@contextmanager
def as_errors() -> Iterator[None]:
    """What a program got wrong becomes the sentence of the error that it gets."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from error
