"""Why a Trainer with its defaults costs AlexNet more than a bare one: `python benchmarks/default_trainer.py`.

AlexNet's training step on pictures that are in memory, in epochs of 8 batches of 16; a bare Trainer, one with its
defaults, and that with one default after another switched off. CPU time and page faults, one thread, interleaved; a
turn is an epoch, its end included.
"""

import argparse
import itertools
import os
from collections.abc import Callable, Iterator
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import lightning as L
import torch
from contestants import Case, Clock, Tick, sgd
from overhead import BARE
from training import machine, race  # first: it sets the threads

from lit_cnns.fast import keep_memory
from lit_cnns.lineage import LitAlexNet

STEPS, BATCH = 8, 16


class Epoch:
    """One batch of pictures, again and again."""

    def __len__(self) -> int:
        return STEPS

    def __iter__(self) -> Iterator[Any]:
        return itertools.repeat((torch.randn(BATCH, 3, 224, 224), torch.arange(BATCH)), STEPS)


class Silent(L.LightningModule):
    """AlexNet and its loss, with nothing logged."""

    def __init__(self) -> None:
        super().__init__()
        self.net = LitAlexNet()

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.net.loss(*batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return sgd(self.net)


def with_trainer(keep: bool = False, **options: Any) -> Callable[[Case, Tick], None]:
    def run(case: Case, tick: Tick) -> None:
        if keep:
            keep_memory()
        L.Trainer(accelerator="cpu", max_epochs=-1, callbacks=[Clock(tick)], **options).fit(Silent(), Epoch())

    return run


CONTESTANTS = {
    "bare Trainer": with_trainer(**BARE),
    "its defaults": with_trainer(),
    "its defaults, no checkpoint": with_trainer(enable_checkpointing=False),
    "its defaults, no logger": with_trainer(logger=False),
    "bare Trainer, memory kept": with_trainer(keep=True, **BARE),
    "its defaults, memory kept": with_trainer(keep=True),
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
