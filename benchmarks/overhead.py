"""What a step costs beside the network: `python benchmarks/overhead.py`. And what AlexNet's checkpoint costs.

A network of two small layers on batches that are there already, in a plain loop, a bare Trainer, a Trainer with its own
defaults and `lit-cnns fit` with its; CPU time, one thread, interleaved.
"""

import argparse
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import lightning as L
import torch
from contestants import Case, Clock, Naive, Tick, sgd
from torch import nn
from training import machine, race  # first: it sets the threads

from lit_cnns.classifier import LitClassifier
from lit_cnns.commands.training import plan
from lit_cnns.fast import keep_memory
from lit_cnns.lineage import LitAlexNet

SIDE, BATCH = 8, 16


class Tiny(LitClassifier):
    def __init__(self) -> None:
        layers = [nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 32), nn.ReLU(), nn.Linear(32, 10)]
        super().__init__(nn.Sequential(*layers), 10, lr=1e-3)


class Again:
    """One batch of random pictures again and again; Lightning would take a list for several loaders."""

    def __init__(self, count: int = 500, batch: int = BATCH, side: int = SIDE) -> None:
        self.count, self.batch, self.side = count, batch, side

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        batch = torch.randn(self.batch, 3, self.side, self.side), torch.arange(self.batch) % 10
        return itertools.repeat(batch, len(self))


class Batches(L.LightningDataModule):
    """Epochs of 500 batches that are in memory."""

    def train_dataloader(self) -> "Again":
        return Again()


class LossLogged(Naive):
    """`self.log` at each step, as tutorials have it, without a metric."""

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        loss = self.net.loss(*batch)
        self.log("train_loss", loss, prog_bar=True)
        return loss


class Silent(LossLogged):
    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.net.loss(*batch)


def plain(case: Case, tick: Tick) -> None:
    net = Tiny()
    optimizer = sgd(net)
    while True:
        for images, labels in Batches().train_dataloader():
            loss = net.loss(images, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            tick()


def with_trainer(
    module: Callable[[], L.LightningModule], data: Any, keep: bool = False, **options: Any
) -> Callable[[Case, Tick], None]:
    def run(case: Case, tick: Tick) -> None:
        if keep:
            keep_memory()
        L.Trainer(accelerator="cpu", max_epochs=-1, callbacks=[Clock(tick)], **options).fit(module(), data)

    return run


def ours(module: Callable[[], LitClassifier], data: Any, keep: bool = False) -> Callable[[Case, Tick], None]:
    limits = ["--trainer.accelerator=cpu", "--trainer.max_epochs=-1", "--trainer.limit_val_batches=0"]

    def run(case: Case, tick: Tick) -> None:
        if keep:
            keep_memory()
        trainer: Any = plan(["--model", "resnet20_cifar", "--data", "CIFAR10", *limits]).trainer
        trainer.callbacks.append(Clock(tick))
        trainer.fit(module(), data)

    return run


BARE = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False, "enable_model_summary": False}
CONTESTANTS = {
    "plain loop": plain,
    "bare Trainer, nothing logged": with_trainer(lambda: Silent(Tiny()), Batches(), **BARE),
    "Trainer, its defaults, nothing logged": with_trainer(lambda: Silent(Tiny()), Batches()),
    "Trainer, its defaults, the loss logged": with_trainer(lambda: LossLogged(Tiny()), Batches()),
    "Trainer, its defaults, loss and a metric logged": with_trainer(lambda: Naive(Tiny()), Batches()),
    "lit-cnns fit": ours(Tiny, Batches()),
}


def checkpoint() -> tuple[float, float]:
    """Seconds of CPU for a checkpoint of AlexNet with its momentum, and its gigabytes."""
    module = LitAlexNet()
    optimizer = sgd(module)
    module.loss(torch.zeros(2, 3, 224, 224), torch.zeros(2, dtype=torch.long)).backward()
    optimizer.step()
    with TemporaryDirectory(dir=os.environ["BENCHMARK_FOLDER"]) as folder:
        path = Path(folder) / "alexnet.ckpt"
        start = time.process_time()
        torch.save({"state_dict": module.state_dict(), "optimizer": optimizer.state_dict()}, path)
        return time.process_time() - start, path.stat().st_size / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats, steps = parser.parse_args().repeats, 1000
    print(f"{machine()}; {repeats} turns of {steps} steps.\n")
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        os.environ["BENCHMARK_FOLDER"] = scratch
        turns = race(CONTESTANTS, Case("", BATCH, None), steps, repeats)
        found = {name: [1e6 * turn.seconds / steps for turn in own] for name, own in turns.items()}
        seconds, size = checkpoint()
    base = median(found["plain loop"])
    bare = median(found["bare Trainer, nothing logged"]) - base
    print("| loop | microseconds a step, median | fastest to slowest | beyond the plain loop | of the bare Trainer's |")
    print("|---|--:|--:|--:|--:|")
    for name, own in found.items():
        more = median(own) - base
        print(f"| {name} | {median(own):.0f} | {min(own):.0f} to {max(own):.0f} | {more:.0f} | {more / bare:.2f} x |")
    print(f"\nA checkpoint of AlexNet (1000 classes) with its momentum: {size:.2f} GB, {seconds:.2f} s of CPU.")


if __name__ == "__main__":
    main()
