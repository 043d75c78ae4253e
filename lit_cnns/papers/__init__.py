"""What the papers say: layer tables, counts, recipes and results, as data, and one small reader.

The YAML files beside this one are the ground truth that the networks are tested against. A *row* is one network of a
file: a dict with `name`, `family`, `paper`, `layers`, `params`, `macs`, `weight_layers`, `recipe`, `results`,
`ambiguities`, and `crosschecks`: what bears its name elsewhere, with its counts, whether it has the same function, and
why its counts or its function differ. Figures that could not be confirmed carry `unconfirmed: true`; rows no paper has,
`adaptation: true`.
"""

import difflib
import functools
from pathlib import Path
from typing import Any

from lit_cnns.papers import words
from lit_cnns.papers.receptive_field import ReceptiveField, follow

__all__ = [
    "ReceptiveField",
    "aliases",
    "canonical",
    "claims",
    "families",
    "ilsvrc",
    "layer_table",
    "module_layers",
    "modules",
    "own_results",
    "receptive_fields",
    "row",
    "rows",
    "timeline",
    "told",
    "words",
]

FAMILIES = ("lenet", "alexnet", "zfnet", "nin", "vgg", "googlenet", "inception", "resnet", "resnet_cifar")


@functools.cache
def _read(name: str) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"), Loader=loader)


def families() -> list[str]:
    """The families, oldest first."""
    return [*FAMILIES]


@functools.cache
def rows() -> dict[str, dict[str, Any]]:
    """Every network of the papers by its name, oldest family first."""
    return {row["name"]: {"family": name, **row} for name in FAMILIES for row in _read(name)["models"]}


@functools.cache
def aliases() -> dict[str, str]:
    """Other names of a network, e.g. `vgg16` for `vgg_d`."""
    return {alias: name for family in FAMILIES for alias, name in _read(family).get("aliases", {}).items()}


def canonical(name: str) -> str:
    """The one name of a network, from it or an alias.

    Raises:
        ValueError: no such network; the nearest names are given.
    """
    known = {**{name: name for name in rows()}, **aliases()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "`lit-cnns models` lists all."
    raise ValueError(f"There is no network {name!r}; {hint}")


def row(name: str) -> dict[str, Any]:
    """What the paper says of one network, by its name or an alias.

    Raises:
        ValueError: no such network; the nearest names are given.
    """
    return rows()[canonical(name)]


def layer_table(name: str) -> list[dict[str, Any]]:
    """The layers of a network in order, each repeated block a row of its own.

    `conv4_rest` stands for conv4_2, conv4_3, ...; any other repeated row, `block_a`, for block_a_1, block_a_2, ...

    Parameters and MACs of a repeated row are those of one block.
    """
    table: list[dict[str, Any]] = []
    for layer in row(name)["layers"]:
        name, count = layer["name"], layer.get("repeat", 1)
        first = 2 if name.endswith("_rest") else 1
        if first == 1 and count == 1:
            table.append(layer)
            continue
        stem, one = name.removesuffix("_rest"), {key: layer[key] // count for key in ("params", "macs") if key in layer}
        table += [{**layer, **one, "name": f"{stem}_{place}", "repeat": 1} for place in range(first, first + count)]
    return table


def modules(family: str) -> dict[str, dict[str, Any]]:
    """The modules of a family that its layers use, by name: their `layers`, with `$c` for an argument c."""
    return _read(family).get("modules", {})


def module_layers(family: str, layer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows inside a layer that is a module of its family (`op: use`), with its arguments in their places."""
    module = modules(family)[layer["module"]]
    given = {f"${name}": value for name, value in {**module.get("defaults", {}), **layer.get("args", {})}.items()}

    def filled(value: Any) -> Any:
        return given.get(value, value) if isinstance(value, str) else value

    return [{name: filled(value) for name, value in row.items()} for row in module["layers"]]


@functools.cache
def receptive_fields(name: str) -> dict[str, ReceptiveField]:
    """What a unit of each layer in `layer_table` sees of the picture, by arithmetic over the rows."""
    return follow(layer_table(name), functools.partial(module_layers, row(name)["family"]))


def own_results(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The errors that a network's own paper prints, without what others measured or what could not be confirmed."""
    return [
        result
        for result in row["results"]
        if not {"source", "unconfirmed"} & set(result) and {"top1_error", "top5_error"} & set(result)
    ]


def timeline() -> list[dict[str, Any]]:
    """Every network with its paper's year, weight layers, parameters, MACs, picture and printed top-5 error.

    `top5` is the first error on ImageNet that the paper prints for one network, with its set and protocol, or None.
    """
    points = []
    for row in rows().values():
        layers = row["weight_layers"]
        single = [r for r in own_results(row) if "top5_error" in r and r.get("models", 1) == 1]
        points.append(
            {
                "network": row["name"],
                "family": row["family"],
                "year": row["paper"]["year"],
                "weight_layers": layers.get("counted") or layers["paper"],
                "params": row["params"]["total"],
                "macs": row["macs"]["total"],
                "input_size": row["input_size"],
                "adaptation": bool(row.get("adaptation")),
                "top5": {key: single[0][key] for key in ("top5_error", "dataset", "protocol")} if single else None,
            }
        )
    return points


def claims() -> dict[str, Any]:
    """The papers' claims and how each can be tested fairly."""
    return _read("claims")


def told() -> dict[str, Any]:
    """What introductory texts tell, statement by statement."""
    return _read("told")


def ilsvrc() -> dict[str, Any]:
    """The challenge: its data, winners and errors."""
    return _read("ilsvrc")
