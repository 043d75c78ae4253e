"""What `lit-cnns bench` measures: steps of a Trainer, any other loop, and what the device can do at best."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import lightning as L
import torch
from lightning.pytorch.profilers import PassThroughProfiler
from torch import Tensor, nn

PARTS = {  # of a training step, by what Lightning calls what it does when it profiles
    "train_dataloader_next": "data",
    "batch_to_device": "data",
    "training_step": "forward",
    "backward": "backward",
    "optimizer_step": "optimiser",
}
REST = "logging and loop"


class Lap(NamedTuple):
    """Some pictures, and the seconds that they took: on the clock, and of this process on the processor."""

    images: int
    wall: float
    cpu: float


def now() -> tuple[float, float]:
    """Wall clock and CPU time of this process, when the device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter(), time.process_time()


class Laps(L.Callback):
    """Laps of `steps` batches of training or validation, without what comes before an epoch's first batch.

    Args:
        steps: batches a lap.
        warmup: batches before the first lap.
        repeats: laps.
        parts: profiles what comes after them.
    """

    def __init__(self, steps: int, warmup: int, repeats: int, parts: "Parts | None" = None) -> None:
        self.steps, self.left, self.repeats, self.parts = steps, warmup, repeats, parts
        self.laps: list[Lap] = []
        self.lap: Lap | None = None  # the one that is run; none in the warm-up

    @property
    def over(self) -> bool:
        return len(self.laps) == self.repeats

    def _begin(self, *_: Any) -> None:
        self.images, self.since = 0, now()

    def _pause(self, *_: Any) -> None:
        """Add what has passed since the epoch or the lap began."""
        wall, cpu = now()
        if self.lap is not None:
            so_far = self.lap
            self.lap = Lap(
                so_far.images + self.images, so_far.wall + wall - self.since[0], so_far.cpu + cpu - self.since[1]
            )
        self.images, self.since = 0, (wall, cpu)

    def _batch(self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *_: Any) -> None:
        self.images += len(batch[0])
        self.left -= 1
        if self.left or self.over:
            return
        self._pause()
        if self.lap is not None:
            self.laps.append(self.lap)
        self.left, self.lap = self.steps, Lap(0, 0.0, 0.0)
        if self.over and self.parts is not None:
            trainer.profiler = self.parts.begun()

    on_train_epoch_start = on_validation_epoch_start = _begin  # type: ignore[assignment]
    on_train_batch_end = on_validation_batch_end = _batch  # type: ignore[assignment]
    on_train_epoch_end = on_validation_epoch_end = _pause  # type: ignore[assignment]


class Parts(PassThroughProfiler):
    """The shares of a training step; on a GPU it waits for each part to end.

    Of a part within another, as forward and backward are within Lightning's `optimizer_step`, the inner has the time.
    """

    def begun(self) -> "Parts":
        """This, from now on."""
        self.seconds = dict.fromkeys([*PARTS.values(), REST], 0.0)
        self.open = [REST]  # the parts within one another that are at work
        self.since = now()[0]
        return self

    def profile(self, action_name: str) -> AbstractContextManager[Any]:  # type: ignore[override]
        return super().profile(action_name) if _part(action_name) else nullcontext()

    def start(self, action_name: str) -> None:
        if part := _part(action_name):
            self._settle()
            self.open.append(part)

    def stop(self, action_name: str) -> None:
        if _part(action_name):
            self._settle()
            self.open.pop()

    def _settle(self) -> None:
        moment = now()[0]
        self.seconds[self.open[-1]] += moment - self.since
        self.since = moment

    def shares(self) -> dict[str, float]:
        """Shares of the time since it has begun."""
        total = sum(self.seconds.values())
        return {part: seconds / total for part, seconds in self.seconds.items()}


def _part(action_name: str) -> str | None:
    return PARTS.get(action_name.rpartition(".")[2])


def time_calls(call: Callable[[], int], repeats: int, seconds: float = 0.2) -> list[Lap]:
    """Laps of a call that says how many pictures it took: of as many calls as take `seconds`, or up to twice that."""
    call(), call()
    calls = 1
    while _lap(call, calls).wall < seconds:  # a GPU is waited for: it would be given more than it can do in that time
        calls *= 2
    return [_lap(call, calls) for _ in range(repeats)]


def _lap(call: Callable[[], int], calls: int) -> Lap:
    start = now()
    images = sum(call() for _ in range(calls))
    end = now()
    return Lap(images, end[0] - start[0], end[1] - start[1])


def rate(laps: list[Lap], processes: int = 1) -> dict[str, float]:
    """Pictures a second of all processes: median, slowest and fastest lap; of one, milliseconds of CPU a picture."""
    rates = [processes * lap.images / lap.wall for lap in laps]
    return {
        "images_per_second": median(rates),
        "slowest": min(rates),
        "fastest": max(rates),
        "cpu_ms_per_image": median(1000 * lap.cpu / lap.images for lap in laps),
        "laps": len(laps),
    }


def roofline(device: torch.device) -> dict[str, float]:
    """What the device does at best: FLOP/s of matrices and of a convolution in both precisions, bytes/s of memory."""
    side, images = (8192, 64) if device.type == "cuda" else (1024, 2)
    found = {}
    for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        matrix = torch.randn(side, side, device=device, dtype=dtype)
        found[f"matmul_{name}"] = _best(partial(torch.mm, matrix, matrix)) * 2 * side**3
        maps = torch.randn(images, 128, 56, 56, device=device, dtype=dtype).to(memory_format=torch.channels_last)
        conv = nn.Conv2d(128, 128, 3, padding=1, device=device, dtype=dtype).to(memory_format=torch.channels_last)
        with torch.no_grad():
            flops = 2 * conv.weight[0].numel() * conv(maps).numel()
            found[f"conv_{name}"] = _best(partial(conv, maps)) * flops
    source = torch.empty(64 << 20, device=device)
    target = torch.empty_like(source)
    found["memory"] = _best(partial(target.copy_, source)) * 2 * source.numel() * source.element_size()
    return found


def _best(call: Callable[[], Tensor]) -> float:
    """Calls a second, the fastest of some laps: nothing beside it makes a device faster than it is."""

    def once() -> int:
        call()
        return 1

    laps = time_calls(once, repeats=5, seconds=0.1)
    return max(lap.images / lap.wall for lap in laps)
