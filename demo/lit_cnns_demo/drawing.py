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
    """Ask the digit networks among the chosen what is drawn, each shown the digit as its own data has it."""
    from .panels import compare, drawn_digit, is_digit_network

    def answer() -> str:
        entries = [entry for entry in shelf.pick(chosen) if is_digit_network(entry)]
        if not entries:
            known = [entry.name for entry in shelf.entries if is_digit_network(entry)]
            there = f"such as {known[0]}" if known else "for instance: lit-cnns fit --config lenet5_modern/digits"
            return cards.notice(f"None of the chosen networks was trained on digits. Choose one, {there}.")
        found = []
        for entry in entries:
            digit = drawn_digit((drawing or {}).get("composite"), entry.description["data"]["class"])
            if digit is None:
                return cards.notice(DRAW)
            found += compare(shelf, [entry], digit)
        return cards.answers(found)

    return or_sentence(answer)
