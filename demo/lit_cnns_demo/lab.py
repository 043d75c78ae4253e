"""The page: what stands where. Torch is imported when a network is first needed."""

from collections.abc import Container, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from . import links
from .border import Guarded
from .claim_programs import claim_endpoints
from .claims_tab import claims_tab
from .comparing import compare_tab
from .controls import network_list, picture_input, picture_of_link
from .drawing import TAKE_UP_THE_BRUSH, draw_tab
from .evaluating import many_tab
from .explaining import why_tab
from .galleries import Galleries
from .inside import inside_endpoints
from .kernels import kernels_tab
from .languages import translate
from .lineage import lineage_tab
from .lineage_programs import lineage_endpoints
from .looking import maps_tab
from .over_time import over_time_tab
from .programs import endpoints
from .reason_programs import reason_endpoints
from .reruns import Reruns
from .shelf import Shelf
from .shelf_programs import shelf_endpoints
from .training_views import training_tab
from .wiring import PRIVATE, Page, moved, uploaded_picture

MOST_WAITING = 256  # events in the queue: 50 pages with one at work and their clocks are 150; beyond it, one is refused
HEADER = """<header class="lab-title"><h1>lit-cnns lab</h1>
<p>One picture, any number of networks: what each of them answers, and what its layers see.</p></header>"""


def build(folders: Iterable[str | Path] = (), data: Iterable[str | Path] = ()) -> gr.Blocks:
    """Lay out the lab over the checkpoints below some folders and those that ship.

    Args:
        folders: folders or files; a folder may appear later.
        data: folders of pictures to compare networks on, and to run claims on.
    """
    data = [*data]
    shelf, galleries, reruns = Shelf(folders), Galleries(data), Reruns(data)
    with Guarded(title="lit-cnns lab", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as demo:
        gr.HTML(HEADER)
        links.begin(demo)
        with gr.Row(elem_id="lab"):
            with gr.Column(scale=1, min_width=300, elem_id="controls"):
                picture = picture_input(demo)
                networks, listed = network_list(demo, shelf)
            page = Page(demo, picture, networks, moved(picture), moved(networks))
            with gr.Column(scale=3, min_width=320), gr.Tabs() as tabs:
                with gr.Tab("Compare", id="compare") as comparing:
                    compare_tab(page, shelf)
                with gr.Tab("Many pictures", id="many") as many:
                    many_tab(page, many, shelf, galleries)
                with gr.Tab("Feature maps", id="maps") as maps:
                    maps_tab(page, maps, shelf)
                with gr.Tab("Kernels", id="kernels") as kernels:
                    kernels_tab(page, kernels, shelf)
                with gr.Tab("Why", id="why") as why:
                    why_tab(page, why, shelf)
                with gr.Tab("What training sees", id="training") as training:
                    training_tab(page, training, shelf)
                with gr.Tab("Over time", id="time") as time:
                    over_time_tab(page, time, shelf)
                with gr.Tab("Lineage", id="lineage") as lineage:
                    lineage_tab(page, lineage, shelf)
                with gr.Tab("Claims", id="claims") as claims:
                    claims_tab(demo, claims, reruns)
                with gr.Tab("Draw", id="draw") as draw:
                    draw_tab(page, shelf)
        laid = (comparing, many, maps, kernels, why, training, time, lineage, claims, draw)
        for tab in laid:
            links.keep_tab(tab)
        translate(demo)
        # one after another, the tab last: its columns are laid out once
        shown = listed.then(partial(picture_of_link, galleries), None, picture, show_progress="hidden", **PRIVATE)
        known = {str(tab.id) for tab in laid}
        links.end(shown.then(partial(tab_of_link, known), None, tabs, show_progress="hidden", **PRIVATE))
        draw.select(None, js=TAKE_UP_THE_BRUSH)
        sent = uploaded_picture()
        shelf_endpoints(shelf)
        endpoints(shelf, galleries, sent)
        inside_endpoints(shelf, sent)
        reason_endpoints(shelf, sent)
        lineage_endpoints(shelf, sent)
        claim_endpoints(reruns)
    demo.queue(max_size=MOST_WAITING, default_concurrency_limit=1)
    return demo


def tab_of_link(known: Container[str]) -> Any:
    """The tab that the page's address names, if it is one of these."""
    return gr.Tabs(selected=links.asked("tab")) if links.asked("tab") in known else gr.skip()
