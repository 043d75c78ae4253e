"""The page: what stands where, and how it is served. Torch is imported when a network is first needed."""

import os
import threading
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported

import gradio as gr

from . import links
from .comparing import compare_tab
from .controls import network_list, picture_input
from .drawing import TAKE_UP_THE_BRUSH, draw_tab
from .evaluating import many_tab
from .explaining import why_tab
from .galleries import Galleries
from .inside import inside_endpoints
from .kernels import kernels_tab
from .languages import I18N, translate
from .lineage import lineage_tab
from .lineage_programs import lineage_endpoints
from .looking import maps_tab
from .over_time import over_time_tab
from .programs import endpoints
from .reason_programs import reason_endpoints
from .shelf import Shelf
from .training_views import training_tab
from .wiring import PRIVATE

TABS = ("compare", "many", "maps", "kernels", "why", "training", "time", "lineage", "draw")
FONT_WEIGHTS = (400, 700)  # of the weights that Gradio ships, those whose files are complete
HEADER = """<header class="lab-title"><h1>lit-cnns lab</h1>
<p>One picture, any number of networks: what each of them answers, and what its layers see.</p></header>"""


def build(folders: Iterable[str | Path] = (), data: Iterable[str | Path] = ()) -> gr.Blocks:
    """Lay out the lab over the checkpoints below some folders and those that ship.

    Args:
        folders: folders or files; a folder may appear later.
        data: folders of pictures to compare networks on.
    """
    shelf, galleries = Shelf(folders), Galleries(data)
    with gr.Blocks(title="lit-cnns lab", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as demo:
        gr.HTML(HEADER)
        links.begin(demo)
        opened = gr.State(False)
        with gr.Row(elem_id="lab"):
            with gr.Column(scale=1, min_width=300, elem_id="controls"):
                picture = picture_input(demo)
                networks = network_list(demo, shelf)
            with gr.Column(scale=3, min_width=320), gr.Tabs() as tabs:
                with gr.Tab("Compare", id="compare") as comparing:
                    compare_tab(shelf, picture, networks)
                with gr.Tab("Many pictures", id="many") as many:
                    many_tab(demo, many, shelf, galleries, picture, networks)
                with gr.Tab("Feature maps", id="maps") as maps:
                    maps_tab(shelf, picture, networks, opened)
                with gr.Tab("Kernels", id="kernels") as kernels:
                    kernels_tab(shelf, networks, kernels)
                with gr.Tab("Why", id="why") as why:
                    why_tab(demo, shelf, picture, networks, why)
                with gr.Tab("What training sees", id="training") as training:
                    training_tab(demo, picture, training)
                with gr.Tab("Over time", id="time") as time:
                    over_time_tab(shelf, picture, time)
                with gr.Tab("Lineage", id="lineage") as lineage:
                    lineage_tab(demo, shelf, networks, lineage)
                with gr.Tab("Draw", id="draw") as draw:
                    draw_tab(shelf, networks)
        for tab in (comparing, many, maps, kernels, why, training, time, lineage, draw):
            links.keep_tab(tab)
        translate(demo)
        demo.load(tab_of_link, None, tabs, show_progress="hidden", **PRIVATE)
        maps.select(lambda: True, None, opened, show_progress="hidden", **PRIVATE)  # queue=False would lose the change
        draw.select(None, js=TAKE_UP_THE_BRUSH)
        endpoints(shelf, galleries, picture, networks)
        inside_endpoints(shelf, picture)
        reason_endpoints(shelf, picture)
        lineage_endpoints(shelf, picture)
    demo.queue(max_size=64)
    return demo


def tab_of_link() -> Any:
    """The tab that the page's address names."""
    return gr.Tabs(selected=links.asked("tab")) if links.asked("tab") in TABS else gr.skip()


def launch(
    folders: Iterable[str | Path] = (),
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    open_browser: bool = False,
    data: Iterable[str | Path] = (),
) -> None:
    """Open the lab and serve it until Ctrl-C.

    Args:
        folders: where checkpoints are looked for, besides those that ship.
        host: address to listen on; by default nobody else can reach it.
        port: by default the first free one from 7860.
        share: make a public link through Gradio's servers.
        open_browser: open a browser tab.
        data: folders of pictures to compare networks on, besides scikit-learn's digits.

    Raises:
        ValueError: nothing can listen on that host and port.
    """
    try:
        with socket(
            AF_INET6 if ":" in host else AF_INET
        ) as probe:  # Gradio would try a hundred ports, and take minutes over a wrong host
            probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            probe.bind((host, port or 0))
    except (OSError, OverflowError) as error:
        where = f"{host}, port {port}" if port else host
        raise ValueError(f"The lab cannot listen on {where} ({error}); give another.") from error
    demo = build(folders, data)
    options = {"server_name": host, "server_port": port, "share": share, "inbrowser": open_browser}
    _, address, public = serve(demo, **options, prevent_thread_lock=True, quiet=True)
    print(f"The lab is open at {public or address}; Ctrl-C closes it.", flush=True)
    demo.block_thread()


def serve(demo: gr.Blocks, **options: Any) -> tuple[Any, str, str]:
    """Serve what `build` gave, with the lab's look and safe settings; `options` are those of `Blocks.launch`."""
    threading.Thread(target=_import_the_slow, args=(demo,), daemon=True).start()
    settings: dict[str, Any] = {
        "theme": _theme(),
        "css_paths": Path(__file__).parent / "style.css",
        "max_file_size": "10mb",
        "run_history": False,
        "i18n": I18N,
        "enable_monitoring": False,
        "ssr_mode": False,
        "footer_links": ["api", "settings"],
        "share": False,
    }
    return demo.launch(**{**settings, **options})


def _import_the_slow(demo: gr.Blocks) -> None:
    """Import torch and Lightning, which take seconds, as soon as the page is up: before, they would delay it."""
    while not demo.is_running:
        time.sleep(0.02)
    for module in ("lit_cnns.checkpoints", "lit_cnns_demo.panels"):
        import_module(module)


def _theme() -> gr.themes.Base:
    fonts = gr.themes.LocalFont
    return gr.themes.Default(
        primary_hue="orange",
        secondary_hue="slate",
        neutral_hue="slate",
        radius_size="sm",
        font=(fonts("IBM Plex Sans", weights=FONT_WEIGHTS), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=(fonts("IBM Plex Mono", weights=FONT_WEIGHTS), "ui-monospace", "Consolas", "monospace"),
    ).set(
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_label_text_color="*neutral_600",
        block_title_text_color="*neutral_700",
    )
