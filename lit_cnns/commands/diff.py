"""`lit-cnns diff A B`: two networks of the papers, layer by layer.

The exit status is 0, whether they differ or not; 2 where a name is wrong.
"""

import argparse
import json
import textwrap
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

from lit_cnns import papers
from lit_cnns.commands.description import Row, describe
from lit_cnns.commands.info import WIDTH, aligned
from lit_cnns.papers.words import folded, operation, settings, size, told

SHOWN = ("op", "settings", "out", "parameters", "MACs")


class Pair(NamedTuple):
    """A layer of both networks, or of one: `a` alone is left out by the second, `b` alone is new in it."""

    a: Row | None
    b: Row | None
    changes: dict[str, list[str]]  # what differs: what it was, what it became

    @property
    def mark(self) -> str:
        if self.a is None or self.b is None:
            return "+" if self.a is None else "-"
        return "~" if self.changes else " "

    @property
    def layer(self) -> Row:
        """Its row in the second network, or else in the first."""
        return self.b or self.a or {}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help="name or alias, e.g. vgg_c")
    parser.add_argument("b", metavar="B", help="name or alias, e.g. vgg_d")
    parser.add_argument("--all", action="store_true", help="equal layers too, a row each")
    parser.add_argument("--json", action="store_true", help="the same as data, for programs")


def run(arguments: argparse.Namespace) -> int:
    a, b = describe(arguments.a), describe(arguments.b)
    pairs = compare(a["layers"], b["layers"], (a["family"], b["family"]))
    totals, recipe = changed(figures(a), figures(b)), changed(a["recipe"], b["recipe"])
    if arguments.json:
        layers = [{"mark": pair.mark, **pair._asdict()} for pair in pairs]
        names = {"a": a["name"], "b": b["name"]}
        print(json.dumps({**names, "layers": layers, "totals": totals, "recipe": recipe}, indent=2))
        return 0
    for sign, network in (("-", a), ("+", b)):
        paper = network["paper"]
        print(f"{sign} {network['name']}: {paper['authors'].split(',')[0]} et al., {paper['year']}")
    print("~ in both, but changed: what it was -> what it became; the row is the second's\n")
    print("\n".join(_layers(pairs, arguments.all)))
    for head, differences in (("the whole:", totals), ("the recipe, as the papers have it:", recipe)):
        print(f"\n{head}")
        print("\n".join(_differences(differences)) or "  no difference")
    return 0


def compare(a: list[Row], b: list[Row], families: tuple[str, str]) -> list[Pair]:
    """The layers of both in order: those of one name side by side, where their order allows it."""
    names = [[layer["name"] for layer in layers] for layers in (a, b)]
    pairs = []
    for kind, i, end_i, j, end_j in SequenceMatcher(a=names[0], b=names[1], autojunk=False).get_opcodes():
        if kind == "equal":
            pairs += [Pair(x, y, differences(x, y, families)) for x, y in zip(a[i:end_i], b[j:end_j], strict=True)]
        else:
            pairs += [Pair(x, None, {}) for x in a[i:end_i]] + [Pair(None, y, {}) for y in b[j:end_j]]
    return pairs


def differences(a: Row, b: Row, families: tuple[str, str]) -> dict[str, list[str]]:
    """What differs between two layers of one name, in words; between two modules, what differs inside."""
    before, after = (dict(zip(SHOWN, _cells(layer), strict=True)) for layer in (a, b))
    if a["op"] == b["op"] == "use" and a["module"] != b["module"]:
        for family, layer, words in zip(families, (a, b), (before, after), strict=True):
            words["settings"] = ""  # they show inside
            words |= {f"inside, {row['name']}": _inner(row) for row in papers.module_layers(family, layer)}
    return changed(before, after)


def _inner(row: Row) -> str:
    source = row.get("from")
    joined = f"of {', '.join(source)}" if isinstance(source, list) else ""
    return " ".join(filter(None, (row["op"], settings(row), joined)))


def changed(a: Row, b: Row) -> dict[str, list[str]]:
    """The entries that differ: what it was and what it became; "" where one has none."""
    both = {key: [told(side[key]) if key in side else "" for side in (a, b)] for key in {**a, **b}}
    return {key: sides for key, sides in both.items() if sides[0] != sides[1]}


def figures(network: Row) -> dict[str, str]:
    layers = network["weight_layers"]
    return {
        "picture": size(network["input_size"]),
        "weight layers": str(layers.get("counted") or layers["paper"]),
        "parameters": f"{network['params']['total']:,}",
        "MACs": f"{network['macs']['total']:,}",
        "last maps see": _sight(network["layers"]),
    }


def _sight(layers: list[Row]) -> str:
    last = [layer for layer in layers if len(layer["out"]) == 3 and layer["out"][1] > 1][-1]
    return f"{last['receptive_field']['size']} pixels ({last['name']})"


def _cells(layer: Row) -> tuple[str, ...]:
    counts = [f"{layer[key]:,}" if layer.get(key) else "" for key in ("params", "macs")]
    return operation(layer), settings(layer), size(layer["out"]), *counts


def _layers(pairs: list[Pair], unfold: bool) -> Iterable[str]:
    """A row for each layer, or for equal blocks that differ in the same way; below it what was and what became."""
    shown: list[tuple[tuple[str, ...] | None, list[str]]] = [(("", "layer", *SHOWN), [])]
    for mark, run in groupby(pairs, lambda pair: pair.mark):
        several = [*run]
        if mark == " " and not unfold and len(several) > 1:
            first, last = several[0].layer["name"], several[-1].layer["name"]
            shown.append((None, [f"   {first} to {last}: {len(several)} equal layers"]))
            continue
        for changes, alike in groupby(several, lambda pair: pair.changes):
            rows = [pair.layer for pair in alike]
            for layer in rows if unfold else folded(rows):
                shown.append(((mark, layer["name"], *_cells(layer)), [*_notes(changes)]))
    lines = iter([*aligned([cells for cells, _ in shown if cells], left=4)])
    for cells, notes in shown:
        yield from [next(lines), *notes] if cells else notes


def _notes(changes: dict[str, list[str]]) -> Iterable[str]:
    for key, change in changes.items():
        note = f"{key}: {' -> '.join(side or 'none' for side in change)}"
        yield from textwrap.wrap(note, WIDTH, initial_indent="     ", subsequent_indent="       ")


def _differences(changes: dict[str, list[str]]) -> Iterable[str]:
    width = max(map(len, changes), default=0)
    for key, change in changes.items():
        for sign, text in zip("-+", change, strict=True):
            start = f"{sign} {key.replace('_', ' '):<{width}}  "
            yield from textwrap.wrap(
                text or "not said", WIDTH, initial_indent=start, subsequent_indent=" " * len(start)
            )
