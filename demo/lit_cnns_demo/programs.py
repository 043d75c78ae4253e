"""What programs can ask of networks: answers to one picture, to a drawing, to many; files beside this have the rest."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from .border import sentences
from .evaluating import FEW
from .galleries import Galleries
from .shelf import Shelf
from .wiring import Upload, endpoint, read, record, records, texts

if TYPE_CHECKING:
    from .panels import Answer, Refusal

NOTHING_DRAWN = "Nothing is drawn: strokes on a plain or a transparent ground are wanted."


def endpoints(shelf: Shelf, galleries: Galleries, picture: gr.Image) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door, networks = gr.Button("API"), texts("networks")
        data, many, image = record("answer"), records("answers"), gr.Image(format="png", label="image")
        gallery, most = gr.Textbox(label="pictures"), gr.Number(FEW, label="most", precision=0, minimum=1)
        number = gr.Number(0, label="number", precision=0)
    endpoint(door, "predict", predict, (shelf,), [picture, networks], many)
    endpoint(door, "agreement", agreement, (shelf,), [picture, networks], data)
    endpoint(door, "draw", draw, (shelf,), [picture, networks], many)
    endpoint(door, "pictures", list_pictures, (galleries,), None, many, concurrency_id="shelf")
    endpoint(door, "picture", one_picture, (galleries,), [gallery, number], [image, data], concurrency_id="shelf")
    asked = [gallery, networks, most]
    endpoint(door, "compare", compare, (shelf, galleries), asked, data, concurrency_id="many")


def predict(shelf: Shelf, picture: Upload | None, networks: Sequence[str] | None) -> list[dict[str, Any]]:
    """What networks say of one picture: likeliest classes, time, parameters and multiply-accumulates of each."""
    from .panels import compare

    shelf.refresh()
    with sentences():
        return _told(compare(shelf, shelf.pick(networks), read(picture)))


def agreement(shelf: Shelf, picture: Upload | None, networks: Sequence[str] | None) -> dict[str, Any]:
    """Which networks say the same of one picture, among those that share their classes; and who is not counted."""
    from .agreeing import as_data
    from .panels import Answer, Refusal, compare

    shelf.refresh()
    with sentences():
        found = compare(shelf, shelf.pick(networks), read(picture))
    refused = _told([one for one in found if isinstance(one, Refusal)])
    return {**as_data([one for one in found if isinstance(one, Answer)]), "refused": refused}


def draw(shelf: Shelf, picture: Upload | None, networks: Sequence[str] | None) -> list[dict[str, Any]]:
    """What the digit networks among some say of a drawn digit, dark on light or light on dark: it is cut out and
    centred as the digits are that each was trained on.
    """
    from .panels import digit_networks, name_digit

    shelf.refresh()
    with sentences():
        found = name_digit(shelf, digit_networks(shelf, shelf.pick(networks)), read(picture))
        if not found:
            raise ValueError(NOTHING_DRAWN)
        return _told(found)


def list_pictures(galleries: Galleries) -> list[dict[str, Any]]:
    """The sets of pictures that /compare takes, by their ids, with how many pictures and which classes they have."""
    return [
        {"id": id, "title": one.title, "pictures": len(one), "classes": one.class_names}
        for id, one in galleries.all.items()
    ]


def one_picture(galleries: Galleries, pictures: str, number: float) -> tuple[str, dict[str, Any]]:
    """A picture of a set by its number, from 0, with its name and its label if it has one."""
    with sentences():
        path = galleries.open(pictures, number)
    gallery = galleries.pick(pictures)
    label = int(gallery.labels[int(number)])
    told = {"name": gallery.name(int(number)), "label": gallery.class_names[label] if label >= 0 else None}
    return path, told


def compare(
    shelf: Shelf, galleries: Galleries, pictures: str, networks: Sequence[str] | None, most: float | None
) -> Iterator[dict[str, Any]]:
    """Networks on a set of pictures, or on at most so many of it drawn without looking: how many have been shown, and
    in the end counts with intervals, confusions, every answer, and how often those that share their classes agree.
    """
    from .contest import contest

    shelf.refresh()
    with sentences():
        gallery = galleries.pick(pictures)
        for now in contest(shelf, shelf.pick(networks), gallery, most):
            if not now.done:
                yield {"shown": len(now.numbers), "of": now.asked}
    yield {
        **now.comparison.as_data(),
        "agreement": now.agreement(),
        "names": [gallery.name(number) for number in now.numbers],
        "numbers": now.numbers,
        "left_out": now.left_out,
        "refused": _told(now.refusals),
    }


def _told(found: "Sequence[Answer | Refusal]") -> list[dict[str, Any]]:
    return [one.as_data() for one in found]
