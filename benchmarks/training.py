"""Training and evaluation against other loops: `python benchmarks/training.py --folder FOLDER_OF_JPEG`.

FOLDER has `train/CLASS/` and `val/CLASS/` of ten classes. Each contestant is a process of its own on one thread; all of
a network take turns, a few steps each, after a step or more that is not timed. What counts is CPU time.
"""

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import lightning
import timm
import torch
import torchvision
from contestants import EVALUATION, TRAINING, Case, Tick

#          network              batch  steps a turn, at 224 pixels?
NETWORKS = {
    "alexnet":                   (32, 1, True),
    "googlenet":                 (32, 1, True),
    "resnet18_b":                (32, 1, True),
    "resnet50":                  (32, 1, True),
    "vgg_d":                     (8, 1, True),
    "lenet5_modern":             (128, 50, False),
    "resnet20_cifar":            (128, 3, False),
}  # fmt: skip
LARGE = {"resnet50", "vgg_d"}  # so large that not all contestants have room beside each other
LEFT_OUT = ("naive Lightning", "the network alone", "plain loop, memory kept")


class Turn(NamedTuple):
    """What a contestant says after its steps."""

    seconds: float  # of CPU
    faults: int  # pages that the system had to clear for it
    peak: int  # bytes


def contestant(loop: Callable[[Case, Tick], None], case: Case, steps: int, warm: int, pipe: Connection) -> None:
    """Run `loop` in this process, `steps` steps whenever the pipe says so."""
    torch.set_num_threads(1)
    os.chdir(tempfile.mkdtemp(dir=os.environ["BENCHMARK_FOLDER"]))
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    left, state = warm, (0.0, 0)

    def tick() -> None:
        nonlocal left, state
        left -= 1
        if left:
            return
        usage = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send(Turn(time.process_time() - state[0], usage.ru_minflt - state[1], usage.ru_maxrss << 10))
        if not pipe.recv():
            os._exit(0)
        left, state = steps, (time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt)

    loop(case, tick)


def start(loop: Callable, case: Case, steps: int, warm: int) -> Connection:
    here, there = Pipe()
    if os.fork() == 0:
        try:
            contestant(loop, case, steps, warm, there)
        finally:
            os._exit(1)
    there.close()
    return here


def race(loops: dict[str, Callable], case: Case, steps: int, repeats: int) -> dict[str, list[Turn]]:
    """The turns of each contestant, interleaved."""
    pipes = {}
    for name, loop in loops.items():  # one after another: the warm-up is what needs most memory
        pipes[name] = start(loop, case, steps, warm=max(2, steps))
        pipes[name].recv()
    turns: dict[str, list[Turn]] = {name: [] for name in loops}
    for _ in range(repeats):
        for name, pipe in pipes.items():
            pipe.send(True)
            turns[name].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
        os.wait()
    return turns


def table(title: str, case: Case, steps: int, turns: dict[str, list[Turn]]) -> str:
    """Milliseconds of CPU a picture, and the ratio to the default of lit-cnns and of its fast form."""
    pictures = steps * case.batch
    each = {name: [1000 * turn.seconds / pictures for turn in found] for name, found in turns.items()}
    ours, fast = median(each["lit-cnns"]), median(each["lit-cnns fast"])
    plain = max(turn.peak for turn in turns["plain loop"])
    lines = [
        f"### {case.network}, {title}, batch {case.batch}, {len(each['lit-cnns'])} turns of {steps} step(s)\n",
        "| loop | ms a picture, median | spread | times lit-cnns | times fast | page faults a step | memory |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, times in each.items():
        faults = median(turn.faults for turn in turns[name]) / steps
        peak = max(turn.peak for turn in turns[name]) / plain
        middle = median(times)
        lines.append(
            f"| {name} | {shown(middle)} | {shown(min(times))} to {shown(max(times))} | {middle / ours:.2f} x | "
            f"{middle / fast:.2f} x | {faults:,.0f} | {peak:.2f} x |"
        )
    return "\n".join(lines) + "\n"


def shown(number: float) -> str:
    """Three digits, or all of a number of more."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def machine() -> str:
    """Versions, processor and load."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    versions = ", ".join(
        f"{package.__name__} {package.__version__}" for package in (torch, torchvision, lightning, timm)
    )
    return (
        f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores of {model}, one thread a contestant, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--pictures", default="JPEG at 224, random bytes at 32 pixels", help="what the folder holds")
    parser.add_argument("--networks", nargs="*", default=[*NETWORKS], choices=[*NETWORKS], metavar="NETWORK")
    parser.add_argument("--modes", nargs="*", default=["training", "evaluation"])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{machine()}; pictures: {arguments.pictures}.\n", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        os.environ["BENCHMARK_FOLDER"] = scratch
        for network in arguments.networks:
            batch, steps, photographs = NETWORKS[network]
            folder = str(arguments.folder.resolve()) if photographs else None
            for mode in arguments.modes:
                case = Case(network, batch, folder, mode == "evaluation")
                loops = EVALUATION if case.evaluate else TRAINING
                if network in LARGE:
                    loops = {name: loop for name, loop in loops.items() if name not in LEFT_OUT}
                print(table(mode, case, steps, race(loops, case, steps, arguments.repeats)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
