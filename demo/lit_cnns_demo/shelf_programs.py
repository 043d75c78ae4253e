"""What programs can ask of the shelf: which networks there are, which are loaded, and guests of other libraries."""

from typing import Any

import gradio as gr

from .border import sentences
from .shelf import Shelf
from .wiring import endpoint, record, records, texts

UNTRAINED, PRETRAINED = "untrained", "pretrained"


def shelf_endpoints(shelf: Shelf) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door, found, told, names = gr.Button("API"), records("networks"), record("answer"), texts("guests")
        guest, weights = gr.Textbox(label="guest"), gr.Textbox(UNTRAINED, label="weights")
    endpoint(door, "networks", list_networks, (shelf,), None, found, concurrency_id="shelf")
    endpoint(door, "shelf", shelf_now, (shelf,), None, told, concurrency_id="shelf")
    endpoint(door, "guests", list_guests, (), None, names, concurrency_id="guests")
    endpoint(door, "invite", invite, (shelf,), [guest, weights], told, concurrency_id="guests")


def list_networks(shelf: Shelf) -> list[dict[str, str]]:
    """The networks that the other endpoints take, by their ids, with what each of them is."""
    shelf.refresh()
    return [{"id": id, "label": label} for id, label in shelf.labels.items()]


def shelf_now(shelf: Shelf) -> dict[str, Any]:
    """Which networks are loaded and how many bytes they take, of how many; and a sentence for each damaged file."""
    shelf.refresh()
    loaded = [{"network": network.entry.id, "bytes": network.bytes} for network in shelf.loaded]
    return {"loaded": loaded, "memory": shelf.memory, "refused": shelf.refused}


def list_guests() -> list[str]:
    """The names of torchvision's and timm's networks, which can be invited."""
    from lit_cnns.weights import guest_names

    return guest_names()


def invite(shelf: Shelf, guest: str, weights: str) -> dict[str, str]:
    """Put a network of torchvision or timm among the others, untrained or pretrained: its id and what it is. Weights
    of pretrained ones are downloaded from their publisher, unless this machine has them.
    """
    with sentences():
        if not guest or weights not in (UNTRAINED, PRETRAINED):
            raise ValueError(f"A guest has a name, and weights untrained or pretrained, not {weights!r:.40}.")
        id = shelf.invite(guest.strip(), trained=weights == PRETRAINED)
    return {"id": id, "label": shelf.labels[id]}
