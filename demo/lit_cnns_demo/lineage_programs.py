"""What programs can ask of the lineage, of what training sees, and of runs over time."""

from functools import partial
from typing import Any

import gradio as gr

from .shelf import Shelf
from .wiring import QUEUE_FOR_NETWORKS, Upload, as_errors, read


def lineage_endpoints(shelf: Shelf, picture: gr.Image) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door = gr.Button("API")
        data = gr.JSON(label="answers")
        network, layer = gr.Textbox(label="network"), gr.Textbox(label="layer")
        maps, caption = gr.Image(format="png", label="maps"), gr.JSON(label="caption")
        recipe, run = gr.Textbox(label="recipe"), gr.Textbox(label="run")
        seed, count = gr.Number(label="seed"), gr.Number(label="count")
        kernels = gr.Image(format="png", label="kernels")
    raw: dict[str, Any] = {"preprocess": False, **QUEUE_FOR_NETWORKS}
    door.click(lineage, None, data, api_name="lineage", **raw)
    door.click(diagram, network, data, api_name="diagram", **raw)
    asked = [picture, recipe, seed, count]
    door.click(training_views, asked, [maps, caption], api_name="training_views", **raw)
    door.click(partial(list_runs, shelf), None, data, api_name="runs", concurrency_id="shelf")
    asked = [picture, run, count, layer]
    door.click(partial(run_moment, shelf), asked, [kernels, maps, caption], api_name="run_moment", **raw)


def lineage() -> list[dict[str, Any]]:
    """Every network with the year, depth, parameters, MACs and top-5 error that its paper has."""
    from lit_cnns import papers

    return papers.timeline()


def diagram(network: str) -> dict[str, Any]:
    """A network of the lineage as an SVG and as the blocks that it draws."""
    from dataclasses import asdict

    from .lineage import diagram_of, drawing_of

    with as_errors():
        return {"svg": drawing_of(network), **asdict(diagram_of(network))}


def training_views(upload: Upload | None, recipe: str, seed: float, count: float) -> tuple[Any, list[dict[str, Any]]]:
    """What the first `count` epochs of a recipe see of a picture, side by side, and what was done to it in each."""
    import torch

    from .training_views import views_of

    with as_errors():
        views = views_of(read(upload), recipe, seed, count)
    side_by_side = torch.cat([view.image for view in views], 2).permute(1, 2, 0).numpy()
    said = [{key: value for key, value in vars(view).items() if key != "image"} for view in views]
    return side_by_side.squeeze(), said


def list_runs(shelf: Shelf) -> list[dict[str, Any]]:
    """The runs that /run_moment takes, with their checkpoints in order."""
    from .over_time import runs_of

    shelf.refresh()
    return [
        {"id": run.id, "label": run.label, "moments": [{"epoch": m.epoch, "step": m.step} for m in run.moments]}
        for run in runs_of(shelf).values()
    ]


def run_moment(
    shelf: Shelf, upload: Upload | None, run: str, count: float, layer: str
) -> tuple[Any, Any, dict[str, Any]]:
    """A run's kernels, maps and answers for a picture at its checkpoint number `count`, counted from 1."""
    from .over_time import moment, run_of

    shelf.refresh()
    with as_errors():
        told = moment(shelf, run_of(shelf, run), count, read(upload), layer)
    kept = ("number", "of", "epoch", "step", "layer", "answer")
    return told["kernels"], told["maps"], {key: told[key] for key in kept}
