"""A picture that cannot be in a network's world gets a hint, and one that can gets none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import EXAMPLES
from lit_cnns_demo.worlds import data_name, outside, trained_on, world
from sklearn.datasets import load_digits
from torch import Tensor

from lit_cnns import CIFAR10
from lit_cnns.data import read_image

PHOTOGRAPHS = sorted(EXAMPLES.glob("*.jpg"))
SAMPLES = [
    torch.from_numpy((pixels * 255 / 16).round().astype(np.uint8))[None].repeat_interleave(4, 1).repeat_interleave(4, 2)
    for pixels in load_digits().images
]


def trained(data: str, ink: str | None = None, names: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"data": {"class": data}, "class_names": [*names], "preprocessing": {"ink": ink}}


DIGITS, CLOTHES, CIFAR = trained("Digits", "light"), trained("FashionMNIST", "light"), trained("CIFAR10")


def on_paper(digit: Tensor) -> Tensor:
    """Dark blue ink on slightly yellow paper."""
    ink, paper = torch.tensor([30.0, 40.0, 120.0]), torch.tensor([250.0, 245.0, 225.0])
    share = digit.float() / 255
    return (ink[:, None, None] * share + paper[:, None, None] * (1 - share)).to(torch.uint8)


def test_hardly_a_real_digit_is_called_none() -> None:
    assert sum(outside(digit, DIGITS) is not None for digit in SAMPLES) < 0.005 * len(SAMPLES)


def test_dark_ink_on_paper_is_a_digit_too() -> None:
    assert outside(on_paper(SAMPLES[0]), DIGITS) is None
    assert outside(255 - SAMPLES[0], DIGITS) is None


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: path.stem)
def test_a_photograph_is_no_digit_and_no_piece_of_clothing_but_may_be_in_cifar(path: Path) -> None:
    image = read_image(path)
    assert "only handwritten digits" in (outside(image, DIGITS) or "")
    assert "only grey pictures (FashionMNIST)" in (outside(image, CLOTHES) or "")
    assert outside(image, CIFAR) is None


def test_a_photograph_without_colour_is_no_digit_either() -> None:
    grey = read_image(EXAMPLES / "chelsea.jpg").float().mean(0, keepdim=True).to(torch.uint8)
    assert outside(grey, DIGITS)
    assert outside(grey, CIFAR) is None


def test_a_digit_is_no_photograph() -> None:
    for path in EXAMPLES.glob("digit_*.png"):
        assert "looks like a drawing" in (outside(read_image(path), CIFAR) or "")
        assert outside(read_image(path), DIGITS) is None


def test_a_folder_of_unknown_pictures_may_hold_anything() -> None:
    anything = trained("ImageFolder", names=("circle", "square"))
    assert outside(read_image(EXAMPLES / "digit_3.png"), anything) is None
    assert outside(read_image(EXAMPLES / "coffee.jpg"), anything) is None


def test_one_tone_is_in_no_world() -> None:
    for description in (DIGITS, CLOTHES, CIFAR):
        for colour in ((200, 200, 200), (200, 3, 3)):
            plain = torch.tensor(colour, dtype=torch.uint8)[:, None, None].expand(3, 9, 9)
            assert "one tone" in (outside(plain, description) or "")


def test_a_network_says_what_it_knows() -> None:
    cifar_folder = trained("ImageFolder", names=tuple(CIFAR10.class_names))
    assert "handwritten digits 0 to 9" in world(DIGITS)
    assert world(cifar_folder) == world(CIFAR)
    assert world(trained("ImageFolder", names=("cat", "dog"))) == (
        "Knows only cat, dog. Anything else is named as one of these."
    )
    assert "Knows 1,000 classes (n0, n1" in world(trained("ImageNet", names=tuple(f"n{i}" for i in range(1000))))
    assert "does not say" in world(trained("Other"))


def test_a_folder_is_called_by_what_is_in_it() -> None:
    folder = trained("ImageFolder", names=CIFAR10.class_names)
    assert data_name(folder) == "CIFAR10"
    assert trained_on(folder) == "CIFAR10 classes, from a folder"
    assert trained_on({**folder, "data": {**folder["data"], "note": "CIFAR-10, a copy"}}) == "CIFAR-10, a copy"
    assert data_name(trained("ImageFolder", names=("ant", "bee"))) == "own folder"
