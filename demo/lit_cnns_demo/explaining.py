"""The reasons on the page: a column for each chosen network."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from . import cards, links, reason_cards
from .languages import say
from .network import Entry, Network
from .shelf import Shelf
from .waiting import IN_LINE, Line, Stops
from .wiring import (
    FOLLOW,
    PRIVATE,
    QUEUE_FOR_NETWORKS,
    Page,
    Upload,
    chosen_entries,
    moved,
    opened_by,
    or_sentence,
    read,
)

PICTURE_FIRST = "Choose a picture, and the reasons appear here."
LIKELIEST = "the likeliest"
MASKS = 64
VIEWS = {
    "grad_cam": ("Grad-CAM", "Maps of a layer, each weighed by its mean gradient: what speaks for the class."),
    "hires_cam": (
        "HiResCAM",
        "Maps times gradients, place by place: right for AlexNet and VGG, whose fc6 knows places.",
    ),
    "cam": ("CAM", "Maps weighed as the last layer weighs their means; for networks that end in such means."),
    "saliency": ("Saliency", "The gradient by the pixels: which of them move the score."),
    "occlusion": ("Occlusion", "A grey square slides over the picture: where it lies when the class is lost."),
    "deconvnet": ("Deconvnet", "One map's strongest unit, projected back to the pixels, beside the patch it sees."),
    "dropout": ("Dropout", "The answer under random dropout masks: how far it depends on the units that stay."),
}
# a program's long work beside the quick questions of all others; the page's waits in a line that says so
LONG: dict[str, Any] = {**PRIVATE, "concurrency_id": "long", "concurrency_limit": 1}
STRENGTH = "(share) => { document.documentElement.style.setProperty('--lab-strength', share / 100); }"


class Question(NamedTuple):
    """What all columns share: method, square's side, when to answer anew, what was asked before, and the line."""

    view: gr.Radio
    share: gr.Slider
    new: gr.State
    kept: gr.State
    line: Line


def why_tab(page: Page, tab: gr.Tab, shelf: Shelf) -> None:
    """Lay out the tab; its networks are loaded once it has been opened."""
    opened = opened_by(tab)
    with gr.Row():
        view = gr.Radio(
            [(name, key) for key, (name, _) in VIEWS.items()],
            value="grad_cam",
            label="Method",
            info=VIEWS["grad_cam"][1],
            scale=3,
            min_width=320,
            elem_id="why",
        )
        strength = gr.Slider(0, 100, 50, step=5, label="Strength, %", min_width=150, elem_id="why-strength")
        share = gr.Slider(
            *(5, 60, 25),
            step=5,
            label="Square's side, %",
            interactive=True,
            visible=False,
            min_width=150,
            elem_id="why-square",
        )
    question = Question(view, share, moved(page.new_picture, view), gr.State({}), Line())
    opening = links.settle(page.demo, {"why": view, "strength": strength, "square": share})
    strength.change(None, strength, js=STRENGTH, **PRIVATE)
    for told in (view.input, opening.then):  # not `change`, which comes too late for the words
        told(_words, view, [view, strength, share], show_progress="hidden", **PRIVATE)

    @gr.render(
        [page.networks, opened, question.kept],
        triggers=[page.new_networks.change, opened.change],
        show_progress="minimal",
        **QUEUE_FOR_NETWORKS,
    )
    def columns(chosen: list[str], is_open: bool, before: dict[str, Any]) -> None:
        entries = chosen_entries(shelf, chosen) if is_open else []
        if not entries:
            return
        with gr.Row(elem_classes="lab-columns"):
            for entry in entries:
                with gr.Column(min_width=320, elem_classes="lab-column", key=f"{entry.id}-why"):
                    _column(page, question, shelf, entry, before)


def _words(view: str | None) -> tuple[Any, Any, Any]:
    """What a view is, and the controls that all columns share in it; nothing changes where none is chosen."""
    if view is None:
        return gr.skip(), gr.skip(), gr.skip()
    coloured = view not in ("deconvnet", "dropout")
    return gr.update(info=say(VIEWS[view][1])), gr.update(visible=coloured), gr.update(visible=view == "occlusion")


