"""What programs can ask of the lab: `/networks` and `/predict`; the files beside this one have what else they can."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr

from .shelf import Shelf
from .wiring import QUEUE_FOR_NETWORKS, Upload, read


def endpoints(shelf: Shelf, picture: gr.Image, networks: gr.Dropdown) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door = gr.Button("API")
        data = gr.JSON(label="answers")
    raw: dict[str, Any] = {"preprocess": False, **QUEUE_FOR_NETWORKS}
    door.click(partial(list_networks, shelf), None, data, api_name="networks", concurrency_id="shelf")
    door.click(partial(predict, shelf), [picture, networks], data, api_name="predict", **raw)


def list_networks(shelf: Shelf) -> list[dict[str, str]]:
    """The ids that the other endpoints take, with what each network is."""
    shelf.refresh()
    return [{"id": id, "label": label} for id, label in shelf.labels.items()]


def predict(shelf: Shelf, upload: Upload | None, chosen: Sequence[str] | None) -> list[dict[str, Any]]:
    """Answers of the networks with these ids for one picture."""
    from .panels import Answer, compare

    shelf.refresh()
    try:
        found = compare(shelf, shelf.pick(chosen), read(upload))
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from error
    return [
        one.as_data() if isinstance(one, Answer) else {"network": one.entry.id, "refused": one.sentence}
        for one in found
    ]
