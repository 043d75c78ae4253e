"""`lit-cnns info NETWORK`: what the paper says of a network, layer by layer."""

import argparse
import textwrap
from typing import Any

from lit_cnns import papers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", help="name or alias, e.g. alexnet, vgg16, resnet50")


def run(arguments: argparse.Namespace) -> int:
    row = papers.row(arguments.network)
    paper = row["paper"]
    print(f"{row['name']}: {paper['authors']}, {paper['title']}, {paper['venue']} ({paper['year']})")
    for note in (paper.get("note"), row.get("note")):
        if note:
            print(textwrap.fill(note, 110))
    print(f"\n{'layer':<18}{'op':<25}{'settings':<44}{'out':>16}{'parameters':>13}{'MACs':>16}")
    for layer in papers.layer_table(row["name"]):
        print(_line(layer))
    print(f"{'total':<103}{row['params']['total']:>13,}{row['macs']['total']:>16,}")
    _results(row.get("results", []))
    for ambiguity in row.get("ambiguities", []):
        print(textwrap.fill(f"- {ambiguity['issue']} -> {ambiguity['choice']}", 110, subsequent_indent="  "))
    return 0


def _line(layer: dict[str, Any]) -> str:
    shown = ("name", "op", "module", "out", "params", "macs", "from", "table", "repeat")
    settings = layer.get("args") or {k: v for k, v in layer.items() if k not in shown}
    text = " ".join(f"{k}={v}" for k, v in settings.items())
    out = "x".join(map(str, layer.get("out", [])))
    params, macs = (f"{layer[k]:,}" if layer.get(k) else "" for k in ("params", "macs"))
    return f"{layer['name']:<18}{layer.get('module', layer['op']):<25}{text[:43]:<44}{out:>16}{params:>13}{macs:>16}"


def _results(results: list[dict[str, Any]]) -> None:
    if results:
        print("\nerrors that were published, in percent (not measured here):")
    for result in results:
        errors = ", ".join(f"{k.split('_')[0]} {result[k]}" for k in ("top1_error", "top5_error") if k in result)
        print(f"  {errors:<24}{result['dataset']}, {result['protocol']}, models: {result.get('models', 1)}")
