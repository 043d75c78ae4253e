"""What programs can ask of the lineage, of what training sees, and of runs over time."""

from typing import Any

import gradio as gr

from .border import sentences
from .shelf import Shelf
from .wiring import Upload, endpoint, read, record, records, texts


def lineage_endpoints(shelf: Shelf, picture: gr.Image) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door = gr.Button("API")
        data, many, names = record("answer"), records("answers"), texts("recipes")
        network, layer = gr.Textbox(label="network"), gr.Textbox("", label="layer")
        maps, views = (gr.Image(format="png", label=label) for label in ("maps", "views"))
        done = records("what was done")
        recipe, run = gr.Textbox(label="recipe"), gr.Textbox(label="run")
        seed, epochs = gr.Number(0, label="seed", precision=0), gr.Number(8, label="epochs", precision=0)
        number = gr.Number(1, label="checkpoint", precision=0)
        kernels = gr.Image(format="png", label="kernels")
    endpoint(door, "lineage", lineage, (), None, many)
    endpoint(door, "challenge", challenge, (), None, data)
    endpoint(door, "about", about, (shelf,), network, data)
    endpoint(door, "diagram", diagram, (), network, data)
    endpoint(door, "recipes", list_recipes, (), None, names)
    endpoint(door, "training_views", training_views, (shelf,), [picture, recipe, seed, epochs], [views, done])
    endpoint(door, "runs", list_runs, (shelf,), None, many, concurrency_id="shelf")
    endpoint(door, "curves", curves, (shelf,), run, data, concurrency_id="shelf")
    endpoint(door, "run_moment", run_moment, (shelf,), [picture, run, number, layer], [kernels, maps, data])


def lineage() -> list[dict[str, Any]]:
    """Every network with the year, depth, parameters, MACs and top-5 error that its paper has."""
    from lit_cnns import papers

    return papers.timeline()


def challenge() -> dict[str, Any]:
    """The ILSVRC: its data, the winner of each year with its top-5 error on the test set, and a trained human's."""
    from lit_cnns import papers

    told = papers.ilsvrc()
    return {key: told[key] for key in ("dataset", "winners", "human")}


def about(shelf: Shelf, network: str | None) -> dict[str, Any]:
    """What is known of a network of the lineage: paper, counts, printed errors, in what it departs from its paper, its
    layers, its checkpoints here, and the commands that train one.
    """
    from .facts import facts

    shelf.refresh()
    with sentences():
        return facts(shelf, _named(network))


def diagram(network: str | None) -> dict[str, Any]:
    """A network of the lineage as an SVG and as the blocks that it draws."""
    from dataclasses import asdict

    from .lineage import diagram_of, drawing_of

    with sentences():
        return {"svg": drawing_of(_named(network)), **asdict(diagram_of(_named(network)))}


def list_recipes() -> list[str]:
    """The names of the recipes that /training_views takes, such as alexnet/imagenet."""
    from .training_views import recipes

    return recipes()


def training_views(
    shelf: Shelf, picture: Upload | None, recipe: str, seed: float, epochs: float
) -> tuple[Any, list[dict[str, Any]]]:
    """What the first `epochs` of a recipe, or of a network's own training, see of a picture, side by side, and what was
    done to it in each.
    """
    import torch

    from .training_views import views_of

    shelf.refresh()
    with sentences():
        views = views_of(read(picture), recipe, seed, epochs, shelf)
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


def curves(shelf: Shelf, run: str) -> dict[str, list[tuple[int, float]]]:
    """What a run has logged, such as train/loss, val/loss and val/top1: pairs of optimiser steps done and value."""
    from lit_cnns import runs

    from .over_time import run_of

    shelf.refresh()
    with sentences():
        return runs.curves(run_of(shelf, run).folder)


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


def _named(network: str | None) -> str:
    if not network:
        raise ValueError("A network of the lineage is needed, such as alexnet.")
    return network
