"""The feature maps on the page: a column for each chosen network."""

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from . import cards, links
from .languages import say
from .network import Entry, Network
from .shelf import Shelf
from .walking import Way, connect, walk_controls
from .wiring import FOLLOW, QUEUE_FOR_NETWORKS, Page, Upload, chosen_entries, moved, opened_by, or_sentence, png, read

if TYPE_CHECKING:
    from .layer_views import Order, Point, Scale

PICTURE_FIRST = "Choose a picture, and its maps appear here."
SCALES = [("each map by itself", "map"), ("the whole layer", "layer")]
ORDERS = [("the network's", "network"), ("mean", "mean"), ("share not zero", "active"), ("largest value", "largest")]
EM_SPACE = "\N{EM SPACE}"
ONE = [("alone", False), ("over the picture", True)]


class Settings(NamedTuple):
    """What all columns follow: how maps are shown, when they have to be drawn anew, and what each showed before."""

    scale: gr.Radio
    order: gr.Radio
    over: gr.Radio
    new: gr.State
    new_order: gr.State
    kept: gr.State


def maps_tab(page: Page, tab: gr.Tab, shelf: Shelf) -> None:
    """Lay out the tab; its networks are loaded once it has been opened."""
    with gr.Row(elem_classes="lab-settings"):
        order = gr.Radio(
            ORDERS, value="network", label="Order of the maps", elem_id="order", min_width=240, interactive=True
        )
        scale = gr.Radio(
            SCALES, value="map", label="Black to white spans", elem_id="scale", min_width=200, interactive=True
        )
        over = gr.Radio(ONE, value=False, label="The one map is shown", elem_id="over", min_width=160, interactive=True)
    links.settle(page.demo, {"order": order, "scale": scale, "over": over})
    opened, new = opened_by(tab), moved(page.new_picture, scale, over)
    settings = Settings(scale, order, over, new, moved(order), gr.State({}))

    @gr.render(
        [page.networks, opened, settings.kept],
        triggers=[page.new_networks.change, opened.change],
        show_progress="minimal",
        **QUEUE_FOR_NETWORKS,
    )
    def columns(chosen: list[str], is_open: bool, before: dict[str, Any]) -> None:
        entries = chosen_entries(shelf, chosen) if is_open else []
        if not entries:
            return
        ways = [
            Way.through(network) for network in map(partial(_loaded, shelf), entries) if isinstance(network, Network)
        ]
        walk = walk_controls(ways, links.asked("stride", before)) if ways else None
        with gr.Row(elem_classes="lab-columns"):
            layers = []
            for entry in entries:
                with gr.Column(min_width=320, elem_classes="lab-column", key=f"{entry.id}-column"):
                    layers += _column(page, settings, shelf, entry, before)
        if walk:
            links.keep("stride", walk.stride, settings.kept)
            connect(walk, ways, layers, FOLLOW)


def _loaded(shelf: Shelf, entry: Entry) -> Network | str:
    """A network, or the sentence on why it cannot be had."""
    try:
        return shelf.network(entry)
    except ValueError as error:
        return str(error)


def _column(page: Page, settings: Settings, shelf: Shelf, entry: Entry, before: dict[str, Any]) -> list[gr.Dropdown]:
    """Lay out one network: its layers, all maps of one, one map, what holds it down, and auxiliary heads.

    Returns:
        The choice of a layer; nothing of a network that cannot be had.
    """
    from .layer_views import has_heads

    gr.HTML(f'<div class="lab-heading">{cards.heading(entry)}</div>', key=f"{entry.id}-name")
    network = _loaded(shelf, entry)
    if isinstance(network, str):
        gr.HTML(cards.notice(network, "alert"))
        return []
    first, channel = _of_link(network, before)
    layer = gr.Dropdown(
        tree(network),
        value=first,
        label=say("Layer"),
        interactive=True,
        elem_classes="lab-layer",
        key=f"{entry.id}-layer",
    )
    show = partial(_show, shelf, entry)
    shown = _outputs(entry, channel, network.layers[first].shape[0] - 1)
    links.keep(f"layer~{entry.id}", layer, settings.kept)
    links.keep(f"map~{entry.id}", shown[NUMBER], settings.kept)
    asked = [page.picture, layer, shown[NUMBER], settings.scale, settings.order, settings.over]

    def anew(upload: Upload | None, layer: str, _: int, *shown_as: Any) -> tuple[dict[str, Any], ...]:
        return show(upload, layer, None, *shown_as)

    def press(upload: Upload, layer: str, _: int, scale: Any, order: Any, over: bool, event: gr.SelectData) -> Any:
        return show(upload, layer, (event.index[0], event.index[1]), scale, order, over)

    same: list[Any] = [settings.new.change, shown[NUMBER].input]
    other: list[Any] = [layer.change, settings.new_order.change]
    (other if channel is None else same).append(page.demo.load)
    gr.on(same, show, asked, shown, key=f"{entry.id}-same", **FOLLOW)
    gr.on(other, anew, asked, shown, key=f"{entry.id}-other", **FOLLOW)
    shown[0].select(press, asked, shown, key=f"{entry.id}-press", **FOLLOW)
    if has_heads(network):
        predicted = gr.HTML(key=f"{entry.id}-heads")
        heads = partial(_heads, shelf, entry)
        stands: list[Any] = [page.demo.load, settings.new.change]
        gr.on(stands, heads, page.picture, predicted, key=f"{entry.id}-predict", **FOLLOW)
    return [layer]


