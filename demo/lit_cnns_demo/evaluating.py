"""The comparison on many pictures on the page: a set is chosen, networks run over it, and pictures can be pressed."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from . import cards, links, reports
from .border import sentences
from .galleries import Galleries
from .shelf import Shelf
from .waiting import IN_LINE, Line, Stops
from .wiring import NO_NETWORK, PRIVATE, Page

ABOUT = "The chosen networks run over the chosen pictures: who is right how often, and where they disagree."
BETWEEN = 0.7  # seconds between two looks at the progress
FEW = 500  # pictures, unless more are asked for
SEND_PRESSED = """element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-picture]");
  if (button) trigger("select", { gallery: button.dataset.gallery, picture: Number(button.dataset.picture) });
});"""
SHOW_PICTURE = """() => document.querySelector("#picture").scrollIntoView({ block: "nearest", behavior: "smooth" })"""


def many_tab(page: Page, tab: gr.Tab, shelf: Shelf, galleries: Galleries) -> None:
    """Lay out the tab; the folders are looked into when it is opened first."""
    with gr.Row(equal_height=True):
        chosen = gr.Dropdown(
            [],
            value=None,
            label="Pictures",
            info="The folders given by --data, and scikit-learn's digits.",
            allow_custom_value=True,  # the list is filled later; `Galleries.pick` says what is not on it
            scale=3,
            min_width=260,
            elem_id="gallery",
        )
        most = gr.Number(
            FEW,
            label="At most",
            info="Of more, a part is drawn.",
            precision=0,
            minimum=1,
            scale=1,
            min_width=120,
            elem_id="most",
        )
    with gr.Row():
        start = gr.Button("Compare the networks", variant="primary", elem_id="many-start")
        stop = gr.Button("Stop", elem_id="many-stop")
    links.keep("pictures", chosen)
    links.settle(page.demo, {"most": most})
    refused = gr.HTML(visible=False, elem_id="many-refused")
    report = gr.HTML(cards.notice(ABOUT), js_on_load=SEND_PRESSED, elem_id="many")
    stops, line = Stops(), Line()

    # functions of their own, since Gradio gives requests and events to none made by `partial`
    def run_here(id: str | None, most: float | None, chosen: list[str] | None, request: gr.Request) -> Iterator[str]:
        stopped = stops.begin(request)
        yield from line.shown(run(shelf, galleries, id, most, chosen, stopped), stopped)

    def press(event: gr.EventData) -> Any:
        return open_picture(galleries, event._data)

    tab.select(partial(fill, galleries), chosen, [chosen, refused], preprocess=False, show_progress="hidden", **PRIVATE)
    start.click(
        run_here,
        [chosen, most, page.networks],
        report,
        preprocess=False,
        concurrency_id="comparisons",
        **IN_LINE,
    )
    stop.click(stops.stop, None, None, queue=False, **PRIVATE)
    page.demo.unload(stops.stop)
    opened = report.select(press, None, page.picture, show_progress="hidden", **PRIVATE)
    opened.then(None, js=SHOW_PICTURE)


def fill(galleries: Galleries, chosen: str | None) -> tuple[Any, Any]:
    """The list of sets, and what is said of folders that hold none."""
    labels = galleries.labels()
    refused = gr.update(value=cards.notices(galleries.refused), visible=bool(galleries.refused))
    return gr.update(choices=labels, value=chosen or links.asked("pictures") or labels[0][1]), refused


def run(
    shelf: Shelf,
    galleries: Galleries,
    id: str | None,
    most: float | None,
    chosen: list[str] | None,
    stopped: threading.Event,
) -> Iterator[str]:
    """Compare the chosen networks, telling how far it has come; when it is stopped, report on what was seen."""
    from .contest import contest

    if not chosen:
        yield cards.notice(NO_NETWORK)
        return
    start, told = time.monotonic(), 0.0
    yield cards.notice("Loading networks and pictures …")
    now = None
    try:
        gallery = galleries.pick(id)
        for now in contest(shelf, shelf.pick(chosen), gallery, most):
            if stopped.is_set():
                break
            if (seconds := time.monotonic() - start) - told > BETWEEN and not now.done:
                told = seconds
                yield reports.progress(now, seconds)
        assert now is not None  # `contest` gives something or raises
        yield reports.report(now, gallery, str(id), time.monotonic() - start)
    except ValueError as error:
        yield cards.notice(str(error), "alert")


def open_picture(galleries: Galleries, pressed: Any) -> str:
    """The pressed picture, for the other panels.

    Raises:
        gr.Error: there is no such picture.
    """
    data = pressed if isinstance(pressed, dict) else {}
    with sentences():
        return galleries.open(data.get("gallery"), data.get("picture"))
