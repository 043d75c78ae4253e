"""`lit-cnns claim [NAME]`: check what a paper says, and draw it; `lit-cnns claim told`: check what is told."""

import argparse
import logging
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOLD = "told"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks a statement of a paper at a stated budget; leaves results.json, figure.png, figure.svg and verdict.md "
        "in runs/claims/NAME/BUDGET. What was cut goes on where it was. Without a name: lists the claims. `told` "
        "checks the sentences of an introductory text, and with --folder measures those on time anew."
    )
    parser.add_argument("name", nargs="?", help="a claim, or `told`; none lists the claims")
    parser.add_argument(
        "--budget",
        choices=("quick", "standard", "full"),
        help="quick (minutes), standard (about an hour on two cores) or full (the paper's scale, on a GPU); else quick",
    )
    parser.add_argument("--data", help="folder with CIFAR-10, or of class folders of small pictures; data/ unless told")
    parser.add_argument("--seeds", type=int, help="runs of each arm, 2 or more; by default as many as the budget has")
    parser.add_argument("--folder", type=Path, help="where results go, instead of runs/claims/NAME/BUDGET")


def run(arguments: argparse.Namespace) -> int:
    from lit_cnns import claims

    if arguments.name is None:
        for name, kind in claims.CLAIMS.items():
            print(f"{name:<28}{kind:<10}{claims.state(name):<30}{claims.statement(name)['claim']}")
        print(f"\n{TOLD:<68}every sentence of an introductory text, with its verdict")
        return 0
    if arguments.name == TOLD:
        if arguments.budget or arguments.data or arguments.seeds is not None:
            raise ValueError(f"{TOLD} is checked whole each time: no --budget, no --data, no --seeds.")
        return _check_told(arguments.folder)
    claim = claims.claim(arguments.name)
    if arguments.seeds is not None and arguments.seeds < 2:
        raise ValueError(f"--seeds is 2 or more, so that there is an interval, not {arguments.seeds}.")
    if claim.kind == "counting" and arguments.seeds is not None:
        raise ValueError(f"{claim.id} is a count, the same each time: no --seeds.")
    if not claim.needs_data and (arguments.budget or arguments.data):
        raise ValueError(f"{claim.id} needs no pictures and is run whole each time: no --budget, no --data.")
    budget: claims.Budget = arguments.budget or "quick"
    folder = arguments.folder or Path("runs", "claims", claim.id, budget)
    settings = claims.Settings(folder, budget, arguments.data or "data", arguments.seeds)
    from lit_cnns.interruption import STATUS

    try:
        with _hushed():
            verdict = claims.run(claim, settings)
    except tuple(STATUS) as stop:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return STATUS[type(stop)]
    print(f"{verdict.word}: {verdict.sentence}\n{folder}/figure.png")
    return 0


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep Lightning from introducing each of dozens of short runs."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check_told(folder: Path | None) -> int:
    """Print every sentence with its verdict; with a folder, those on time are measured first, and judged by that."""
    from collections import Counter
    from dataclasses import replace

    from lit_cnns.claims import told

    sources = told.Sources()
    if folder:
        measured = told.measure_times(folder)
        sources = replace(sources, times=lambda: measured)
    checked = told.check_all(sources)
    for found in checked:
        print(f"{found.id}: {found.word}")
        for line in (found.told(), found.found()):
            print(textwrap.fill(line, 110, initial_indent="    ", subsequent_indent="    ") if line else "    -")
    counted = Counter(found.word for found in checked)
    print(f"\n{len(checked)} sentences: " + ", ".join(f"{count} {word}" for word, count in counted.items()))
    return 0
