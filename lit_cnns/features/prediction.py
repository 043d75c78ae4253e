"""What a network says of a batch, and how long it takes."""

from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor, nn

from .capture import exclusive


@dataclass(frozen=True)
class Prediction:
    """Probabilities and the time they took.

    Args:
        probabilities: float32 `[B, classes]`, on the CPU.
        times: Milliseconds of each timed forward pass of the whole batch.
    """

    probabilities: Tensor
    times: tuple[float, ...]

    @property
    def milliseconds(self) -> float:
        """Median time of a forward pass."""
        return median(self.times)

    @property
    def runs(self) -> int:
        """How many passes the median is of."""
        return len(self.times)


def predict(net: nn.Module, batch: Tensor, runs: int = 5, seconds: float = 1.0, warm_up: bool = True) -> Prediction:
    """Classify a normalised batch, and time it.

    Args:
        net: Any network that gives logits `[B, classes]`.
        batch: float `[B, C, H, W]`, normalised, on any device.
        runs: Timed passes, at least one.
        seconds: Stop timing once this much time is used.
        warm_up: Make a first pass that is not timed; a network that has just run needs none.
    """
    first = next(net.parameters(), batch)
    batch = batch.to(first.device, first.dtype)
    times: list[float] = []
    with exclusive(net), torch.inference_mode():
        if warm_up:
            net(batch)
        while not times or (len(times) < runs and sum(times) < seconds):
            logits, taken = _timed(net, batch)
            times.append(taken)
    return Prediction(logits.float().softmax(dim=1).cpu(), tuple(1000 * taken for taken in times))


def top(probabilities: Tensor, class_names: list[str], k: int = 5) -> list[tuple[str, float]]:
    """Pair the `k` likeliest classes of one image (or all, if there are fewer) with their probabilities."""
    values, indices = probabilities.topk(min(k, len(probabilities)))
    return [(class_names[index], value) for value, index in zip(values.tolist(), indices.tolist(), strict=True)]


def _timed(net: nn.Module, batch: Tensor) -> tuple[Tensor, float]:
    _wait(batch.device)
    start = perf_counter()
    logits = net(batch)
    _wait(batch.device)
    return logits, perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
