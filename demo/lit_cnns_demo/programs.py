"""What programs can ask of the lab: networks, sets of pictures, and answers; files beside this have the rest."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from .border import sentences
from .evaluating import FEW
from .galleries import Galleries
from .shelf import Shelf
from .wiring import Upload, endpoint, network_ids, read


def endpoints(shelf: Shelf, galleries: Galleries, picture: gr.Image) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door, networks = gr.Button("API"), network_ids()
        data = gr.JSON(label="answers")
        gallery, most = gr.Textbox(label="pictures"), gr.Number(FEW, label="most", precision=0, minimum=1)
    endpoint(door, "networks", list_networks, (shelf,), None, data, concurrency_id="shelf")
    endpoint(door, "pictures", list_pictures, (galleries,), None, data, concurrency_id="shelf")
    asked = [gallery, networks, most]
    endpoint(door, "compare", compare, (shelf, galleries), asked, data, concurrency_id="many")
    endpoint(door, "predict", predict, (shelf,), [picture, networks], data)


def list_networks(shelf: Shelf) -> list[dict[str, str]]:
    """The networks that the other endpoints take, by their ids, with what each of them is."""
    shelf.refresh()
    return [{"id": id, "label": label} for id, label in shelf.labels.items()]


def predict(shelf: Shelf, picture: Upload | None, networks: Sequence[str] | None) -> list[dict[str, Any]]:
    """What networks say of one picture: likeliest classes, time, parameters and multiply-accumulates of each."""
    from .panels import Answer, compare

    shelf.refresh()
    with sentences():
        found = compare(shelf, shelf.pick(networks), read(picture))
    return [
        one.as_data() if isinstance(one, Answer) else {"network": one.entry.id, "refused": one.sentence}
        for one in found
    ]


def list_pictures(galleries: Galleries) -> list[dict[str, Any]]:
    """The sets of pictures that /compare takes, by their ids, with how many pictures and which classes they have."""
    return [
        {"id": id, "title": one.title, "pictures": len(one), "classes": one.class_names}
        for id, one in galleries.all.items()
    ]


def compare(
    shelf: Shelf, galleries: Galleries, pictures: str, networks: Sequence[str] | None, most: float | None
) -> dict[str, Any]:
    """Networks on a set of pictures, or on at most so many of it drawn without looking: counts with intervals."""
    from .contest import contest

    shelf.refresh()
    with sentences():
        gallery = galleries.pick(pictures)
        *_, end = contest(shelf, shelf.pick(networks), gallery, most)
    refused = [{"network": one.entry.id, "refused": one.sentence} for one in end.refusals]
    names = [gallery.name(number) for number in end.numbers]
    return {**end.comparison.as_data(), "names": names, "left_out": end.left_out, "refused": refused}