def _column(page: Page, question: Question, shelf: Shelf, entry: Entry, before: dict[str, Any]) -> None:
    """Lay out one network: class, layer and map, and the reason."""
    from .reasons import best_layer, layers_with_maps

    gr.HTML(f'<div class="lab-heading">{cards.heading(entry)}</div>', key=f"{entry.id}-why-name")
    try:
        network = shelf.network(entry)
        first, named = best_layer(network), links.asked(f"why-class~{entry.id}", before)
    except ValueError as error:
        gr.HTML(cards.notice(str(error), "alert"))
        return
    layers = layers_with_maps(network)
    if (chosen := links.asked(f"why-layer~{entry.id}", before)) in layers:
        first = chosen
    last = network.layers[first].shape[0] - 1
    map_of_link = links.asked_number(f"why-map~{entry.id}", 0, last, before)
    number = None if map_of_link is None else str(map_of_link)
    names = [(say(LIKELIEST), ""), *((name, name) for name in dict.fromkeys(network.class_names))]
    with gr.Row():
        word = _dropdown(entry, "class", "Class", choices=names, value=named if named in network.class_names else "")
        layer = _dropdown(
            entry, "layer", "Layer", choices=[(_label(network, name), name) for name in layers], value=first
        )
        channel = _dropdown(entry, "map", "Map, strongest first", choices=[number] if number else [], value=number)
    links.keep(f"why-class~{entry.id}", word, question.kept)
    links.keep(f"why-layer~{entry.id}", layer, question.kept)
    links.keep(f"why-map~{entry.id}", channel, question.kept)
    with gr.Row(visible=False, key=f"{entry.id}-why-long") as long:
        start = gr.Button(say("Slide the square"), variant="primary", size="sm", elem_classes="lab-start")
        stop = gr.Button(say("Stop"), size="sm", elem_classes="lab-stop")
    figure = gr.HTML(key=f"{entry.id}-why-figure", elem_classes="lab-why")

    stops = Stops()

    # functions of their own, since Gradio gives requests to none made by `partial`
    def slide(upload: Upload | None, word: str, share: float, request: gr.Request) -> Iterator[str]:
        stopped = stops.begin(request)
        yield from question.line.shown(_slide(shelf, entry, upload, word, share, stopped), stopped)

    run = start.click(
        slide,
        [page.picture, word, question.share],
        figure,
        preprocess=False,
        key=f"{entry.id}-why-slide",
        concurrency_id="squares",
        **IN_LINE,
    )
    stop.click(stops.stop, None, None, queue=False, **PRIVATE)
    show = partial(_show, shelf, entry)
    shown, asked = [word, layer, channel, long, figure], [page.picture, question.view, word, layer, channel]
    same: list[Any] = [word.input, channel.input]
    other: list[Any] = [question.new.change, layer.input]
    (same if number else other).append(page.demo.load)
    gr.on(same, show, asked, shown, cancels=[run], key=f"{entry.id}-why-same", **FOLLOW)
    anew = lambda upload, view, word, layer, _: show(upload, view, word, layer, None)  # noqa: E731
    gr.on(other, anew, asked, shown, cancels=[run], key=f"{entry.id}-why-other", **FOLLOW)


def _dropdown(entry: Entry, what: str, label: str, **more: Any) -> gr.Dropdown:
    fixed: dict[str, Any] = {"interactive": True, "visible": False, "min_width": 190}
    return gr.Dropdown(**fixed, **more, label=say(label), elem_classes=f"lab-why-{what}", key=f"{entry.id}-why-{what}")


def _label(network: Network, name: str) -> str:
    return f"{name} · {' × '.join(map(str, network.layers[name].shape))}"


def _show(
    shelf: Shelf, entry: Entry, upload: Upload | None, view: str, word: str, layer: str, channel: str | None
) -> tuple[dict[str, Any], ...]:
    """Updates of a column: class, layer, map, the buttons of long work, and the figure."""
    maps: dict[str, Any] = {"visible": view == "deconvnet"}

    def figure() -> str:
        from . import reasons

        if upload is None:
            return cards.notice(PICTURE_FIRST)
        network, image = shelf.network(entry), read(upload)
        hint = reasons.warning(network, image)
        if view == "deconvnet":
            projection = reasons.project(network, image, layer, None if channel is None else int(channel))
            order = projection.found.strongest.sort(descending=True)
            pairs = zip(order.indices.tolist(), order.values.tolist(), strict=True)
            maps["choices"] = [(f"{number} · {value:.3g}", str(number)) for number, value in pairs]
            maps["value"] = str(projection.found.channel)
            return reason_cards.projection_figure(projection, hint)
        if view == "dropout":
            return reason_cards.spread_bars(*reasons.vary(network, image, MASKS), MASKS, hint)
        if view == "occlusion":
            return cards.notice("Press “Slide the square”: the network is asked once for each of its places.")
        return reason_cards.heat_figure(reasons.explain(network, image, view, layer, word), hint)  # type: ignore[arg-type]

    made = or_sentence(figure)
    return (
        gr.update(visible=view not in ("deconvnet", "dropout")),
        gr.update(visible=view not in ("saliency", "occlusion", "dropout")),
        gr.update(**maps),
        gr.update(visible=view == "occlusion"),
        gr.update(value=made),
    )


def _slide(
    shelf: Shelf, entry: Entry, upload: Upload | None, word: str, share: float, stopped: threading.Event
) -> Iterator[str]:
    """The figure of the square's way, again and again until it has been everywhere or is stopped."""
    from .reasons import hide, warning

    try:
        network, image = shelf.network(entry), read(upload)
        hint = warning(network, image)
        for so_far in hide(network, image, word, share / 100):
            if stopped.is_set():
                break
            yield reason_cards.heat_figure(so_far, hint)
    except ValueError as error:
        yield cards.notice(str(error), "alert")
