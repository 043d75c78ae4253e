"""The claims on the page: all verdicts, one claim with its figure, the sentences as told, and a run of one's own."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from . import cards, links, verdicts
from .evaluating import Stops
from .languages import say
from .lineage import PRESS, pressed
from .reruns import NO_DATA, Reruns
from .wiring import PRIVATE, or_sentence

LOOK: dict[str, Any] = {"concurrency_id": "claims", "show_progress": "minimal", "preprocess": False, **PRIVATE}


def claims_tab(demo: gr.Blocks, tab: gr.Tab, reruns: Reruns) -> None:
    """Lay out the tab; it is filled when it is first opened."""
    chosen = gr.Dropdown(
        [],
        value=None,
        label="Claim",
        info="What a paper says. Each is checked by one command.",
        allow_custom_value=True,  # the list is filled later; what is not on it is told
        elem_id="claim",
    )
    shown = gr.HTML(js_on_load=PRESS, elem_id="claims")
    with gr.Row(visible=False) as again:
        pictures = gr.Dropdown(
            [*reruns.folders],
            value=next(iter(reruns.folders), None),
            label="Pictures",
            info="To train on: the folders given by --data.",
            elem_id="claim-pictures",
        )
        start = gr.Button("Run it here, quick", variant="primary", elem_id="claim-start")
        stop = gr.Button("Stop", elem_id="claim-stop")
    rerun = gr.HTML(elem_id="claim-rerun")
    links.keep("claim", chosen)
    stops = Stops()
    below: dict[str, str] = {}  # page: what stands below the claim that was chosen last, unless it has run since

    # functions of their own, since Gradio gives requests to none made by `partial`
    def run_here(id: str | None, pictures: str | None, request: gr.Request) -> Iterator[Any]:
        page, stopped = str(request.session_hash), stops.begin(request)
        below.pop(page, None)
        try:
            for now in reruns.run(str(id), pictures, stopped):
                # another claim may stand there by now
                yield below[page] if page in below else verdicts.rerun_html(str(id), now)
        except ValueError as error:
            yield cards.notice(say(str(error)), "alert")

    def show_here(id: str | None, request: gr.Request) -> tuple[str, Any, Any, str]:
        found = show(reruns, id)
        below[str(request.session_hash)] = found[-1]
        stops.stop(request)
        return found

    def leave(request: gr.Request) -> None:
        stops.stop(request)
        below.pop(str(request.session_hash), None)

    tab.select(fill, chosen, chosen, **LOOK)
    chosen.change(show_here, chosen, [shown, again, pictures, rerun], trigger_mode="always_last", **LOOK)
    shown.click(pressed, None, chosen, show_progress="hidden", **PRIVATE)
    start.click(
        run_here,
        [chosen, pictures],
        rerun,
        show_progress="hidden",
        preprocess=False,
        concurrency_id="reruns",
        concurrency_limit=8,
        **PRIVATE,
    )
    stop.click(stops.stop, None, None, queue=False, **PRIVATE)
    demo.unload(leave)


def fill(chosen: str | None) -> Any:
    """The list of claims, after all of them and the sentences as told; the link's is chosen, or all."""
    from lit_cnns import claims

    choices = [(say("All claims"), verdicts.ALL), (say("As told: the sentences of a text"), verdicts.TOLD)]
    choices += [(verdicts.statement(id), id) for id in claims.CLAIMS]
    return gr.update(choices=choices, value=chosen or links.asked("claim") or verdicts.ALL)


def show(reruns: Reruns, id: str | None) -> tuple[str, Any, Any, str]:
    """What is chosen, the row that runs it, its pictures, and what is said where no run of it can be."""
    from lit_cnns import claims

    views = {verdicts.ALL: verdicts.index_html, verdicts.TOLD: verdicts.told_html}
    if not id or id in views:
        return views[id or verdicts.ALL](), gr.update(visible=False), gr.skip(), ""
    shown = or_sentence(partial(verdicts.claim_html, id))
    needs = id in claims.CLAIMS and claims.claim(id).needs_data
    runs = id in claims.CLAIMS and (not needs or bool(reruns.folders))
    note = cards.notice(say(NO_DATA)) if needs and not runs else ""
    return shown, gr.update(visible=runs), gr.update(visible=needs), note
