"""The rows of the papers in words: layers, modules, recipes and results, for `info`, docs/networks and the lab."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

Row = dict[str, Any]


def folded(layers: list[Row]) -> list[Row]:
    """The layers with equal blocks that follow each other in one row, `conv4_2..6`, with the counts of all of them."""

    def alike(layer: Row) -> Any:
        return {k: v for k, v in layer.items() if k not in ("name", "receptive_field")} if "module" in layer else layer

    rows: list[Row] = []
    for _, run in groupby(layers, alike):
        blocks: list[Row] = [*run]
        first, last, count = blocks[0], blocks[-1], len(blocks)
        name = first["name"] if count == 1 else f"{first['name']}..{last['name'].rpartition('_')[2]}"
        totals: Row = {key: count * first[key] for key in ("params", "macs") if key in first}
        rows.append({**last, **totals, "name": name, "repeat": count})
    return rows


def operation(layer: Row) -> str:
    """What a layer is: `conv`, or a module's name and how many of it."""
    count = f" x{layer['repeat']}" if layer.get("repeat", 1) > 1 else ""
    return f"{layer.get('module', layer['op'])}{count}"


def settings(layer: Row) -> str:
    """A layer's settings in words: `11x11 96 /4 relu`, where /4 is a stride; of a module, its arguments."""
    if layer["op"] == "use":
        return " ".join(f"{key}={value}" for key, value in layer.get("args", {}).items())
    return " ".join(filter(None, _words(layer)))


def _words(layer: Row) -> Iterator[str]:
    if layer["op"] == "lrn":
        alpha = f"{layer['alpha']:.0e}".replace("e-0", "e-")
        yield f"n={layer['n']} alpha={alpha} beta={layer['beta']:g} k={layer['k']:g}"
        yield f"{layer['groups']} towers" if "groups" in layer else ""
        return
    if layer["op"] == "dropout":
        yield f"{layer['p']:.0%}"
    else:
        yield sides(layer["k"]) if "k" in layer else ""
        yield str(layer["c"]) if "k" in layer and "c" in layer else ""
        yield f"/{layer['s']}" if layer.get("s", 1) != 1 else ""
        yield f"pad {layer['p']}" if layer.get("p") else ""
    yield f"{layer['g']} groups" if "g" in layer else ""
    yield "rounded up" if layer.get("ceil") else ""
    yield "BN" if layer.get("bn") else ""
    yield layer.get("act", "").replace("_", " ")


def sides(kernel: int | list[int]) -> str:
    """A kernel's height and width: 3x3, 1x7."""
    return size(kernel if isinstance(kernel, list) else [kernel, kernel])


def size(shape: list[int]) -> str:
    return "x".join(map(str, shape))


def branches(module: Row, given: Iterable[str]) -> list[str]:
    """The ways through a module, a line each, its arguments by their names: `in > b3_reduce 1x1 r3 > b3 3x3 c3`.

    Args:
        module: as `papers.modules` has it.
        given: the arguments that its layers name; of others the default is shown.
    """
    defaults = {f"${key}": value for key, value in module.get("defaults", {}).items() if key not in given}
    lines: list[str] = []
    for row in module["layers"]:
        row = {key: defaults.get(value, value) if isinstance(value, str) else value for key, value in row.items()}
        source = row.get("from")
        if isinstance(source, list):
            sign = " + " if row["op"] == "add" else ", "
            scale = f", times {row['scale']} before it is added" if "scale" in row else ""
            lines.append(f"{row['name']} = {sign.join(source)}{scale}" + (f", {row['act']}" if "act" in row else ""))
        elif source or not lines:
            lines.append(f"{source or 'in'} > {_step(row)}")
        else:
            lines[-1] += f" > {_step(row)}"
    return [line.replace("$", "") for line in lines]


def _step(row: Row) -> str:
    kind = {"maxpool": "max", "avgpool": "mean", "bn": "BN", "pad_shortcut": "zeros for new maps,"}.get(row["op"], "")
    stride = f"/{row['s']}" if row.get("s", 1) != 1 else ""
    words = (row["name"], kind, sides(row["k"]) if "k" in row else "", str(row.get("c", "")), stride)
    return " ".join(filter(None, words))


def told(value: Any) -> str:
    """A recipe's entry as a sentence: what it says, then its notes."""
    if isinstance(value, list) and isinstance(value[0], str):
        return "; ".join(value)
    if not isinstance(value, dict):
        return "none" if value is None else str(value)
    return "; ".join(_noted(key, item) for key, item in value.items() if item is not None)


def _noted(key: str, item: Any) -> str:
    if item is True:
        return {"unconfirmed": "not confirmed"}.get(key, key.replace("_", " "))
    return told(item) if key in ("value", "text", "note") else f"{key.replace('_', ' ')} {told(item)}"


def measured(result: Row) -> str:
    """How a published error was measured, and whose figure it is."""
    models = f"{result['models']} models" if result.get("models", 1) > 1 else ""
    source = f"source: {result['source']}" if "source" in result else ""
    doubt = "not confirmed" if result.get("unconfirmed") else ""
    return ", ".join(filter(None, (result.get("protocol"), models, result.get("note"), source, doubt)))
