"""Whether a run does what its recipe promises: its files held against the recipe's `expects`.

A run is *off* where a rule of `rules` finds it so, *as expected* where it has ended with the figures that were
expected, and *on course* otherwise. Milestones and figures are held only against runs of the recipe's data and
length (`held_to`).
"""

import inspect
from pathlib import Path
from typing import Any

from lit_cnns import data, lineage, recipes
from lit_cnns.checkpoints import describe, lay_out
from lit_cnns.classifier import LitClassifier
from lit_cnns.lineage import name_of
from lit_cnns.runs import folder_of
from lit_cnns.verification import rules
from lit_cnns.verification.expectation import Expectation
from lit_cnns.verification.rules import Finding, verdict
from lit_cnns.verification.run import Run

__all__ = ["Expectation", "Finding", "Run", "changed", "findings", "followed", "held_to", "network", "read", "verdict"]

LENGTH = ("data", "trainer.max_epochs", "trainer.max_steps", "trainer.limit_train_batches", "trainer.overfit_batches")
FROM_DATA = ("model.num_classes", "model.in_channels", "model.image_size")


def read(path: Path) -> Run:
    """The run of a folder or of a checkpoint; one that no run lies around tells its own figures.

    Raises:
        ValueError: there is neither, or it is another program's.
    """
    if path.is_dir():
        return Run.read(path)
    said, folder = describe(path), folder_of(path)
    if folder:
        return Run.read(folder)
    data = said["data"]
    config = {
        "model": {"class_path": said["class"], "init_args": said["args"]},
        "data": {"class_path": data.get("class", ""), "init_args": data.get("args", {})},
    }
    return Run(path, config, [], [], said["metrics"])


def network(run: Run) -> LitClassifier:
    """The network of a run, without its weights.

    Raises:
        ValueError: it is none of ours.
    """
    model = run.config.get("model")
    if not isinstance(model, dict) or "class_path" not in model:
        raise ValueError(f"{run.folder} was not trained by `lit-cnns fit`: its config.yaml names no network.")
    name = model["class_path"].rpartition(".")[2]
    return lay_out({"class": name, "args": model.get("init_args") or {}}, run.folder)


def followed(run: Run, module: LitClassifier) -> tuple[str, dict[str, Any]] | None:
    """The recipe that ships which a run followed, with its name; None if it followed none.

    Of the recipes of the run's network it is the one that the run's folder is named by, else of those for its data the
    one with the fewest settings changed.
    """
    data, found = recipes.settings(run.config).get("data"), []
    for name in recipes.config_names():
        if name.split("/")[0] == name_of(module):
            recipe = recipes.read_config(recipes.find_config(name))
            named = run.folder.parent.name == name.replace("/", "_")
            if named or recipes.settings(recipe).get("data") == data:
                found.append((not named, len(changed(run, recipe)), name, recipe))
    return min(found, key=lambda it: it[:3])[2:] if found else None


def changed(run: Run, recipe: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The settings of a run that are not those of a recipe: name -> (the recipe's, the run's)."""
    defaults: dict[str, Any] = {}
    for part, module in (("model", lineage), ("data", data)):
        cls = getattr(module, recipes.settings(recipe).get(part, ""), object)
        for base in reversed(cls.__mro__):
            arguments = inspect.signature(base.__init__).parameters.values()  # type: ignore[misc]
            defaults |= {f"{part}.{p.name}": p.default for p in arguments if p.default is not p.empty}
    found = recipes.changes(run.config, recipe, defaults)
    told = recipes.settings(recipe)
    return {name: pair for name, pair in found.items() if name in told or name not in FROM_DATA}


def held_to(run: Run, recipe: dict[str, Any] | None) -> tuple[Expectation | None, bool]:
    """What is expected of a run, and whether it can be held to it.

    A run keeps the `expects` of the YAML it was started by. That of a recipe which ships is for the recipe's data and
    length alone.
    """
    shipped = (recipe or {}).get("expects")
    said = run.config.get("expects") or shipped
    comparable = recipe is None or said != shipped or not set(changed(run, recipe)) & set(LENGTH)
    return (Expectation.of(said) if said else None), comparable


def findings(run: Run, module: LitClassifier, expected: Expectation | None) -> list[Finding]:
    """What every rule says of a run.

    Args:
        run: finished or not.
        module: its network.
        expected: what it is held to; None where it cannot be compared.
    """
    found = [rules.losses(run), rules.start(run, module), rules.rates(run, module)] if run.rows else []
    if expected is not None:
        found += rules.milestones(run, expected)
        if reached := rules.measured(run, expected):
            found += rules.figures(reached, expected)
    return [finding for finding in found if finding is not None]
