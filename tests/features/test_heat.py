"""Heat maps are drawn from dark to bright in steps that are even to the eye."""

import numpy as np
import pytest
import torch

from lit_cnns.features import legend, paint


def lightness(colours: np.ndarray) -> np.ndarray:
    """L* of CIELAB, of colours 0 to 255."""
    linear = np.where(colours / 255 <= 0.04045, colours / 255 / 12.92, ((colours / 255 + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(luminance) - 16


def test_equal_steps_of_value_are_equal_steps_of_lightness() -> None:
    steps = np.diff(lightness(paint(torch.linspace(0, 1, 11)[None], 0, 1)[0].astype(float)))
    assert (steps > 0).all()
    assert steps[1:].max() / steps[1:].min() < 1.4


def test_bounds_have_the_legends_first_and_last_colour_and_what_is_beyond_is_held_there() -> None:
    picture = paint(torch.tensor([[-9.0, 2.0, 4.0, 99.0]]), 2, 4)[0]
    first, last = (tuple(bytes.fromhex(colour[1:])) for colour in (legend()[0], legend()[-1]))
    assert [tuple(colour) for colour in picture.tolist()] == [first, first, last, last]


def test_a_map_is_enlarged_smoothly_and_what_is_not_known_yet_is_dark() -> None:
    assert paint(torch.rand(3, 5), 0, 1, (30, 50)).shape == (30, 50, 3)
    half = paint(torch.tensor([[1.0, torch.nan]]), 0, 1, (4, 8))
    assert lightness(half[:, :4].astype(float)).min() > 90
    assert lightness(half[:, 4:].astype(float)).max() < 5


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_map_that_is_one_value_is_drawn(value: float) -> None:
    assert paint(torch.full((2, 2), value), value, value).shape == (2, 2, 3)
