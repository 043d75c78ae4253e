"""The first kernels on the page: a column for each chosen network, AlexNet's towers apart."""

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import gradio as gr

from . import cards, links
from .languages import say, spoken
from .network import Entry
from .shelf import Shelf
from .wiring import FOLLOW, QUEUE_FOR_NETWORKS, Page, chosen_entries, moved, opened_by, png

if TYPE_CHECKING:
    from .kernel_views import KernelOrder, KernelView, Tower

ORDERS = [("the network's", "network"), ("colour index, the most coloured first", "colour")]
WORDS = """The **colour index** of a kernel is the share of its energy (sum of squares) outside the grey axis: 0 for one
that sees light and dark alone, 1 for one that sees colour alone, 2/3 on average for noise. The measure is ours; it puts
a number on what the AlexNet paper (Section 6.1) calls colour-agnostic and colour-specific."""


class Settings(NamedTuple):
    """What all columns follow: the order, when it changes, and which kernel each of them has chosen."""

    order: gr.Radio
    new: gr.State
    kept: gr.State


def kernels_tab(page: Page, tab: gr.Tab, shelf: Shelf) -> None:
    """Lay out the tab; its networks are loaded once it has been opened."""
    opened = opened_by(tab)
    order = gr.Radio(ORDERS, value="network", label="Order of the kernels", elem_id="kernel-order")
    links.settle(page.demo, {"kernel-order": order})
    settings = Settings(order, moved(order), gr.State({}))
    gr.Markdown(WORDS, elem_classes="lab-words")

    @gr.render(
        [page.networks, opened, order, settings.kept],
        triggers=[page.new_networks.change, opened.change],
        show_progress="minimal",
        **QUEUE_FOR_NETWORKS,
    )
    def columns(chosen: list[str], is_open: bool, sorted_by: "KernelOrder", before: dict[str, Any]) -> None:
        entries = chosen_entries(shelf, chosen) if is_open else []
        if not entries:
            return
        with gr.Row(elem_classes="lab-columns"):
            for entry in entries:
                with gr.Column(min_width=320, elem_classes="lab-column", key=f"{entry.id}-kernels"):
                    _column(settings, shelf, entry, sorted_by, before)


def _column(settings: Settings, shelf: Shelf, entry: Entry, sorted_by: "KernelOrder", before: dict[str, Any]) -> None:
    """Lay out one network: the kernels of each tower, how many of them are how coloured, and one kernel's number."""
    from .kernel_views import first_layer, kernel_at

    gr.HTML(f'<div class="lab-heading">{cards.heading(entry)}</div>')
    try:
        view = first_layer(shelf.network(entry), sorted_by)
        last = view.shape[0] - 1
        if (chosen := links.asked_number(f"kernel~{entry.id}", 0, last, before)) is not None:
            view = first_layer(shelf.network(entry), sorted_by, chosen)
    except ValueError as error:
        gr.HTML(cards.notice(str(error), "alert"))
        return
    number = gr.Slider(
        0, last, chosen or 0, step=1, label=say(f"Kernel, 0 to {last}"), interactive=True, elem_classes="lab-kernel"
    )
    links.keep(f"kernel~{entry.id}", number, settings.kept)
    caption = gr.Markdown(say(view.caption), elem_classes="lab-kernel-caption")
    pressed: gr.State = gr.State(chosen)  # stays the chosen one in another order
    pictures = []
    for place, tower in enumerate(view.towers):
        pictures.append(_picture(entry, view, place))
        gr.HTML(histogram(tower))

    def show(order: "KernelOrder", chosen: int | None) -> list[Any]:
        try:
            view = first_layer(shelf.network(entry), order, None if chosen is None else int(chosen))
        except ValueError as error:
            return [gr.skip(), gr.skip(), say(str(error)), *(gr.skip() for _ in pictures)]
        return [
            chosen,
            gr.skip() if chosen is None else chosen,
            say(view.caption),
            *(gr.update(value=png(tower.picture)) for tower in view.towers),
        ]

    def press(order: Any, tower: int, event: gr.SelectData) -> list[Any]:
        return show(order, kernel_at(shelf.network(entry), tower, order, *event.index))

    shown = [pressed, number, caption, *pictures]
    settings.new.change(show, [settings.order, pressed], shown, **FOLLOW)
    number.input(show, [settings.order, number], shown, **FOLLOW)
    for place, picture in enumerate(pictures):
        picture.select(press, [settings.order, gr.State(place)], shown, **FOLLOW)


def _picture(entry: Entry, view: "KernelView", place: int) -> gr.Image:
    tower = view.towers[place]
    return gr.Image(
        png(tower.picture),
        label=say(tower.name or "All kernels: press one for its number"),
        alt_text=say(f"Kernels of {view.layer} of {entry.name}") + f"{f', tower {place + 1}' if tower.name else ''}",
        format="png",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_classes="lab-kernels",
    )


@spoken
def histogram(tower: "Tower") -> str:
    """How many kernels of a tower are how coloured."""
    count = f"{len(tower.numbers)} kernels"
    if not tower.colour:
        return f'<p class="lab-caption">{count} of a network that sees no colour</p>'
    counts = tower.histogram
    most = max(counts) or 1
    tenths = [f"{place / 10:.1f} to {(place + 1) / 10:.1f}: {number}" for place, number in enumerate(counts)]
    bars = "".join(
        f'<span title="{said}"><b>{number or ""}</b><i style="height:{100 * number / most:.1f}%"></i></span>'
        for said, number in zip(tenths, counts, strict=True)
    )
    words = f"{tower.name or 'All'}: {count}, colour index {tower.middle:.2f} in the middle"
    name = escape(" · ".join([words, *tenths]))
    return (
        f'<figure class="lab-histogram" role="img" aria-label="{name}"><div>{bars}</div>'
        f"<footer><span>0 grey</span><span>colour index</span><span>1 colour</span></footer>"
        f"<figcaption>{escape(words)}</figcaption></figure>"
    )
