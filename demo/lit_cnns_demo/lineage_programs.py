"""What programs can ask of the lineage, of what training sees, and of runs over time."""

from typing import Any

import gradio as gr

from .border import sentences
from .shelf import Shelf
from .wiring import Upload, endpoint, read


def lineage_endpoints(shelf: Shelf, picture: gr.Image) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door = gr.Button("API")
        data = gr.JSON(label="answers")
        network, layer = gr.Textbox(label="network"), gr.Textbox("", label="layer")
        maps, views = (gr.Image(format="png", label=label) for label in ("maps", "views"))
        said, done = gr.JSON(label="answer"), gr.JSON(label="what was done")
        recipe, run = gr.Textbox(label="recipe"), gr.Textbox(label="run")
        seed, epochs = gr.Number(0, label="seed", precision=0), gr.Number(8, label="epochs", precision=0)
        number = gr.Number(1, label="checkpoint", precision=0)
        kernels = gr.Image(format="png", label="kernels")
    endpoint(door, "lineage", lineage, (), None, data)
    endpoint(door, "diagram", diagram, (), network, data)
    endpoint(door, "training_views", training_views, (), [picture, recipe, seed, epochs], [views, done])
    endpoint(door, "runs", list_runs, (shelf,), None, data, concurrency_id="shelf")
    endpoint(door, "run_moment", run_moment, (shelf,), [picture, run, number, layer], [kernels, maps, said])


def lineage() -> list[dict[str, Any]]:
    """Every network with the year, depth, parameters, MACs and top-5 error that its paper has."""
    from lit_cnns import papers

    return papers.timeline()


def diagram(network: str | None) -> dict[str, Any]:
    """A network of the lineage as an SVG and as the blocks that it draws."""
    from dataclasses import asdict

    from .lineage import diagram_of, drawing_of

    with sentences():
        if not network:
            raise ValueError("A network of the lineage is needed, such as alexnet.")
        return {"svg": drawing_of(network), **asdict(diagram_of(network))}


def training_views(picture: Upload | None, recipe: str, seed: float, epochs: float) -> tuple[Any, list[dict[str, Any]]]:
    """What the first `epochs` of a recipe see of a picture, side by side, and what was done to it in each."""
    import torch

    from .training_views import views_of

    with sentences():
        views = views_of(read(picture), recipe, seed, epochs)
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
    shelf: Shelf, picture: Upload | None, run: str, checkpoint: float, layer: str
) -> tuple[Any, Any, dict[str, Any]]:
    """A run's kernels, maps and answers for a picture at its number `checkpoint`, counted from 1."""
    from .over_time import moment, run_of

    shelf.refresh()
    with sentences():
        told = moment(shelf, run_of(shelf, run), checkpoint, read(picture), layer)
    kept = ("number", "of", "epoch", "step", "layer", "answer")
    return told["kernels"], told["maps"], {key: told[key] for key in kept}
