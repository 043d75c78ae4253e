"""Heat maps: what each place of a picture matters for one class, and the colours they are drawn in."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

COLOURS = "inferno"  # evenly spaced to the eye, and read alike by the colour-blind


@dataclass(frozen=True)
class HeatMap:
    """How much each place matters for one class.

    Args:
        values: float32 `[h, w]` on the CPU, over the whole picture; the unit is the method's own.
        target: The class, by its place among the logits.
        probability: What the network gives that class, 0 to 1.
    """

    values: Tensor
    target: int
    probability: float


def one_picture(net: nn.Module, batch: Tensor) -> Tensor:
    """Bring a batch of one picture `[1, C, H, W]` to a network's device and type.

    Raises:
        ValueError: the batch is not of one picture.
    """
    if batch.ndim != 4 or len(batch) != 1:
        raise ValueError(f"One picture is looked at, [1, C, H, W], not {list(batch.shape)}.")
    first = next(net.parameters(), batch)
    return batch.detach().to(first.device, first.dtype)


def chosen(logits: Tensor, target: int | None) -> int:
    """The class asked for, or the likeliest, of the logits `[classes]` of one picture.

    Raises:
        ValueError: there is no such class.
    """
    if target is None:
        return int(logits.argmax())
    if not 0 <= target < len(logits):
        raise ValueError(f"The network has classes 0 to {len(logits) - 1}, not {target}.")
    return target


def heat_map(values: Tensor, logits: Tensor, target: int) -> HeatMap:
    """Put a map `[h, w]` beside the class it is of and its probability, by the logits `[classes]`."""
    probability = logits.detach().float().softmax(0)[target].item()
    return HeatMap(values.detach().float().cpu(), target, probability)


def paint(values: Tensor, low: float, high: float, size: tuple[int, int] | None = None) -> np.ndarray:
    """Draw a map in colour: dark at `low` and below, bright at `high` and above, black where it is not a number.

    Args:
        values: `[h, w]`.
        low: The value of the first colour.
        high: The value of the last.
        size: Height and width to enlarge to, bilinear; where a value is still missing, without smoothing.

    Returns:
        uint8 `[H, W, 3]`.
    """
    from matplotlib import colormaps

    shares = (values.float() - low) / (high - low if high > low else 1)
    if size is not None:
        smooth = bool(shares.isfinite().all())
        mode = {"mode": "bilinear", "align_corners": False} if smooth else {"mode": "nearest"}
        shares = F.interpolate(shares[None, None], size, **mode)[0, 0]
    return (colormaps[COLOURS](shares.nan_to_num(0).clamp(0, 1).numpy())[..., :3] * 255).round().astype(np.uint8)


def legend(steps: int = 9) -> list[str]:
    """The colours from low to high for a legend, as `#rrggbb`."""
    colours = paint(torch.linspace(0, 1, steps)[None], 0, 1)[0]
    return ["#" + bytes(one.tolist()).hex() for one in colours]
