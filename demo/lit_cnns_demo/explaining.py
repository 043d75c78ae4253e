"""The reasons on the page: a column for each chosen network."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from . import cards, links, reason_cards
from .languages import say
from .network import Entry, Network
from .shelf import Shelf
from .wiring import FOLLOW, PRIVATE, QUEUE_FOR_NETWORKS, Current, Upload, chosen_entries, opened_by, or_sentence, read

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
# a visitor's own long work beside the quick questions of all others
LONG: dict[str, Any] = {**PRIVATE, "concurrency_id": "long", "concurrency_limit": 1}
STRENGTH = "(share) => { document.documentElement.style.setProperty('--lab-strength', share / 100); }"


def why_tab(demo: gr.Blocks, shelf: Shelf, picture: gr.Image, networks: gr.Dropdown, tab: gr.Tab) -> None:
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
    current = Current(picture, "why", view)
    links.keep("why", view)
    opening = links.reopen(demo, "why", view, lambda: VIEWS)
    strength.input(None, strength, js=STRENGTH)
    for told in (view.input, opening.then):  # not `change`, which comes too late for the words
        told(_words, view, [view, strength, share], show_progress="hidden", **PRIVATE)

    @gr.render(
        [networks, opened, current.upload, view],
        triggers=[networks.change, opened.change, current.late.change],
        show_progress="minimal",
        **QUEUE_FOR_NETWORKS,
    )
    def columns(chosen: list[str], is_open: bool, upload: Upload | None, question: str) -> None:
        entries = chosen_entries(shelf, chosen) if is_open else []
        if not entries:
            return
        with gr.Row(elem_classes="lab-columns"):
            for entry in entries:
                with gr.Column(min_width=320, elem_classes="lab-column", key=f"{entry.id}-why"):
                    _column(shelf, entry, upload, picture, view, share, question)
        current.made_with(upload, question)


def _words(view: str | None) -> tuple[Any, Any, Any]:
    """What a view is, and the controls that all columns share in it; nothing changes where none is chosen."""
    if view is None:
        return gr.skip(), gr.skip(), gr.skip()
    coloured = view not in ("deconvnet", "dropout")
    return gr.update(info=say(VIEWS[view][1])), gr.update(visible=coloured), gr.update(visible=view == "occlusion")


def _column(
    shelf: Shelf,
    entry: Entry,
    upload: Upload | None,
    picture: gr.Image,
    view: gr.Radio,
    share: gr.Slider,
    question: str,
) -> None:
    """Lay out one network: class, layer and map, and the reason."""
    from .reasons import best_layer, layers_with_maps

    gr.HTML(f'<div class="lab-heading">{cards.heading(entry)}</div>', key=f"{entry.id}-why-name")
    try:
        network = shelf.network(entry)
        first = best_layer(network)
    except ValueError as error:
        gr.HTML(cards.notice(str(error), "alert"))
        return
    show = partial(_show, shelf, entry)
    made = show(upload, question, "", first, None)
    names = [(say(LIKELIEST), ""), *((name, name) for name in dict.fromkeys(network.class_names))]
    choices = [(_layer_label(network, name), name) for name in layers_with_maps(network)]
    with gr.Row():
        word = _dropdown(entry, "class", made[0], label=say("Class"), choices=names, value="")
        layer = _dropdown(entry, "layer", made[1], label=say("Layer"), choices=choices, value=first)
        channel = _dropdown(entry, "map", made[2], label=say("Map, strongest first"))
    with gr.Row(visible=question == "occlusion", key=f"{entry.id}-why-long", preserved_by_key=["visible"]) as long:
        start = gr.Button(say("Slide the square"), variant="primary", size="sm", elem_classes="lab-start")
        stop = gr.Button(say("Stop"), size="sm", elem_classes="lab-stop")
    figure = gr.HTML(made[4]["value"], key=f"{entry.id}-why-figure", elem_classes="lab-why")

    run = start.click(
        partial(_slide, shelf, entry),
        [picture, word, share],
        figure,
        preprocess=False,
        show_progress="hidden",
        **LONG,
    )
    stop.click(None, None, None, cancels=[run])
    shown, asked = [word, layer, channel, long, figure], [picture, view, word, layer, channel]
    gr.on([word.input, channel.input], show, asked, shown, cancels=[run], **FOLLOW)
    anew = lambda upload, view, word, layer, _: show(upload, view, word, layer, None)  # noqa: E731
    gr.on([picture.change, view.change, layer.input], anew, asked, shown, cancels=[run], **FOLLOW)


def _dropdown(entry: Entry, what: str, update: dict[str, Any], **fixed: Any) -> gr.Dropdown:
    own = {key: part for key, part in update.items() if key != "__type__"}
    return gr.Dropdown(
        **{**fixed, **own},
        interactive=True,
        min_width=190,
        elem_classes=f"lab-why-{what}",
        key=f"{entry.id}-why-{what}",
        preserved_by_key=["value", "choices", "visible"],
    )


def _layer_label(network: Network, name: str) -> str:
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


def _slide(shelf: Shelf, entry: Entry, upload: Upload | None, word: str, share: float) -> Iterator[str]:
    """The figure of the square's way, again and again until it has been everywhere."""
    from .reasons import hide, warning

    try:
        network, image = shelf.network(entry), read(upload)
        hint = warning(network, image)
        for so_far in hide(network, image, word, share / 100):
            yield reason_cards.heat_figure(so_far, hint)
    except ValueError as error:
        yield cards.notice(str(error), "alert")
