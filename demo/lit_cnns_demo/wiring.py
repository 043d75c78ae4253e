"""What all parts of the page share: how a picture arrives, how events run, and how an error becomes a sentence."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from . import cards
from .agents import described
from .border import check_upload

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from .network import Entry
    from .shelf import Shelf

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
QUEUE_FOR_NETWORKS: dict[str, Any] = {
    "concurrency_id": "networks",
    "concurrency_limit": 1,
}  # one forward pass at a time
COMPUTE: dict[str, Any] = {**PRIVATE, **QUEUE_FOR_NETWORKS}
# events of controls that a visitor moves: the last one counts
FOLLOW: dict[str, Any] = {"trigger_mode": "always_last", "preprocess": False, "show_progress": "hidden", **COMPUTE}
# JSON schemas; `Any`, since Gradio calls them dicts of texts
TEXTS: Any = {"type": "array", "items": {"type": "string"}}
RECORD: Any = {"type": "object", "additionalProperties": {}}
RECORDS: Any = {"type": "array", "items": RECORD}
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
    path = check_upload(upload.get("path") if isinstance(upload, dict) else None)
    return picture(path, Path(str(upload.get("orig_name") or path)).name)


def png(picture: "np.ndarray", folder: str = "") -> str:
    """Write a picture where Gradio serves from, and say where; its own writing compresses four times as long.

    Args:
        picture: uint8 `[H, W]` or `[H, W, 3]`.
        folder: where in there; by default one named by what is in the file.
    """
    from PIL import Image

    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    path = Path(get_upload_folder()) / (folder or sha256(file.getvalue()).hexdigest()) / "image.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{uuid4().hex}.part")  # a browser may be reading the one that is there
    part.write_bytes(file.getvalue())
    part.replace(path)
    return str(path)


def opened_by(tab: gr.Tab) -> gr.State:
    """Whether a tab has been opened: what it shows is made then, not when the page is."""
    opened = gr.State(False)
    tab.select(lambda: True, None, opened, show_progress="hidden", **PRIVATE)  # queue=False would lose the change
    return opened


def chosen_entries(shelf: "Shelf", chosen: list[str]) -> "list[Entry]":
    """The chosen networks, for a column each; where there are none, a notice is laid out in their place."""
    if not chosen:
        gr.HTML(cards.notice(NO_NETWORK))
        return []
    try:
        return shelf.pick(chosen)
    except ValueError as error:
        gr.HTML(cards.notice(str(error), "alert"))
        return []


def moved(*watched: Any) -> gr.State:
    """A count that goes up whenever one of the components changes, for others to follow in the components' place.

    Gradio's browser half needs it in two ways. Two listeners to one change of a component that both wait until their
    earlier call is answered set each other off for ever; each listener to a count is on its own. And a render that
    listens to a component outside of it takes that component's other listeners away; so each render has its own count.
    """
    count = gr.State(0)
    gr.on([one.change for one in watched], lambda now: now + 1, count, count, show_progress="hidden", **PRIVATE)
    return count


class Page(NamedTuple):
    """What stands beside the tabs, and the counts by which they follow it.

    Args:
        demo: the app; its `load` comes when the page opens, and within a render when its columns stand in the browser.
        picture: the chosen picture.
        networks: the chosen networks.
        new_picture: goes up when another picture is chosen.
        new_networks: goes up when other networks are.
    """

    demo: gr.Blocks
    picture: gr.Image
    networks: gr.Dropdown
    new_picture: gr.State
    new_networks: gr.State


def or_sentence(work: Callable[[], str]) -> str:
    """Run what makes HTML; what a user got wrong becomes a sentence in its place."""
    try:
        return work()
    except ValueError as error:
        return cards.notice(str(error), "alert")


def endpoint(
    door: gr.Button, name: str, ask: Callable[..., Any], given: tuple[Any, ...], inputs: Any, outputs: Any, **event: Any
) -> None:
    """Open a function to programs; they are told the first paragraph of its docstring, and what its parameters are.

    Args:
        door: a button that nobody sees.
        name: what programs call it by.
        ask: the function; the names of its parameters are part of the interface.
        given: its first arguments, which programs do not send.
        inputs: components for the others.
        outputs: components for what it gives.
        event: where this one differs from one that waits for the networks.
    """
    options = {"preprocess": False, **QUEUE_FOR_NETWORKS, **event}
    bound = partial(ask, *given)
    bound.__name__ = name  # type: ignore[attr-defined]  # what an MCP server calls the tool
    bound.__doc__ = described(ask, bound)
    door.click(bound, inputs, outputs, api_name=name, **options)


def uploaded_picture() -> gr.Image:
    """A picture, as programs send it; the page's own has a label in the browser's language."""
    return gr.Image(label="picture", type="filepath", visible=False)


def texts(label: str) -> Api:
    """A list of texts, such as ids; the page's own lists would tell programs which choices they began with."""
    return Api([], TEXTS, label=label)


def record(label: str) -> Api:
    """Named values that an endpoint gives; `gr.JSON` would tell programs nothing of its type."""
    return Api(None, RECORD, label=label)


def records(label: str) -> Api:
    """A list of such named values."""
    return Api(None, RECORDS, label=label)
