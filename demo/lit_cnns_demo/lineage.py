"""The lineage on the page: twenty years as plots, and each network as its module draws it."""

from functools import partial
from typing import TYPE_CHECKING, Any

import gradio as gr

from . import cards, links, plots
from .facts import about_html, bare, checkpoints_of
from .languages import spoken
from .plots import Axis, Point
from .shelf import Shelf
from .wiring import COMPUTE, PRIVATE, Page, or_sentence

if TYPE_CHECKING:
    from lit_cnns.features import Diagram

FIRST = "alexnet"
FROM, TO = 2010, 2018  # between 1998 and the first year nothing happens in this lineage: the axis is broken there
# what is pressed in the plots, by mouse or by Enter, is chosen
PRESS = """
const press = (event) => {
  const point = event.target.closest("[data-key]");
  if (point) trigger("click", { key: point.dataset.key });
};
element.addEventListener("click", press);
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(event); }
});
"""


def lineage_tab(page: Page, tab: gr.Tab, shelf: Shelf) -> None:
    """Lay out the tab; it is filled when it is first opened."""
    from lit_cnns import papers

    names = [(_listed(point), point["network"]) for point in papers.timeline()]
    timeline = gr.HTML(js_on_load=PRESS + plots.WALK, elem_id="timeline")
    with gr.Row():
        network = gr.Dropdown(
            names,
            value=FIRST,
            label="Network",
            info="Or press a point above.",
            allow_custom_value=True,
            elem_id="lineage-network",
        )
        choose = gr.Button("Choose its checkpoints in the list", visible=False, elem_id="lineage-choose")
    about = gr.HTML(elem_id="lineage-about")
    drawing = gr.HTML(elem_id="lineage-drawing")
    shown = [timeline, drawing, about, choose]
    links.settle(page.demo, {"lineage": network})
    events: dict[str, Any] = {"show_progress": "minimal", "trigger_mode": "always_last", **COMPUTE}
    gr.on([tab.select, network.change], partial(show, shelf), network, shown, **events)
    timeline.click(pressed, None, network, show_progress="hidden", **PRIVATE)
    choose.click(
        partial(choose_in_list, shelf), [network, page.networks], page.networks, show_progress="hidden", **PRIVATE
    )


def pressed(event: gr.EventData) -> Any:
    """The network of the point that was pressed."""
    key = event._data.get("key")
    return key if isinstance(key, str) and key else gr.skip()


def choose_in_list(shelf: Shelf, name: str, chosen: list[str] | None) -> list[str]:
    """Add the checkpoints of a network to those that are chosen."""
    return list(dict.fromkeys([*(chosen or []), *checkpoints_of(shelf, name)]))


def show(shelf: Shelf, name: str | None) -> tuple[Any, Any, Any, Any]:
    """The plots with a network marked, its drawing, what is known of it, and the button; as it was if none is named."""
    if not name:
        return gr.skip(), gr.skip(), gr.skip(), gr.skip()
    found = checkpoints_of(shelf, name)
    return (
        timeline_html(name),
        or_sentence(lambda: f'<div class="lab-drawing" tabindex="0">{drawing_of(name)}</div>'),
        or_sentence(lambda: about_html(shelf, name)),
        gr.update(visible=bool(found)),
    )


def diagram_of(name: str) -> "Diagram":
    """What a network of the lineage is made of.

    Raises:
        ValueError: no such network.
    """
    from lit_cnns import features, papers

    return features.diagram(bare(name), papers.row(name)["input_size"])


def drawing_of(name: str) -> str:
    """A network of the lineage as a block diagram.

    Raises:
        ValueError: no such network.
    """
    from lit_cnns import features

    return features.draw(diagram_of(name), f"Block diagram of {name}")


@spoken
def timeline_html(chosen: str) -> str:
    """Depth, top-5 error, parameters and MACs over the years, as the papers print them."""
    from lit_cnns import papers

    points = [point for point in papers.timeline() if not point["adaptation"]]
    winners = [winner for winner in papers.ilsvrc()["winners"] if winner["top5_error"]]
    years = _years()
    across = _spread(points)

    def marks(of: str, unit: str) -> list[Point]:
        return [
            Point(x, p[of], f"{p['network']} · {p['year']} · {cards.amount(p[of])} {unit}".rstrip(), key=p["network"])
            for x, p in zip(across, points, strict=True)
        ]

    errors = [
        Point(x, p["top5"]["top5_error"], _error_told(p), key=p["network"])
        for x, p in zip(across, points, strict=True)
        if p["top5"]
    ]
    entries = [(_place(w["year"]), w["top5_error"]) for w in winners]
    won = [
        Point(x, y, f"{w['team']} · {w['year']} · {y} %, winner of ILSVRC, test set", "winner")
        for (x, y), w in zip(entries, winners, strict=True)
    ]
    human = papers.ilsvrc()["human"]["top5_error"]
    lines = [("won", entries), ("human", [(years.low, human), (years.high, human)])]
    drawn = [
        plots.plot(
            "Weight layers", marks("weight_layers", "weight layers"), years, plots.powers(1, 2000), chosen=chosen
        ),
        plots.plot("Top-5 error on ImageNet, %", [*won, *errors], years, plots.steps(0, 30), lines, chosen),
        plots.plot("Parameters", marks("params", "parameters"), years, plots.powers(1e4, 2e8), chosen=chosen),
        plots.plot("MACs for a picture", marks("macs", "MACs"), years, plots.powers(1e5, 2e10), chosen=chosen),
    ]
    legend = (
        "Points: networks of the papers, with the figures of the papers, not measured here. Diamonds: the winners of "
        "the challenge, test set, mostly several networks averaged; they cannot be compared with one network's "
        f"validation error. Dashed: a trained human, {human} %. The axis is broken between 1998 and {FROM}."
    )
    return f'<div class="lab-plots">{"".join(drawn)}</div><p class="lab-legend">{legend}</p>'


def _place(year: float) -> float:
    """A year on the broken axis."""
    return year if year >= FROM else FROM - 1


def _years() -> Axis:
    ticks = [(_place(1998), "1998"), *((year, str(year)) for year in range(FROM, TO))]
    return Axis(_place(1998) - 0.5, TO - 0.5, tuple(ticks))


def _spread(points: list[dict[str, Any]]) -> list[float]:
    """Where the networks stand: those of one year side by side within it."""
    years = [point["year"] for point in points]
    places, seen = [], dict.fromkeys(years, 0)
    for year in years:
        seen[year] += 1
        places.append(_place(year) + 0.8 * ((seen[year] - 0.5) / years.count(year) - 0.5))
    return places


def _error_told(point: dict[str, Any]) -> str:
    top5 = point["top5"]
    how = ", ".join(top5["protocol"].split(", ")[:1]).partition(";")[0]
    return f"{point['network']} · {point['year']} · {top5['top5_error']} %, one network, val, {how}"


def _listed(point: dict[str, Any]) -> str:
    return f"{point['network']} · {point['year']} · {point['weight_layers']} layers"
