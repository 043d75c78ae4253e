"""The answers on the page: a card for each chosen network."""

from functools import partial

import gradio as gr

from . import cards
from .shelf import Shelf
from .wiring import COMPUTE, NO_NETWORK, Page, Upload, or_sentence, read

NO_PICTURE = "Choose a picture: drop a file, paste one, take one with the camera, or press an example."


def compare_tab(page: Page, shelf: Shelf) -> None:
    """Lay out the tab."""
    gr.on(
        [page.new_picture.change, page.new_networks.change],
        partial(answer_cards, shelf),
        [page.picture, page.networks],
        gr.HTML(cards.notice(NO_PICTURE), elem_id="answers"),
        preprocess=False,
        trigger_mode="always_last",
        show_progress="minimal",
        **COMPUTE,
    )


def answer_cards(shelf: Shelf, upload: Upload | None, chosen: list[str] | None) -> str:
    """Ask the chosen networks what is in the picture."""
    if upload is None or not chosen:
        return cards.notice(NO_PICTURE if upload is None else NO_NETWORK)
    from .panels import compare

    return or_sentence(lambda: cards.answers(compare(shelf, shelf.pick(chosen), read(upload))))
