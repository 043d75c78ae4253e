"""A network of the papers as plain data: what `info`, `diff` and docs/networks show."""

from collections.abc import Iterator
from typing import Any

from lit_cnns import papers, recipes

Row = dict[str, Any]


def describe(name: str) -> Row:
    """All that is known of a network without building it, in plain types.

    Raises:
        ValueError: no such network; the nearest names are given.
    """
    row = papers.row(name)
    fields = papers.receptive_fields(row["name"])
    layers = [{**layer, "receptive_field": fields[layer["name"]]._asdict()} for layer in papers.layer_table(name)]
    return {
        **row,
        "aliases": aliases_of(row["name"]),
        "layers": layers,
        "modules": {name: papers.modules(row["family"])[name] for name in modules_of(layers)},
        "recipe": recipe_of(row),
        "configs": [config for config in recipes.config_names() if config.startswith(f"{row['name']}/")],
        "ambiguities": choices_of(row),
    }


def aliases_of(name: str) -> list[str]:
    return [alias for alias, of in papers.aliases().items() if of == name]


def modules_of(layers: list[Row]) -> list[str]:
    return list(dict.fromkeys(layer["module"] for layer in layers if "module" in layer))


def arguments_of(module: str, layers: list[Row]) -> list[str]:
    """The arguments that the layers of a network give to a module."""
    given = [layer.get("args", {}) for layer in layers if layer.get("module") == module]
    return list(dict.fromkeys(key for arguments in given for key in arguments))


def relatives(row: Row) -> Iterator[Row]:
    """The networks of the same paper in the same file, in its order."""

    def origin(of: Row) -> tuple[str, str]:
        return of["family"], of["paper"]["title"]

    return (other for other in papers.rows().values() if origin(other) == origin(row))


def recipe_of(row: Row) -> Row:
    """The paper's recipe; of a variant whose row refers to the main network, that one's."""
    if row["recipe"].get("note", "").startswith("as for the main model"):
        return next(other["recipe"] for other in relatives(row) if "optimizer" in other["recipe"])
    return row["recipe"]


def choices_of(row: Row) -> list[Row]:
    """What the paper leaves open and what was chosen; where a row has none of its own, those of its paper's first."""
    return row["ambiguities"] or next((other["ambiguities"] for other in relatives(row) if other["ambiguities"]), [])
