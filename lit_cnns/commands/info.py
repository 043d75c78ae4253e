"""`lit-cnns info NETWORK`: what the paper says of a network, layer by layer."""

import argparse
import textwrap
from typing import Any

from lit_cnns import papers

HEAD = ("layer", "op", "settings", "out", "parameters", "MACs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", help="name or alias, e.g. alexnet, vgg16, resnet50")


def run(arguments: argparse.Namespace) -> int:
    row = papers.row(arguments.network)
    paper = row["paper"]
    print(f"{row['name']}: {paper['authors']}, {paper['title']}, {paper['venue']} ({paper['year']})")
    for note in (paper.get("note"), row.get("note")):
        if note:
            print(textwrap.fill(note, 110))
    total = ("total", "", "", "", f"{row['params']['total']:,}", f"{row['macs']['total']:,}")
    _table([HEAD, *map(_cells, papers.layer_table(row["name"])), total])
    _results(row.get("results", []))
    for ambiguity in row.get("ambiguities", []):
        print(textwrap.fill(f"- {ambiguity['issue']} -> {ambiguity['choice']}", 110, subsequent_indent="  "))
    return 0


def _cells(layer: dict[str, Any]) -> tuple[str, ...]:
    shown = ("name", "op", "module", "out", "params", "macs", "from", "table", "repeat")
    settings = layer.get("args") or {k: v for k, v in layer.items() if k not in shown}
    text = " ".join(f"{k}={v}" for k, v in settings.items())
    out = "x".join(map(str, layer.get("out", [])))
    params, macs = (f"{layer[k]:,}" if layer.get(k) else "" for k in ("params", "macs"))
    return layer["name"], layer.get("module", layer["op"]), text, out, params, macs


def _table(lines: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print()
    for line in lines:
        cells = [
            f"{cell:{'<' if at < 3 else '>'}{width}}" for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _results(results: list[dict[str, Any]]) -> None:
    if results:
        print("\nerrors that were published, in percent (not measured here):")
    for result in results:
        errors = ", ".join(f"{k.split('_')[0]} {result[k]}" for k in ("top1_error", "top5_error") if k in result)
        measured = ", ".join(result[k] for k in ("dataset", "protocol") if k in result)
        print(f"  {errors:<24}{measured}, models: {result.get('models', 1)}")
