"""What the lab computes: a picture and networks go in, numbers and pictures come out. The page is unknown here."""

from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from lit_cnns import features
from lit_cnns.data import ImageError, fit_image, prepare, read_image

from .network import Entry, Network
from .shelf import Shelf
from .worlds import DIGITS, Traits, light_on_dark

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

    def as_data(self) -> dict[str, Any]:
        """The refusal in plain values."""
        return {"network": self.entry.id, "refused": self.sentence}


class Shown:
    """A picture that networks are asked about. What several of them have in common is worked out once.

    Args:
        image: uint8 `[C, H, W]`.
    """

    def __init__(self, image: Tensor) -> None:
        self.traits = Traits(image)
        self._image = image
        self._fitted: dict[str, Tensor] = {}

    def fitted(self, preprocessing: dict[str, Any]) -> Tensor:
        """The picture in a network's channels and size; mean and deviation come later."""
        key = repr(sorted((name, value) for name, value in preprocessing.items() if name not in ("mean", "std")))
        if key not in self._fitted:
            self._fitted[key] = fit_image(self._image, preprocessing)
        return self._fitted[key]


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
    shown = Shown(image)
    for entry in entries:
        try:
            answers.append(answer(shelf.network(entry), shown))
        except ValueError as error:
            answers.append(Refusal(entry, str(error)))
    return answers


def answer(network: Network, shown: Shown) -> Answer:
    """Ask one network what is in a picture."""
    seen = shown.fitted(network.preprocessing)
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
        world=network.world,
        hint=shown.traits.outside(network.entry.description),
        seen=seen,
    )


def is_digit_network(entry: Entry) -> bool:
    return str(entry.description["data"].get("class")) in DIGITS  # a file that is not ours may say anything there


def digit_networks(shelf: Shelf, entries: list[Entry]) -> list[Entry]:
    """Those of some networks that were trained on digits.

    Raises:
        ValueError: none was; the sentence names one that was.
    """
    if found := [entry for entry in entries if is_digit_network(entry)]:
        return found
    known = next((entry.name for entry in shelf.entries if is_digit_network(entry)), None)
    if known:
        raise ValueError(f"None of the chosen networks was trained on digits. Choose one, such as {known}.")
    command = "lit-cnns fit --config lenet5_modern/digits"
    raise ValueError(f"None of the chosen networks was trained on digits. Choose one, for instance: {command}.")


def name_digit(shelf: Shelf, entries: list[Entry], drawing: Tensor) -> list[Answer | Refusal]:
    """Ask digit networks what is drawn, each shown the digit as its own data has it.

    Args:
        shelf: loads them.
        entries: as `digit_networks` gives them.
        drawing: uint8 `[C, H, W]`, strokes on a plain ground, either of them the darker.

    Returns:
        An answer each; none if nothing is drawn.
    """
    digits = [(entry, drawn_digit(drawing, entry.description["data"]["class"])) for entry in entries]
    return [compare(shelf, [entry], digit)[0] for entry, digit in digits if digit is not None]


def drawn_digit(drawing: Tensor, data: str) -> Tensor | None:
    """Cut the strokes out of a drawing and centre them as the digits of a data set are.

    Args:
        drawing: uint8 `[C, H, W]`, strokes on a plain ground, either of them the darker.
        data: `Digits`, whose digits fill their picture, or `MNIST`, with a margin.

    Returns:
        uint8 `[1, S, S]`, light on dark; None if nothing is drawn.
    """
    ink = 255 * light_on_dark(drawing)
    rows, columns = (ink > 32).any(1).nonzero(), (ink > 32).any(0).nonzero()
    if len(rows) == 0:
        return None
    digit = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    side = round(max(digit.shape) / (MNIST_BOX if data == "MNIST" else 1))
    down, right = side - digit.shape[0], side - digit.shape[1]
    around = [right // 2, right - right // 2, down // 2, down - down // 2]
    return functional.pad(digit, around).round().to(torch.uint8)[None]