def _of_link(network: Network, before: dict[str, Any]) -> tuple[str, int | None]:
    """The layer and the map that were chosen before, or that the page's address names; otherwise the first layer."""
    id = network.entry.id
    if (layer := links.asked(f"layer~{id}", before)) not in network.layers:
        layer = next(iter(network.layers))
    return layer, links.asked_number(f"map~{id}", 0, network.layers[layer].shape[0] - 1, before)


def tree(network: Network) -> list[tuple[str, str]]:
    """The layers as choices, the parts of a block set in below it."""
    from lit_cnns import features

    depths = features.outline(network.layers.values())
    return [
        (f"{depths[name] * EM_SPACE}{name} · {' × '.join(map(str, layer.shape))}", name)
        for name, layer in network.layers.items()
    ]


_PICTURE: dict[str, Any] = {"format": "png", "interactive": False, "buttons": ["download", "fullscreen"]}
_COLUMN: list[tuple[Any, dict[str, Any]]] = [
    (gr.Image, {**_PICTURE, "label": "All maps: press one to enlarge it", "elem_classes": "lab-maps"}),
    (gr.Markdown, {"elem_classes": "lab-caption"}),
    (gr.Slider, {"interactive": True, "minimum": 0, "step": 1, "label": "Map", "elem_classes": "lab-number"}),
    (gr.Image, {**_PICTURE, "label": "One map", "elem_classes": "lab-one"}),
    (gr.Markdown, {"elem_classes": "lab-one-caption"}),
    (gr.HTML, {"elem_classes": "lab-under"}),
]
NUMBER = 2  # the slider's place among them


def _outputs(entry: Entry, channel: int | None, last: int) -> list[Any]:
    """Make the components of a column that show a layer; pictures and number are seen once there is a picture."""
    made: list[Any] = []
    for kind, fixed in _COLUMN:
        own: dict[str, Any] = {}
        if "label" in fixed:
            own["label"] = say(fixed["label"])
        if kind is gr.Image:
            own |= {"alt_text": say(f"{fixed['label'].split(':')[0]} of the chosen layer of {entry.name}")}
        if kind is gr.Slider:
            own |= {"value": channel, "maximum": max(last, 1)}
        if kind in (gr.Image, gr.Slider):
            own["visible"] = False
        made.append(kind(**{**fixed, **own}, key=f"{entry.id}-{fixed['elem_classes']}"))
    return made


def _show(
    shelf: Shelf,
    entry: Entry,
    upload: Upload | None,
    layer: str,
    channel: "int | Point | None",
    scale: "Scale",
    order: "Order",
    over: bool,
) -> tuple[dict[str, Any], ...]:
    """Updates for a column's components: all maps, their caption, the number, one map, its caption, what is under."""
    from . import layer_cards
    from .layer_views import look

    hidden = gr.update(value=None, visible=False)
    empty = gr.update(value="")
    try:
        if upload is None:
            return hidden, gr.update(value=say(PICTURE_FIRST)), gr.update(visible=False), hidden, empty, empty
        view = look(shelf.network(entry), read(upload), layer, channel, scale, order, over)
    except ValueError as error:
        return hidden, gr.update(value=say(str(error))), gr.update(visible=False), hidden, empty, empty
    last = len(view.order) - 1
    return (
        gr.update(value=png(view.picture), visible=True),
        gr.update(value=say(view.caption)),
        gr.update(value=view.channel, maximum=last, label=say(f"Map, 0 to {last}"), visible=last > 0),
        gr.update(value=None if view.one is None else png(view.one), visible=view.one is not None),
        gr.update(value=say(view.one_caption)),
        gr.update(value=layer_cards.lateral(view.inhibition) + layer_cards.activity(view)),
    )


def _heads(shelf: Shelf, entry: Entry, upload: Upload | None) -> str:
    """What auxiliary heads predict; nothing without a picture, whose lack is said above."""
    from . import layer_cards
    from .layer_views import heads

    if upload is None:
        return ""
    return or_sentence(lambda: layer_cards.heads(heads(shelf.network(entry), read(upload))))
