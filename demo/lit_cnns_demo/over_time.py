"""A run over time, on the page: a slider over its checkpoints, with what each had learnt beside the curve."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from . import cards, links, plots
from .languages import say, spoken
from .network import Entry
from .plots import Point
from .shelf import Shelf
from .wiring import FOLLOW, PRIVATE, Page, Upload, read

if TYPE_CHECKING:
    from torch import Tensor

    from lit_cnns.runs import Moment

NO_RUN = (
    "No run with its curves is among the folders of this lab. Train one: lit-cnns fit --config lenet5_modern/digits "
    "--config trainer/every_epoch, which keeps a checkpoint of each epoch."
)
FEW = " Only what the run kept is here; --config trainer/every_epoch keeps a checkpoint of each epoch."
CURVES = (("Loss", ("val/loss", "train/loss")), ("Top-1", ("val/top1",)))
PICTURE: dict[str, Any] = {"format": "png", "interactive": False, "buttons": ["download", "fullscreen"]}


@dataclass(frozen=True)
class Run:
    """A run below the lab's folders.

    Args:
        id: what the browser sends.
        label: network and place, for people.
        folder: where it lies.
        entry: one of its checkpoints on the shelf.
    """

    id: str
    label: str
    folder: Path
    entry: Entry

    @property
    def moments(self) -> "list[Moment]":
        files = [(path, path.stat().st_mtime_ns) for path in sorted(self.folder.glob("checkpoints/*.ckpt"))]
        return _moments(self.folder, tuple(files))

    @property
    def has_every_epoch(self) -> bool:
        """Whether a checkpoint of each epoch is there, up to the last one's."""
        epochs = {moment.epoch for moment in self.moments}
        return len(epochs) == max(epochs, default=0)

    def at(self, moment: "Moment") -> Entry:
        """The checkpoint of a moment, as the shelf loads it."""
        from lit_cnns.checkpoints import describe

        status = moment.path.stat()
        return replace(
            self.entry,
            id=f"{self.id}-{moment.path.stem}",
            path=moment.path,
            stamp=(status.st_mtime_ns, status.st_size),
            place=f"epoch {moment.epoch}, step {moment.step}",
            description=describe(moment.path),
        )


@lru_cache(maxsize=16)
def _moments(folder: Path, _files: tuple[tuple[Path, int], ...]) -> "list[Moment]":
    """The moments of a run, read again when its files have changed."""
    from lit_cnns.runs import moments

    return moments(folder)


def runs_of(shelf: Shelf) -> dict[str, Run]:
    """The runs among the checkpoints of a shelf, by id."""
    from lit_cnns.runs import folder_of

    found: dict[str, Run] = {}
    for entry in shelf.entries:
        folder = folder_of(entry.path)
        if folder is None:
            continue
        id = f"run-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
        place = entry.place.rpartition("/")[0] or folder.name
        found.setdefault(id, Run(id, f"{entry.name} · {place}", folder, entry))
    return found


def over_time_tab(page: Page, tab: gr.Tab, shelf: Shelf) -> None:
    """Lay out the tab; runs are looked for when it is opened."""
    with gr.Row():
        run = gr.Dropdown(
            [],
            label="Run",
            info="Below the folders of this lab.",
            allow_custom_value=True,
            scale=2,
            min_width=260,
            elem_id="moment-run",
        )
        layer = gr.Dropdown(
            [], label="Layer", info="Whose maps are shown.", allow_custom_value=True, elem_id="moment-layer"
        )
    number = gr.Slider(1, 2, value=1, step=1, label="Checkpoint", visible=False, elem_id="moment-number")
    said = gr.HTML(cards.notice(NO_RUN), elem_id="moment-said")
    curve = gr.HTML(js_on_load=plots.WALK, elem_id="moment-curve")
    with gr.Row():
        with gr.Column(min_width=300):
            kernels = gr.Image(
                label="Kernels of the first convolution",
                alt_text="The kernels at this checkpoint",
                visible=False,
                elem_classes="lab-moment",
                elem_id="moment-kernels",
                **PICTURE,
            )
        with gr.Column(min_width=300):
            maps = gr.Image(
                label="Maps of the picture",
                alt_text="The maps of the picture at this checkpoint",
                visible=False,
                elem_classes="lab-moment",
                elem_id="moment-maps",
                **PICTURE,
            )
        with gr.Column(min_width=300):
            answer = gr.HTML(elem_id="moment-answer")
    shown = [said, curve, kernels, maps, answer]
    show = partial(show_moment, shelf)
    asked = [page.picture, run, number, layer]
    links.keep("run", run)
    links.keep("moment", number)
    links.keep("moment-layer", layer)
    tab.select(partial(look_for_runs, shelf), run, run, show_progress="hidden", concurrency_id="shelf", **PRIVATE)
    run.change(partial(choose_run, shelf), run, [number, layer], **FOLLOW).then(show, asked, shown, **FOLLOW)
    gr.on([page.new_picture.change, number.change, layer.change], show, asked, shown, **FOLLOW)


def look_for_runs(shelf: Shelf, chosen: str | None) -> Any:
    """The list of runs; the first is chosen where none is."""
    shelf.refresh()
    found = runs_of(shelf)
    value = next((id for id in (chosen, links.asked("run")) if id in found), next(iter(found), None))
    return gr.update(choices=[(run.label, run.id) for run in found.values()], value=value)


