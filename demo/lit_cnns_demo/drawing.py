"""The pad on the page: the chosen digit networks name what is drawn."""

from functools import partial
from typing import Any

import gradio as gr

from . import cards
from .shelf import Shelf
from .wiring import COMPUTE, Page, or_sentence

DRAW = "Draw a digit; the chosen digit networks answer after each stroke."
# Gradio's pad opens without a tool in hand, and lays it down when it is cleared
TAKE_UP_THE_BRUSH = """() => {
  const take = (tries) => {
    const brush = document.querySelector('#pad button[aria-label="Brush"]');
    if (brush && !document.querySelector('#pad button.highlight')) brush.click();
    if (tries) setTimeout(() => take(tries - 1), 150);
  };
  take(8);
}"""


def draw_tab(page: Page, shelf: Shelf) -> None:
    """Lay out the tab."""
    with gr.Row():
        pad = gr.Sketchpad(
            label="Draw a digit",
            type="numpy",
            canvas_size=(320, 320),
            fixed_canvas=True,
            height=440,
            brush=gr.Brush(default_size=16, colors=["#111111"], color_mode="fixed"),
            layers=False,
            transforms=(),
            buttons=[],
            scale=1,
            min_width=380,
            elem_id="pad",
        )
        with gr.Column(scale=2, min_width=320):
            drawn = gr.HTML(cards.notice(DRAW), elem_id="drawn")
    pad.clear(None, js=TAKE_UP_THE_BRUSH)
    gr.on(
        [pad.change, page.new_networks.change],
        partial(drawing_cards, shelf),
        [pad, page.networks],
        drawn,
        trigger_mode="always_last",
        show_progress="hidden",
        **COMPUTE,
    )


def drawing_cards(shelf: Shelf, drawing: dict[str, Any] | None, chosen: list[str]) -> str:
    """Ask the digit networks among the chosen what is drawn."""
    from lit_cnns.data import read_image

    from .panels import digit_networks, name_digit

    def answer() -> str:
        entries = shelf.pick(chosen)
        try:
            entries = digit_networks(shelf, entries)
        except ValueError as error:
            return cards.notice(str(error))
        canvas = (drawing or {}).get("composite")  # strokes on nothing; None of a pad that was cleared
        found = [] if canvas is None else name_digit(shelf, entries, read_image(canvas))
        return cards.answers(found) if found else cards.notice(DRAW)

    return or_sentence(answer)
