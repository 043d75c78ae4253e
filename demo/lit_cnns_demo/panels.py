"""What the lab computes: a picture and networks go in, numbers and pictures come out. The page is unknown here."""

from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lit_cnns import features
from lit_cnns.data import ImageError, fit_image, prepare, read_image, to_batch

from .network import Entry, Network
from .shelf import Shelf
from .worlds import DIGITS, Traits, world

Scale = Literal["map", "layer"]
ENOUGH = 512  # pixels of a picture's shorter side: twice what the networks of the lineage scale it to
FIRST_RUNS = 5
MNIST_BOX = 20 / 28  # MNIST's digits were scaled into 20 of 28 pixels (LeCun et al. 1998, Section III)


@dataclass(frozen=True)
class Answer:
    """What one network says of one picture.

    Args:
        entry: the network.
        top: the likeliest classes with their probabilities.
        milliseconds: median time of the latest forward passes.
        runs: how many passes the median is of.
        parameters: how many the network has.
        macs: multiply-accumulates for this picture.
        class_names: all it can say.
        world: which pictures the network knows.
        hint: why this picture cannot be one of them, or None.
        seen: the picture as the network gets it, uint8 `[C, S, S]`.
    """

    entry: Entry
    top: list[tuple[str, float]]
    milliseconds: float
    runs: int
    parameters: int
    macs: int
    class_names: list[str]
    world: str
    hint: str | None
    seen: Tensor

    def as_data(self) -> dict[str, Any]:
        """The answer in plain values."""
        return {
            "network": self.entry.id,
            "name": self.entry.name,
            "top": [{"class": name, "probability": probability} for name, probability in self.top],
            "milliseconds": self.milliseconds,
            "parameters": self.parameters,
            "macs": self.macs,
            "world": self.world,
            "hint": self.hint,
        }


@dataclass(frozen=True)
class Refusal:
    """A network that could not be asked, and why."""

    entry: Entry
    sentence: str


@dataclass(frozen=True)
class LayerView:
    """One layer of one network for one picture.

    Args:
        picture: all its maps.
        caption: what they are.
        count: how many there are.
        one: the chosen map, enlarged; None for a fully connected layer.
        one_caption: its number and values.
    """

    picture: np.ndarray
    caption: str
    count: int
    one: np.ndarray | None
    one_caption: str


def picture(path: str, name: str) -> Tensor:
    """Read an uploaded picture; a JPEG file much larger than networks need is decoded at a fraction of its size.

    Raises:
        ImageError: a sentence that calls the file `name`.
    """
    try:
        return read_image(path, at_least=ENOUGH)
    except ImageError as error:
        raise ImageError(str(error).replace(path, name)) from error


def compare(shelf: Shelf, entries: list[Entry], image: Tensor) -> list[Answer | Refusal]:
    """Ask each network what is in a picture."""
    answers: list[Answer | Refusal] = []
    traits = Traits(image)
    for entry in entries:
        try:
            answers.append(answer(shelf.network(entry), image, traits))
        except ValueError as error:
            answers.append(Refusal(entry, str(error)))
    return answers


def answer(network: Network, image: Tensor, traits: Traits | None = None) -> Answer:
    """Ask one network what is in a picture, whose traits may be known."""
    seen = fit_image(image, network.preprocessing)
    label = torch.zeros(1, dtype=torch.long)  # `prepare` takes what a DataModule yields
    batch, _ = prepare((seen[None], label, label), network.preprocessing, train=False)
    fresh = not network.times  # later answers cost one pass, and the median is that of the latest
    prediction = features.predict(network.net, batch, runs=FIRST_RUNS if fresh else 1, warm_up=fresh)
    network.times.extend(prediction.times)
    parameters, macs = network.costs
    return Answer(
        entry=network.entry,
        top=features.top(prediction.probabilities[0], network.class_names),
        milliseconds=median(network.times),
        runs=len(network.times),
        parameters=parameters,
        macs=macs,
        class_names=network.class_names,
        world=world(network.entry.description),
        hint=(traits or Traits(image)).outside(network.entry.description),
        seen=seen,
    )


def look(network: Network, image: Tensor, layer: str, channel: int = 0, scale: Scale = "map") -> LayerView:
    """Draw the maps of one layer, and one of them enlarged.

    Raises:
        ValueError: the network has no such layer.
    """
    maps = _maps(network, image, layer)
    channel = min(max(channel, 0), len(maps) - 1)
    return LayerView(
        picture=features.grid(maps, scale, mark=channel if len(maps) > 1 else None),
        caption=_caption(layer, maps),
        count=len(maps),
        one=features.enlarge(maps[channel]) if maps.ndim == 3 and maps[channel].numel() > 1 else None,
        one_caption=_one_caption(layer, channel, maps[channel]),
    )


def channel_at(network: Network, layer: str, x: float, y: float) -> int | None:
    """Give the number of the map at a point of the composed picture."""
    return features.layout(network.layers[layer].shape).channel_at(x, y)


def is_digit_network(entry: Entry) -> bool:
    return entry.description["data"].get("class") in DIGITS


def drawn_digit(canvas: np.ndarray | None, data: str) -> Tensor | None:
    """Cut the strokes out of a drawing pad and centre them as the digits of a data set are.

    Args:
        canvas: uint8 `[H, W, 4]`, strokes on nothing; None for a pad that was cleared.
        data: `Digits`, whose digits fill their picture, or `MNIST`, with a margin.

    Returns:
        uint8 `[1, S, S]`, light on dark; None if nothing is drawn.
    """
    if canvas is None:
        return None
    ink = torch.from_numpy(255 - read_image(canvas).float().mean(0).numpy())
    rows, columns = (ink > 32).any(1).nonzero(), (ink > 32).any(0).nonzero()
    if len(rows) == 0:
        return None
    digit = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    side = round(max(digit.shape) / (MNIST_BOX if data == "MNIST" else 1))
    down, right = side - digit.shape[0], side - digit.shape[1]
    around = [right // 2, right - right // 2, down // 2, down - down // 2]
    return functional.pad(digit, around).round().to(torch.uint8)[None]


def _maps(network: Network, image: Tensor, layer: str) -> Tensor:
    if layer not in network.layers:
        some = ", ".join(list(network.layers)[:6])
        raise ValueError(f"{network.entry.name} has no layer '{layer}' to look at; it has {some} …")
    batch = to_batch([image], network.preprocessing)
    with features.capture(network.net, [layer]) as maps, torch.inference_mode():
        network.net(batch)
    return maps[layer][0]


def _caption(layer: str, maps: Tensor) -> str:
    dead = int(features.dead(maps).sum())
    size = f"{len(maps)} maps of {maps.shape[1]} × {maps.shape[2]}" if maps.ndim == 3 else f"{len(maps)} units"
    silent = (
        f"{dead} dead (zero everywhere)" if dead and maps.ndim == 3 else f"{dead} dead (zero)" if dead else "none dead"
    )
    return f"**{layer}** · {size} · {silent}"


def _one_caption(layer: str, channel: int, one: Tensor) -> str:
    low, high = (f"{value:.3g}".replace("-", "−") for value in (one.min().item(), one.max().item()))
    values = f"value {low}" if one.numel() == 1 else f"{low} (black) to {high} (white)"
    return f"{'Map' if one.ndim else 'Unit'} {channel} of {layer} · {values}"


def kernels(network: Network) -> np.ndarray:
    """Draw the kernels of a network's first convolution."""
    return features.kernels(network.net)
