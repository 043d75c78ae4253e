"""What `lit-cnns bench` measures: steps of a Trainer, any other loop, and what the device can do at best."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import lightning as L
import torch
from lightning.pytorch.profilers import SimpleProfiler
from torch import Tensor, nn

PARTS = {  # of a training step, by what Lightning calls them when it profiles
    "data": ("train_dataloader_next", "batch_to_device"),
    "forward": (".training_step",),
    "backward": (".backward",),
    "optimiser": ("optimizer_step",),
}


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
        profiler: started when they are over.
    """

    def __init__(self, steps: int, warmup: int, repeats: int, profiler: "Parts | None" = None) -> None:
        self.steps, self.left, self.repeats, self.profiler = steps, warmup, repeats, profiler
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
        if self.over and self.profiler is not None:
            self.profiler.on = True

    on_train_epoch_start = on_validation_epoch_start = _begin  # type: ignore[assignment]
    on_train_batch_end = on_validation_batch_end = _batch  # type: ignore[assignment]
    on_train_epoch_end = on_validation_epoch_end = _pause  # type: ignore[assignment]


class Parts(SimpleProfiler):
    """The shares of a training step; off until told, since on a GPU it waits for each part to end."""

    def __init__(self) -> None:
        super().__init__()
        self.on = False
        self.moments: list[float] = []  # at which a part began or ended

    def start(self, action_name: str) -> None:
        if self.on:
            self.moments.append(now()[0])
            super().start(action_name)

    def stop(self, action_name: str) -> None:
        if action_name in self.current_actions:
            self.moments.append(now()[0])
            super().stop(action_name)

    def summary(self) -> str:
        return ""

    def shares(self) -> dict[str, float]:
        """Shares of the time since it is on; `logging and loop` is what no part claims."""
        spent = {part: sum(map(self._seconds, names)) for part, names in PARTS.items()}
        spent["optimiser"] -= spent["forward"] + spent["backward"]  # which Lightning runs inside it
        total = self.moments[-1] - self.moments[0]
        spent["logging and loop"] = total - sum(spent.values())
        return {part: seconds / total for part, seconds in spent.items()}

    def _seconds(self, name: str) -> float:
        return sum(sum(found) for action, found in self.recorded_durations.items() if name in action)


def time_calls(call: Callable[[], int], repeats: int, seconds: float = 0.2) -> list[Lap]:
    """Laps of at least `seconds` each of a call that says how many pictures it took, after two calls to warm up."""
    call(), call()
    laps = []
    for _ in range(repeats):
        images, start = 0, now()
        while time.perf_counter() - start[0] < seconds:
            images += call()
        end = now()
        laps.append(Lap(images, end[0] - start[0], end[1] - start[1]))
    return laps


def rate(laps: list[Lap]) -> dict[str, float]:
    """Pictures a second: median, slowest and fastest lap; milliseconds of CPU a picture."""
    rates = [lap.images / lap.wall for lap in laps]
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
