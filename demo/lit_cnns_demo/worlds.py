"""What pictures a network knows, and whether a picture can be one of them."""

from collections.abc import Mapping
from functools import cached_property, reduce
from typing import Any

import torch
from torch import Tensor

from lit_cnns.data import CIFAR10, CIFAR100, MNIST, Digits, FashionMNIST

DIGITS = {"Digits", "MNIST"}
PHOTOGRAPHS = {"CIFAR10", "CIFAR100", "ImageNet"}
SETS: dict[str, Any] = {
    "Digits": Digits,
    "MNIST": MNIST,
    "FashionMNIST": FashionMNIST,
    "CIFAR10": CIFAR10,
    "CIFAR100": CIFAR100,
}
SHOWN_CLASSES = 10
UNTRAINED = "This network has not learned anything yet: its weights are random, and so is its answer."
NO_DIGIT = "This network has seen only handwritten digits, and this looks like none. Its answer means nothing."

# Measured on whole test sets. Called no digit: 0.2 % of the scikit-learn digits, none of MNIST's 10,000; 90 % of 1,017
# test images of CIFAR-10, 79 % of them without colour. Called a drawing: 99.8 % and all of those digits, and of
# photographs 0.3 % (CIFAR-10), 1.4 % (500 of Imagenette).
COLOUR = 0.06  # mean difference of a pixel's largest and smallest channel, of 1; grey pictures have 0
TINTED_PAPER = 0.18  # the same for a drawing in coloured ink or on coloured paper
TWO_TONES = 0.75  # share of the variance that lies between ink and ground (Otsu 1979)
CLEAR_TONES = 0.82
INK = (0.005, 0.5)  # share of the picture
INK_AT_BORDER = 0.35
GROUND = 0.3  # share of the picture that is the ground's own tone


def data_name(description: Mapping[str, Any]) -> str:
    """Name the data a network was trained on in one word or two; a folder of CIFAR-10's classes is called so."""
    if description["data"].get("untrained"):
        return "not trained"
    name = str(description["data"].get("class") or "unknown data")
    return (_published(description) or "own folder") if name == "ImageFolder" else name


def trained_on(description: Mapping[str, Any]) -> str:
    """Say what a network was trained on: in its checkpoint's own words if it has some."""
    if note := description["data"].get("note"):
        return str(note)
    name = data_name(description)
    if description["data"].get("class") != "ImageFolder":
        return name
    return f"{name} classes, from a folder" if _published(description) else "a folder of pictures"


def world(description: Mapping[str, Any]) -> str:
    """Say in one sentence which pictures a network knows."""
    names = [str(name) for name in description["class_names"]]
    if known := _published(description):
        return f"Knows {SETS[known].world}. Anything else is named as one of these."
    if not names:
        return "Its checkpoint does not say what its classes are."
    if len(names) <= SHOWN_CLASSES:
        return f"Knows only {', '.join(names)}. Anything else is named as one of these."
    shown = ", ".join(names[:5])
    return f"Knows {len(names):,} classes ({shown} …). Anything else is named as one of these."


def outside(image: Tensor, description: Mapping[str, Any]) -> str | None:
    """Say why a picture cannot be in a network's world, or give None where it may be.

    Args:
        image: uint8 `[C, H, W]`, C 1 or 3.
        description: a checkpoint's own.
    """
    return Traits(image).outside(description)


class Traits:
    """What of a picture tells in whose world it can be; measured once for all networks that ask.

    Args:
        image: uint8 `[C, H, W]`, C 1 or 3.
    """

    def __init__(self, image: Tensor) -> None:
        self.small = image[:, :: max(1, image.shape[1] // 256), :: max(1, image.shape[2] // 256)]

    def outside(self, description: Mapping[str, Any]) -> str | None:
        """See the function of this name."""
        if description["data"].get("untrained"):
            return UNTRAINED
        data = _published(description) or description["data"].get("class")
        if self.span < 3:
            return "The picture is one tone all over: there is nothing to name."
        if data in DIGITS:
            return None if self.is_drawn else NO_DIGIT
        if description["preprocessing"].get("ink") == "light" and self.colour > COLOUR / 2:
            seen = trained_on(description)
            return f"This network has seen only grey pictures ({seen}), and this has colour. Its answer means nothing."
        if data in PHOTOGRAPHS and self.colour < 0.01 and self.is_drawn and self.is_flat:
            return "This looks like a drawing, and this network has seen only photographs. Its answer means nothing."
        return None

    @cached_property
    def span(self) -> int:
        return _span(self.small)

    @cached_property
    def colour(self) -> float:
        return _colour(self.small)

    @cached_property
    def is_drawn(self) -> bool:
        return self.colour <= TINTED_PAPER and _is_drawn(self.small, self.colour)

    @cached_property
    def is_flat(self) -> bool:
        return _is_flat(self.small)


def light_on_dark(image: Tensor) -> Tensor:
    """A picture's tones, float `[H, W]` from 0 to 1, turned where most of its border is light."""
    grey = image.float().mean(0) / 255
    return 1 - grey if _border(grey).median() > 0.5 else grey


def _published(description: Mapping[str, Any]) -> str | None:
    """Name the published set that a network was trained on: by the data's class, or by its class names."""
    name = description["data"].get("class")
    if name in SETS:
        return str(name)
    names = {str(name).lower() for name in description["class_names"]}
    return next((title for title in ("CIFAR10", "CIFAR100") if names == set(SETS[title].class_names)), None)


def _span(image: Tensor) -> int:
    return max(int(channel.max() - channel.min()) for channel in image)  # amax would take twice as long


def _colour(image: Tensor) -> float:
    if len(image) == 1:
        return 0.0
    high, low = reduce(torch.maximum, image), reduce(torch.minimum, image)  # amax would take five times as long
    return float((high - low).float().mean() / 255)


def _border(grey: Tensor) -> Tensor:
    return torch.cat([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _is_flat(image: Tensor) -> bool:
    grey = light_on_dark(image)
    return bool((grey < grey.min() + 0.05).float().mean() > GROUND)


def _is_drawn(image: Tensor, colour: float) -> bool:
    """Whether a picture has two tones, one of them a ground that most of the border shows."""
    grey = light_on_dark(image)
    threshold, clarity = _otsu(grey)
    if colour > COLOUR and clarity <= CLEAR_TONES:
        return False
    ink = float((grey > threshold).float().mean())
    at_border = float((_border(grey) > threshold).float().mean())
    return clarity > TWO_TONES and INK[0] < ink < INK[1] and at_border < INK_AT_BORDER


def _otsu(grey: Tensor) -> tuple[float, float]:
    """Give the threshold that parts the tones best, and the share of the variance between the two parts."""
    levels = (torch.arange(64) + 0.5) / 64
    share = torch.histc(grey, 64, 0, 1) / grey.numel()
    below, mean_below = share.cumsum(0), (share * levels).cumsum(0)
    mean = mean_below[-1]
    between = (mean * below - mean_below) ** 2 / (below * (1 - below)).clamp(min=1e-6)
    variance = (share * (levels - mean) ** 2).sum().clamp(min=1e-9)
    best = int(between.argmax())
    return float(levels[best]), float(between[best] / variance)
