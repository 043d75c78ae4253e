"""`lit-cnns info NETWORK`: what the paper says of a network, layer by layer."""

import argparse
import json
import textwrap
from collections.abc import Iterable
from typing import Any

from lit_cnns.commands.description import arguments_of, describe
from lit_cnns.papers.words import branches, folded, measured, operation, settings, size, told

WIDTH = 110
LEGEND = (
    "sees: side of the window of the picture, in pixels, that can change one unit; jump: from one unit's window to "
    "the next one's; /2: the layer's own stride; x3: three equal blocks, counted together."
)
HEAD = ("layer", "op", "settings", "out", "parameters", "MACs", "sees", "jump")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", help="name or alias, e.g. alexnet, vgg16, resnet50")
    parser.add_argument("--all", action="store_true", help="each of several equal blocks in a row of its own")
    parser.add_argument("--json", action="store_true", help="the same as data, for programs")


def run(arguments: argparse.Namespace) -> int:
    network = describe(arguments.network)
    if arguments.json:
        print(json.dumps(network, indent=2))
        return 0
    print("\n".join(_title(network)))
    print("\n".join(_table(network, arguments.all)))
    for head, lines in _sections(network):
        if lines := [*lines]:
            print(f"\n{head}\n" + "\n".join(lines))
    return 0


def _title(network: dict[str, Any]) -> Iterable[str]:
    paper, layers = network["paper"], network["weight_layers"]
    arxiv = f", arXiv {paper['arxiv']}" if paper["arxiv"] else ""
    cited = f"{paper['authors']}, {paper['title']}, {paper['venue']} ({paper['year']}){arxiv}"
    yield from textwrap.wrap(f"{', '.join([network['name'], *network['aliases']])}: {cited}", WIDTH)
    if "note" in paper:
        yield from textwrap.wrap(paper["note"], WIDTH)
    counts = f"{network['params']['total']:,} parameters, {network['macs']['total']:,} multiply-accumulates (MACs)"
    yield f"picture {size(network['input_size'])}, {layers.get('counted') or layers['paper']} weight layers, {counts}"


def _table(network: dict[str, Any], unfold: bool) -> Iterable[str]:
    layers = network["layers"] if unfold else folded(network["layers"])
    total = ("total", "", "", "", f"{network['params']['total']:,}", f"{network['macs']['total']:,}", "", "")
    lines = [HEAD, *map(_cells, layers), total]
    if max(len(line[2]) for line in lines) > 32:  # arguments by their places, as the legend of the modules has them
        lines = [HEAD, *(_cells(layer, named=False) for layer in layers), total]
    yield ""
    yield from aligned(lines, left=3)
    yield from textwrap.wrap(LEGEND, WIDTH)
    for head in network.get("aux_heads", []):
        yield f"\n{head['name']}, at {head['attached_to']}: {head['params']:,} parameters, in training alone"
        yield from aligned([_cells(layer)[:6] for layer in head["layers"]], left=3)


def _cells(layer: dict[str, Any], named: bool = True) -> tuple[str, ...]:
    params, macs = (f"{layer[key]:,}" if layer.get(key) else "" for key in ("params", "macs"))
    field = layer.get("receptive_field", {"size": "", "stride": ""})
    words = settings(layer) if named or layer["op"] != "use" else " ".join(map(str, layer["args"].values()))
    shown = (layer["name"], operation(layer), words, size(layer["out"]), params, macs)
    return (*shown, str(field["size"]), str(field["stride"]))


def aligned(lines: list[tuple[str, ...]], left: int) -> Iterable[str]:
    """Columns side by side, the first `left` of them flush left and numbers flush right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            f"{cell:{'<' if at < left else '>'}{width}}"
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _sections(network: dict[str, Any]) -> Iterable[tuple[str, Iterable[str]]]:
    yield "inside a module:", _modules(network)
    yield "the recipe, as the paper has it:", pairs(network["recipe"])
    yield "configurations that ship (lit-cnns fit --config NAME):", wrapped([", ".join(network["configs"])])
    yield "errors that were published, in percent (not measured here):", _results(network["results"])
    choices = (f"{choice['issue']} -> {choice['choice']}: {choice['why']}" for choice in network["ambiguities"])
    yield "what the paper leaves open, and what was chosen:", wrapped(choices, "- ")
    yield "the name elsewhere:", wrapped(map(_elsewhere, network.get("crosschecks", [])), "- ")


def _modules(network: dict[str, Any]) -> Iterable[str]:
    for name, module in network["modules"].items():
        given = arguments_of(name, network["layers"])
        yield f"  {' '.join([name, *given])}"
        for line in branches(module, given):
            yield from textwrap.wrap(line, WIDTH, initial_indent="    ", subsequent_indent="      ")


def pairs(recipe: dict[str, Any]) -> Iterable[str]:
    """Names and what is said of them, side by side."""
    width = max(map(len, recipe), default=0)
    for key, value in recipe.items():
        start = f"  {key.replace('_', ' '):<{width}}  "
        yield from textwrap.wrap(told(value), WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


def wrapped(texts: Iterable[str], mark: str = "") -> Iterable[str]:
    for text in texts:
        yield from textwrap.wrap(
            text, WIDTH, initial_indent=f"  {mark}", subsequent_indent="  " + " " * len(mark), break_on_hyphens=False
        )


def _results(results: list[dict[str, Any]]) -> Iterable[str]:
    width = max((len(result["dataset"]) for result in results), default=0)
    for result in results:
        errors = [f"{kind} {result[f'{kind}_error']}" if f"{kind}_error" in result else "" for kind in ("top1", "top5")]
        start = f"  {errors[0]:<11} {errors[1]:<10}  {result['dataset']:<{width}}  "
        yield from textwrap.wrap(measured(result), WIDTH, initial_indent=start, subsequent_indent=" " * len(start))


def _elsewhere(check: dict[str, Any]) -> str:
    counts = [f"{check[key]:,} {name}" for key, name in (("params", "parameters"), ("macs", "MACs")) if key in check]
    same = "the same network" if check["same"] else "another network"
    return f"{check.get('impl', check.get('source'))}, {same}: {', '.join(counts)}; {check['why']}"
