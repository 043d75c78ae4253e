"""`lit-cnns models`: the lineage as a table."""

import argparse

from lit_cnns import papers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("match", nargs="?", default="", help="only networks whose name holds this")


def run(arguments: argparse.Namespace) -> int:
    from lit_cnns.lineage import LINEAGE

    names = [name for name in LINEAGE if arguments.match in name]
    if not names:
        raise ValueError(f"No network's name holds {arguments.match!r}; `lit-cnns models` lists all.")
    print(f"{'network':<27}{'year':>5}{'weight layers':>15}{'parameters':>13}{'MACs':>16}  class")
    for name in names:
        row = papers.row(name)
        layers = row["weight_layers"].get("counted") or row["weight_layers"]["paper"]
        counts = f"{row['params']['total']:>13,}{row['macs']['total']:>16,}"
        print(f"{name:<27}{row['paper']['year']:>5}{layers:>15}{counts}  {LINEAGE[name][0].__name__}")
    return 0
