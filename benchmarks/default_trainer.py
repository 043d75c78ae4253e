"""Why a Trainer with its defaults costs AlexNet more than a bare one: `python benchmarks/default_trainer.py`.

AlexNet's training step on pictures that are in memory, in epochs of 8 batches of 16; a bare Trainer, one with its
defaults, that with one default after another switched off, and `lit-cnns fit` with its. CPU time and page faults, one
thread, interleaved; a turn is an epoch, its end included.
"""

import argparse
import os
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from contestants import Case, Tick
from overhead import BARE, Again, Silent, ours, with_trainer
from training import machine, race  # first: it sets the threads

from lit_cnns.lineage import LitAlexNet

STEPS, BATCH = 8, 16


def trainer(**options: Any) -> Callable[[Case, Tick], None]:
    return with_trainer(lambda: Silent(LitAlexNet()), Again(STEPS, BATCH, 224), **options)


CONTESTANTS = {
    "bare Trainer": trainer(**BARE),
    "its defaults": trainer(),
    "its defaults, no checkpoint": trainer(enable_checkpointing=False),
    "its defaults, no logger": trainer(logger=False),
    "bare Trainer, memory kept": trainer(keep=True, **BARE),
    "its defaults, memory kept": trainer(keep=True),
    "lit-cnns fit": ours(LitAlexNet, Again(STEPS, BATCH, 224), keep=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(f"{machine()}; {repeats} turns of an epoch of {STEPS} steps.\n")
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        os.environ["BENCHMARK_FOLDER"] = scratch
        turns = race(CONTESTANTS, Case("", BATCH, None), STEPS, repeats)
    bare = median(turn.seconds for turn in turns["bare Trainer"])
    print("| Trainer | seconds an epoch, median | fastest to slowest | of the bare one's | page faults a step |")
    print("|---|--:|--:|--:|--:|")
    for name, own in turns.items():
        seconds = [turn.seconds for turn in own]
        faults = median(turn.faults for turn in own) / STEPS
        print(
            f"| {name} | {median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | "
            f"{median(seconds) / bare:.2f} x | {faults:,.0f} |"
        )


if __name__ == "__main__":
    main()
