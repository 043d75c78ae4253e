"""The sentences about time: what was said to be faster or cheaper, measured on this machine's processor.

`lit-cnns claim told --folder FOLDER` measures anew and leaves `times.json` there.
"""

import json
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from lit_cnns import lineage
from lit_cnns.checkpoint_io import write_whole

from ..claim import Report
from ..judging import geometric_mean_of
from . import halves
from .finding import TIMES
from .vgg import STACKS

ROUNDS, STEPS = 21, 5
WIDTH, SIDE, BATCH = 64, 56, 4
DEEP_SIDE, DEEP_BATCH = 112, 4


def measure(folder: Path, report: Report = print, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure all three, and write `times.json`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found: dict[str, Any] = {
            "conditions": {
                "processor": _processor(),
                "torch": torch.__version__,
                "how": "processor time of one thread, the two sides in turn, ratio round by round, Student's 95 % "
                "interval of its logarithm; towers: wall-clock time of two processes with a thread each. Other "
                "programs ran on the machine",
            },
            "stacks": {
                **{name: _stack(count, kernel, rounds) for name, (count, kernel) in STACKS.items()},
                "conditions": {"width": WIDTH, "side": SIDE, "batch": BATCH, "rounds": rounds},
            },
        }
        report("told: stacks measured")
        found["residual"] = _residual(rounds)
        report("told: backward passes of plain-34 and ResNet-34 measured")
    finally:
        torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as place:
        found["towers"] = halves.measure(Path(place), STEPS)
    report("told: towers and data parallelism on two processes measured")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(json.dumps(found, indent=1).encode(), folder / TIMES)
    return found


def _stack(count: int, kernel: int, rounds: int) -> dict[str, list[float]]:
    """The time of one large convolution as a multiple of that of the stack, forward and backward."""
    nets = {"large": _chain([kernel]), "stack": _chain([3] * count)}
    maps = torch.randn(BATCH, WIDTH, SIDE, SIDE, requires_grad=True)

    def step(net: nn.Module) -> float:
        return _timed(lambda: net(maps).sum().backward())

    taken = _in_turn({name: partial(step, net) for name, net in nets.items()}, rounds)
    return _ratio(taken["large"], taken["stack"])


def _chain(kernels: list[int]) -> nn.Sequential:
    layers = [(nn.Conv2d(WIDTH, WIDTH, kernel, padding=kernel // 2), nn.ReLU()) for kernel in kernels]
    return nn.Sequential(*(layer for pair in layers for layer in pair))


def _residual(rounds: int) -> dict[str, Any]:
    """The time of plain-34's backward pass as a multiple of that of ResNet-34 with shortcuts A."""
    rows = {"plain": "plain34", "residual": "resnet34_a"}
    nets = {name: lineage.build(row, num_classes=10).net for name, row in rows.items()}
    images = torch.randn(DEEP_BATCH, 3, DEEP_SIDE, DEEP_SIDE)

    def backward(net: nn.Module) -> float:
        loss = net(images).sum()
        return _timed(loss.backward)

    taken = _in_turn({name: partial(backward, net) for name, net in nets.items()}, rounds)
    conditions = {"side": DEEP_SIDE, "batch": DEEP_BATCH, "rounds": rounds}
    return {**_ratio(taken["plain"], taken["residual"]), "conditions": conditions}


def _timed(work: Callable[[], Tensor | None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _in_turn(works: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            seconds = work()
            if turn:  # the first warms up
                taken[name].append(seconds)
    return taken


def _ratio(a: list[float], b: list[float]) -> dict[str, list[float]]:
    """A to b, round by round: `ratio` with its interval (value, low, high), and the median `seconds` of each."""
    found = geometric_mean_of([x / y for x, y in zip(a, b, strict=True)])
    return {"ratio": [found.value, found.low, found.high], "seconds": [median(a), median(b)]}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
