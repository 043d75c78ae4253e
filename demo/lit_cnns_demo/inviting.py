"""Guests on the page: any network of torchvision and timm beside our own, by its name."""

from functools import partial
from typing import Any

import gradio as gr

from . import cards
from .shelf import Shelf
from .wiring import PRIVATE

ASK = "Choose one of their networks by its name."
UNTRAINED, PRETRAINED = "random weights", "trained weights"
ABOUT_WEIGHTS = "Trained weights are downloaded from their publisher, unless this machine has them. Nothing else is."


def guest_list(shelf: Shelf, networks: gr.Dropdown) -> None:
    """Lay out the choice of guests; their names are listed when it is opened first."""
    with gr.Accordion("Add a network of torchvision or timm", open=False, elem_id="guests") as guests:
        name = gr.Dropdown(
            [],
            value=None,
            label="Name",
            info="Type a part of it, such as resnet18.",
            allow_custom_value=True,
            filterable=True,
            elem_id="guest-name",
        )
        weights = gr.Radio(
            [(UNTRAINED, "untrained"), (PRETRAINED, "pretrained")],
            value="untrained",
            label="Weights",
            info=ABOUT_WEIGHTS,
            elem_id="guest-weights",
        )
        add = gr.Button("Add", size="sm", elem_id="guest-add")
        said = gr.HTML(elem_id="guest-said")
    guests.expand(names, None, name, show_progress="minimal", concurrency_id="guests", **PRIVATE)
    add.click(
        partial(invite, shelf),
        [name, weights, networks],
        [networks, said],
        preprocess=False,
        show_progress="minimal",
        concurrency_id="guests",
        **PRIVATE,
    )


def names() -> Any:
    """The names to choose from."""
    from lit_cnns.weights import guest_names

    return gr.update(choices=guest_names())


def invite(shelf: Shelf, name: str | None, kind: str, chosen: list[str] | None) -> tuple[Any, str]:
    """Put a guest on the shelf and among the chosen networks, or say why it cannot come."""
    if not isinstance(name, str) or not name.strip():
        return gr.skip(), cards.notice(ASK)
    try:
        id = shelf.invite(name.strip(), trained=kind == "pretrained")
    except ValueError as error:
        return gr.skip(), cards.notice(str(error), "alert")
    choices = [(label, one) for one, label in shelf.labels.items()]
    weights = "its trained weights" if kind == "pretrained" else "random weights: it has not learned anything"
    said = cards.notice(f"{name.strip()} is among the networks, with {weights}.")
    return gr.update(choices=choices, value=[*dict.fromkeys([*(chosen or ()), id])]), said
