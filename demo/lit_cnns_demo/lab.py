"""The page: what stands where and what calls what. Torch is imported when a network is first needed."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported

import gradio as gr

from .looking import feature_maps_api, layer_columns
from .shelf import Shelf
from .wiring import COMPUTE, PRIVATE, Upload, read

HERE = Path(__file__).parent
SECONDS_BETWEEN_LOOKS = 4
FIRST_CHOICE = 3
FONT_WEIGHTS = (400, 700)  # of the weights that Gradio ships, those whose files are complete

HEADER = """<header class="lab-title"><h1>lit-cnns lab</h1>
<p>One picture, any number of networks: what each of them answers, and what its layers see.</p></header>"""
NO_PICTURE = "Choose a picture: drop a file, paste one, take one with the camera, or press an example."
NO_NETWORK = "Choose one network or more from the list."
TAKE_UP_THE_BRUSH = """() => {
  const take = (tries) => {
    const brush = document.querySelector('#pad button[aria-label="Brush"]');
    if (brush && !document.querySelector('#pad button.highlight')) brush.click();
    if (tries) setTimeout(() => take(tries - 1), 150);
  };
  take(8);
}"""
NO_CHECKPOINT = """**No checkpoint found yet.** Make one in about a minute, on handwritten digits that need no download:

```
lit-cnns fit --config lenet5_modern/digits
```

It appears in this list by itself when the first epoch is done."""


def build(folders: Iterable[str | Path] = ()) -> gr.Blocks:
    """Lay out the lab over the checkpoints below some folders and those that ship.

    Args:
        folders: folders or files; a folder may appear later.
    """
    shelf = Shelf(folders)
    with gr.Blocks(title="lit-cnns lab", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as demo:
        gr.HTML(HEADER)
        current, version, opened = gr.State(None), gr.State(-1), gr.State(False)
        with gr.Row(elem_id="lab"):
            with gr.Column(scale=1, min_width=300, elem_id="controls"):
                picture, networks = _controls(demo, shelf, version)
            with gr.Column(scale=3, min_width=320), gr.Tabs():
                with gr.Tab("Compare", id="compare"):
                    cards = gr.HTML(_notice(NO_PICTURE), elem_id="answers")
                with gr.Tab("Feature maps", id="maps") as maps_tab:
                    layer_columns(shelf, picture, current, networks, opened)
                with gr.Tab("Draw", id="draw") as draw_tab:
                    _drawing(shelf, networks)
        picture.change(lambda upload: upload, picture, current, preprocess=False, show_progress="hidden", **PRIVATE)
        gr.on(
            [picture.change, networks.change],
            partial(_compare, shelf),
            [picture, networks],
            cards,
            preprocess=False,
            trigger_mode="always_last",
            show_progress="minimal",
            **COMPUTE,
        )
        maps_tab.select(lambda: True, None, opened, show_progress="hidden", **PRIVATE)
        draw_tab.select(None, js=TAKE_UP_THE_BRUSH)
        _api(shelf, picture, networks)
    demo.queue(max_size=64)
    return demo


def launch(
    folders: Iterable[str | Path] = (),
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    open_browser: bool = False,
) -> None:
    """Open the lab and serve it until Ctrl-C.

    Args:
        folders: where checkpoints are looked for, besides those that ship.
        host: address to listen on; by default nobody else can reach it.
        port: by default the first free one from 7860.
        share: make a public link through Gradio's servers.
        open_browser: open a browser tab.
    """
    serve(build(folders), server_name=host, server_port=port, share=share, inbrowser=open_browser)


def serve(demo: gr.Blocks, **options: Any) -> tuple[Any, str, str]:
    """Serve what `build` gave, with the lab's look and safe settings; `options` are those of `Blocks.launch`."""
    threading.Thread(
        target=import_module, args=("lit_cnns.runs",), daemon=True
    ).start()  # seconds; the page is up first
    settings: dict[str, Any] = {
        "theme": _theme(),
        "css_paths": HERE / "style.css",
        "max_file_size": "10mb",
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "footer_links": ["api", "settings"],
        "share": False,
    }
    return demo.launch(**{**settings, **options})


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


def _controls(demo: gr.Blocks, shelf: Shelf, version: gr.State) -> tuple[gr.Image, gr.Dropdown]:
    """Lay out the picture and the list of networks, and keep the list up to date."""
    picture = gr.Image(
        label="Picture",
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        buttons=["fullscreen"],
        height=260,
        elem_id="picture",
    )
    gr.Examples(
        [[str(path)] for path in _examples()], picture, label="Examples", cache_examples=False, elem_id="examples"
    )
    networks = gr.Dropdown(
        [],
        value=[],
        multiselect=True,
        allow_custom_value=True,  # the list grows while the page is open; `Shelf.pick` says what is not on it
        label="Networks",
        info="Any number. Each says what it was trained on.",
        elem_id="networks",
    )
    status = gr.Markdown("Looking for checkpoints …", elem_id="status")
    refresh = gr.Button("Refresh", size="sm", variant="secondary", elem_id="refresh")
    look_again = partial(_look_again, shelf)
    for event in (demo.load, refresh.click, gr.Timer(SECONDS_BETWEEN_LOOKS).tick):
        event(
            look_again,
            [networks, version],
            [networks, version, status],
            preprocess=False,
            show_progress="hidden",
            concurrency_id="shelf",
            **PRIVATE,
        )
    return picture, networks


