"""The feature maps on the page: a column for each chosen network."""

from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from . import cards
from .network import Entry, Network
from .shelf import Shelf
from .wiring import COMPUTE, NO_NETWORK, PRIVATE, QUEUE_FOR_NETWORKS, Upload, read

if TYPE_CHECKING:
    from .panels import Scale

PICTURE_FIRST = "Choose a picture, and its maps appear here."
EACH, TOGETHER = "each map by itself", "the whole layer together"


def maps_tab(shelf: Shelf, picture: gr.Image, networks: gr.Dropdown, opened: gr.State) -> None:
    """Lay out the tab; its networks are loaded once it has been opened."""
    scale = gr.Radio(
        [(EACH, "map"), (TOGETHER, "layer")],
        value="map",
        label="Black to white spans",
        info="By itself, a faint map is as bright as a strong one; together, strengths can be compared.",
        elem_id="scale",
    )

    current = gr.State(None)  # the picture for columns that are new: a render cannot take it without preprocessing
    picture.change(lambda upload: upload, picture, current, preprocess=False, show_progress="hidden", **PRIVATE)

    @gr.render(
        [networks, opened, current, scale],
        triggers=[networks.change, opened.change],
        show_progress="minimal",
        **QUEUE_FOR_NETWORKS,
    )
    def columns(chosen: list[str], is_open: bool, upload: Upload | None, tones: "Scale") -> None:
        if not is_open:
            return
        if not chosen:
            gr.HTML(cards.notice(NO_NETWORK))
            return
        try:
            entries = shelf.pick(chosen)
        except ValueError as error:
            gr.HTML(cards.notice(str(error), "alert"))
            return
        with gr.Row(elem_classes="lab-columns"):
            for entry in entries:
                with gr.Column(min_width=320, elem_classes="lab-column", key=f"{entry.id}-column"):
                    _column(shelf, entry, picture, scale, upload, tones)


def _column(
    shelf: Shelf, entry: Entry, picture: gr.Image, scale: gr.Radio, upload: Upload | None, tones: "Scale"
) -> None:
    """Lay out one network: its layers, all maps of one, one map, and the first kernels."""
    from .panels import channel_at, kernels

    gr.HTML(f'<div class="lab-heading">{cards.heading(entry)}</div>', key=f"{entry.id}-name")
    try:
        network = shelf.network(entry)
    except ValueError as error:
        gr.HTML(cards.notice(str(error), "alert"))
        return
    first = next(iter(network.layers))
    show = partial(_show, shelf, entry)
    layer = gr.Dropdown(
        _choices(network),
        value=first,
        label="Layer",
        interactive=True,
        elem_classes="lab-layer",
        key=f"{entry.id}-layer",
    )
    shown = _outputs(entry, show(upload, first, 0, tones))
    maps, _, number, _, _ = shown
    with gr.Accordion("Kernels of the first convolution", open=False, key=f"{entry.id}-kernels"):
        words = f"Kernels of the first convolution of {entry.name}"
        gr.Image(kernels(network), **{**_PICTURE, "buttons": ["download"]}, show_label=False, alt_text=words)

    asked = [picture, layer, number, scale]
    events: dict[str, Any] = {"trigger_mode": "always_last", "preprocess": False, "show_progress": "hidden", **COMPUTE}
    layer.change(lambda upload, layer, _, tones: show(upload, layer, 0, tones), asked, shown, **events)
    gr.on([picture.change, scale.change, number.input], show, asked, shown, **events)

    def press(upload: Upload, layer: str, channel: int, tones: Any, event: gr.SelectData) -> tuple[Any, ...]:
        pressed = channel_at(shelf.network(entry), layer, *event.index)
        return show(upload, layer, channel if pressed is None else pressed, tones)

    maps.select(press, asked, shown, **events)


def _outputs(entry: Entry, values: tuple[Any, ...]) -> list[Any]:
    """Make the components of a column that show a layer, with their first values."""
    made: list[Any] = []
    for value, (kind, fixed) in zip(values, _COLUMN, strict=True):
        own = {key: part for key, part in value.items() if key != "__type__"}
        if kind is gr.Image:
            own["alt_text"] = f"{fixed['label'].split(':')[0]} of the chosen layer of {entry.name}"
        key, kept = f"{entry.id}-{fixed['elem_classes']}", ["value", "visible", "maximum", "label"]
        made.append(kind(**{**fixed, **own}, key=key, preserved_by_key=kept))
    return made


_PICTURE: dict[str, Any] = {"format": "png", "interactive": False, "buttons": ["download", "fullscreen"]}
_COLUMN: list[tuple[Any, dict[str, Any]]] = [
    (gr.Image, {**_PICTURE, "label": "All maps: press one to enlarge it", "elem_classes": "lab-maps"}),
    (gr.Markdown, {"elem_classes": "lab-caption"}),
    (gr.Slider, {"interactive": True, "minimum": 0, "step": 1, "label": "Map", "elem_classes": "lab-number"}),
    (gr.Image, {**_PICTURE, "label": "One map", "elem_classes": "lab-one"}),
    (gr.Markdown, {"elem_classes": "lab-one-caption"}),
]


def _choices(network: Network) -> list[tuple[str, str]]:
    return [(f"{name} · {' × '.join(map(str, layer.shape))}", name) for name, layer in network.layers.items()]


def _show(
    shelf: Shelf, entry: Entry, upload: Upload | None, layer: str, channel: int, tones: "Scale"
) -> tuple[dict[str, Any], ...]:
    """Updates for a column's components: all maps, their caption, the number, one map, its caption."""
    from .panels import look

    hidden = gr.update(value=None, visible=False)
    try:
        if upload is None:
            return hidden, gr.update(value=PICTURE_FIRST), hidden | {"value": 0}, hidden, gr.update(value="")
        view = look(shelf.network(entry), read(upload), layer, int(channel), tones)
    except ValueError as error:
        return hidden, gr.update(value=str(error)), hidden | {"value": 0}, hidden, gr.update(value="")
    last = view.count - 1
    return (
        gr.update(value=view.picture, visible=True),
        gr.update(value=view.caption),
        gr.update(value=min(int(channel), last), maximum=last, label=f"Map, 0 to {last}", visible=last > 0),
        gr.update(value=view.one, visible=view.one is not None),
        gr.update(value=view.one_caption),
    )