def run_of(shelf: Shelf, id: str | None) -> Run:
    """A run by its id.

    Raises:
        ValueError: there is none of this id, or it has no checkpoint that says when it was written.
    """
    run = runs_of(shelf).get(str(id))
    if run is None:
        raise ValueError(NO_RUN if not id else f"There is no run '{str(id)[:40]}' here; choose one from the list.")
    if not run.moments:
        raise ValueError(f"{run.label} has no checkpoint that says when it was written.")
    return run


def choose_run(shelf: Shelf, id: str | None) -> tuple[Any, Any]:
    """The slider and the list of layers for a run: its last checkpoint, its first layer."""
    try:
        run = run_of(shelf, id)
        moments = run.moments
        layers = [*shelf.network(run.at(moments[-1])).layers]
    except ValueError:
        return gr.update(visible=False), gr.update(choices=[], value=None)
    many = len(moments)
    linked = links.asked("run") == id
    there = links.asked_number("moment", 1, many) if linked else None
    layer = links.asked("moment-layer") if linked else ""
    slider = gr.update(
        maximum=max(many, 2), value=there or many, visible=many > 1, label=say(f"Checkpoint, 1 to {many}")
    )
    return slider, gr.update(choices=layers, value=layer if layer in layers else layers[0])


def show_moment(
    shelf: Shelf, upload: Upload | None, id: str | None, number: Any, layer: str | None
) -> tuple[str, str, Any, Any, str]:
    """What is said of a checkpoint, the curves, kernels, maps and answers."""
    hidden = gr.update(value=None, visible=False)
    try:
        run = run_of(shelf, id)
        image = None if upload is None else read(upload)
        told = moment(shelf, run, number, image, layer or "")
    except ValueError as error:
        return cards.notice(str(error), "alert" if id else "note"), "", hidden, hidden, ""
    few = "" if run.has_every_epoch else FEW
    said = f"Epoch {told['epoch']}, after {told['step']:,} steps: checkpoint {told['number']} of {told['of']}.{few}"
    maps = (
        hidden if image is None else gr.update(value=told["maps"], visible=True, label=say(f"Maps of {told['layer']}"))
    )
    answer = cards.notice("Choose a picture, and its maps and answers appear here.") if image is None else told["card"]
    return (
        cards.notice(said),
        curve_html(run, told["step"]),
        gr.update(value=told["kernels"], visible=True),
        maps,
        answer,
    )


def moment(shelf: Shelf, run: Run, number: Any, image: "Tensor | None", layer: str) -> dict[str, Any]:
    """A run's network at one of its checkpoints: kernels, and the maps and answers for a picture.

    Args:
        shelf: loads the network.
        run: the run.
        number: of the checkpoint, from 1.
        image: uint8 (C, H, W), or None.
        layer: whose maps; the first one's where the network has no such layer.

    Raises:
        ValueError: no such checkpoint, or it cannot be loaded.
    """
    from lit_cnns import features

    from . import layer_views, panels

    moments = run.moments
    if not isinstance(number, (int, float)) or number != int(number) or not 1 <= number <= len(moments):
        raise ValueError(f"{run.label} has checkpoints 1 to {len(moments)}, not {str(number)[:30]}.")
    at = moments[int(number) - 1]
    network = shelf.network(run.at(at))
    layer = layer if layer in network.layers else next(iter(network.layers))
    told = {"number": int(number), "of": len(moments), "epoch": at.epoch, "step": at.step, "layer": layer}
    told["kernels"] = features.kernels(network.net)
    if image is not None:
        found = panels.answer(network, panels.Shown(image))
        told["maps"] = layer_views.look(network, image, layer).picture
        told |= {"answer": found.as_data(), "card": cards.answers([found])}
    return told


@spoken
def curve_html(run: Run, step: int) -> str:
    """The run's curves with the current checkpoint marked."""
    from lit_cnns.runs import curves

    found = curves(run.folder)
    drawn = []
    for title, names in CURVES:
        known = {name: [(float(s), v) for s, v in found[name] if v == v] for name in names if found.get(name)}
        known = {name: places for name, places in known.items() if places}
        if known:
            drawn.append(_curve(title, known, step))
    legend = '<p class="lab-legend">Orange: validation. Blue: training. The large dot is the checkpoint shown.</p>'
    return f'<div class="lab-plots">{"".join(drawn)}</div>{legend}' if drawn else ""


def _curve(title: str, curves: dict[str, list[tuple[float, float]]], step: int) -> str:
    values = [value for places in curves.values() for _, value in places]
    last = max(place for places in curves.values() for place, _ in places)
    kinds = {name: "main" if name.startswith("val") else "second" for name in curves}
    name, main = next(iter(curves.items()))
    nearest = min(main, key=lambda place: abs(place[0] - step))
    points = [
        Point(at, value, f"step {at:,.0f}: {value:.4g}", "now" if (at, value) == nearest else kinds[name])
        for at, value in main
    ]
    lines = [(kinds[name], places) for name, places in curves.items()]
    axes = plots.steps(0, last), plots.steps(min(values), max(values))
    return plots.plot(f"{title} ({', '.join(curves)}) by optimiser step", points, *axes, lines)
