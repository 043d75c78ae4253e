"""What programs can ask of the lab: networks, sets of pictures, and answers; files beside this have the rest."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr

from .evaluating import FEW
from .galleries import Galleries
from .shelf import Shelf
from .wiring import QUEUE_FOR_NETWORKS, Upload, as_errors, read


def endpoints(shelf: Shelf, galleries: Galleries, picture: gr.Image, networks: gr.Dropdown) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door = gr.Button("API")
        data = gr.JSON(label="answers")
        gallery, most = gr.Textbox(label="pictures"), gr.Number(FEW, label="most", precision=0, minimum=1)
    raw: dict[str, Any] = {"preprocess": False, **QUEUE_FOR_NETWORKS}
    door.click(partial(list_networks, shelf), None, data, api_name="networks", concurrency_id="shelf")
    door.click(partial(list_pictures, galleries), None, data, api_name="pictures", concurrency_id="shelf")
    asked = [gallery, networks, most]
    door.click(
        partial(compare, shelf, galleries), asked, data, api_name="compare", **(raw | {"concurrency_id": "many"})
    )
    door.click(partial(predict, shelf), [picture, networks], data, api_name="predict", **raw)


def list_networks(shelf: Shelf) -> list[dict[str, str]]:
    """The ids that the other endpoints take, with what each network is."""
    shelf.refresh()
    return [{"id": id, "label": label} for id, label in shelf.labels.items()]


def predict(shelf: Shelf, upload: Upload | None, chosen: Sequence[str] | None) -> list[dict[str, Any]]:
    """Answers of the networks with these ids for one picture."""
    from .panels import Answer, compare

    shelf.refresh()
    with as_errors():
        found = compare(shelf, shelf.pick(chosen), read(upload))
    return [
        one.as_data() if isinstance(one, Answer) else {"network": one.entry.id, "refused": one.sentence}
        for one in found
    ]


def list_pictures(galleries: Galleries) -> list[dict[str, Any]]:
    """The ids of the sets of pictures that /compare takes, with their classes."""
    return [
        {"id": id, "title": one.title, "pictures": len(one), "classes": one.class_names}
        for id, one in galleries.all.items()
    ]


def compare(
    shelf: Shelf, galleries: Galleries, pictures: str, chosen: Sequence[str] | None, most: float | None
) -> dict[str, Any]:
    """Networks with these ids on a set of pictures, or on a part of it drawn without looking: counts with intervals."""
    from .contest import contest

    shelf.refresh()
    with as_errors():
        gallery = galleries.pick(pictures)
        *_, end = contest(shelf, shelf.pick(chosen), gallery, most)
    refused = [{"network": one.entry.id, "refused": one.sentence} for one in end.refusals]
    names = [gallery.name(number) for number in end.numbers]
    return {**end.comparison.as_data(), "names": names, "left_out": end.left_out, "refused": refused}