def _drawing(shelf: Shelf, networks: gr.Dropdown) -> None:
    """Lay out the pad and the answers of the digit networks."""
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
            cards = gr.HTML(
                _notice("Draw a digit; the chosen digit networks answer after each stroke."), elem_id="drawn"
            )
    pad.clear(None, js=TAKE_UP_THE_BRUSH)
    gr.on(
        [pad.change, networks.change],
        partial(_name_drawing, shelf),
        [pad, networks],
        cards,
        trigger_mode="always_last",
        show_progress="hidden",
        **COMPUTE,
    )


def _api(shelf: Shelf, picture: gr.Image, networks: gr.Dropdown) -> None:
    """Give programs what the page shows: `/predict`, `/feature_maps` and `/networks`."""
    with gr.Group(visible=False):
        door = gr.Button("API")
        data = gr.JSON(label="answers")
        network, layer = gr.Textbox(label="network"), gr.Textbox(label="layer")
        maps, caption = gr.Image(format="png", label="maps"), gr.JSON(label="caption")
    shared: dict[str, Any] = {key: value for key, value in COMPUTE.items() if key != "api_visibility"}
    door.click(partial(_predict, shelf), [picture, networks], data, preprocess=False, api_name="predict", **shared)
    door.click(
        partial(feature_maps_api, shelf),
        [picture, network, layer],
        [maps, caption],
        preprocess=False,
        api_name="feature_maps",
        **shared,
    )
    door.click(partial(_networks, shelf), None, data, api_name="networks", concurrency_id="shelf")


def _look_again(shelf: Shelf, chosen: list[str] | None, version: int) -> tuple[Any, int, Any]:
    shelf.refresh()
    if shelf.version == version:
        return gr.skip(), version, gr.skip()
    chosen = [id for id in chosen or [] if id in shelf.labels]
    first = version == -1 or not chosen
    choices = [(label, id) for id, label in shelf.labels.items()]
    networks = gr.Dropdown(choices=choices, value=shelf.first_choice(FIRST_CHOICE) if first else chosen)
    return networks, shelf.version, _status(shelf)


def _status(shelf: Shelf) -> str:
    if not shelf.entries:
        return NO_CHECKPOINT
    count = len(shelf.entries)
    return f"{count} {'checkpoint' if count == 1 else 'checkpoints'} found. New runs appear here as they finish."


def _compare(shelf: Shelf, upload: Upload | None, chosen: list[str] | None) -> str:
    if upload is None or not chosen:
        return _notice(NO_PICTURE if upload is None else NO_NETWORK)
    from . import cards
    from .panels import compare

    return _sentence(lambda: cards.answers(compare(shelf, shelf.pick(chosen), read(upload))))


def _name_drawing(shelf: Shelf, drawing: dict[str, Any] | None, chosen: list[str]) -> str:
    from . import cards
    from .panels import compare, drawn_digit, is_digit_network

    def answer() -> str:
        entries = [entry for entry in shelf.pick(chosen) if is_digit_network(entry)]
        if not entries:
            known = [entry.name for entry in shelf.entries if is_digit_network(entry)]
            there = f"such as {known[0]}" if known else "for instance: lit-cnns fit --config lenet5_modern/digits"
            return _notice(f"None of the chosen networks was trained on digits. Choose one, {there}.")
        found = []
        for entry in entries:
            digit = drawn_digit((drawing or {}).get("composite"), entry.description["data"]["class"])
            if digit is None:
                return _notice("Draw a digit; the chosen digit networks answer after each stroke.")
            found += compare(shelf, [entry], digit)
        return cards.answers(found)

    return _sentence(answer)


def _predict(shelf: Shelf, upload: Upload | None, chosen: Sequence[str] | None) -> list[dict[str, Any]]:
    """Answers of the networks with these ids for one picture."""
    from .panels import Answer, compare

    shelf.refresh()
    try:
        found = compare(shelf, shelf.pick(chosen), read(upload))
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from error
    return [
        one.as_data() if isinstance(one, Answer) else {"network": one.entry.id, "refused": one.sentence}
        for one in found
    ]


def _networks(shelf: Shelf) -> list[dict[str, str]]:
    """The ids that /predict and /feature_maps take, with what each network is."""
    shelf.refresh()
    return [{"id": id, "label": label} for id, label in shelf.labels.items()]


def _sentence(work: Callable[[], str]) -> str:
    """Run what makes HTML; what a user got wrong becomes a sentence in its place."""
    from . import cards

    try:
        return work()
    except ValueError as error:
        return cards.notice(str(error), "alert")


def _notice(sentence: str) -> str:
    from . import cards

    return cards.notice(sentence)


def _examples() -> list[Path]:
    """The pictures that ship: photographs first, then digits."""
    return [*sorted((HERE / "examples").glob("*.jpg")), *sorted((HERE / "examples").glob("*.png"))]
