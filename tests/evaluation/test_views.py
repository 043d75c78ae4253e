"""What is averaged over views equals a slow and obvious reference."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lit_cnns.evaluation import Views, fully_convolutional, mean_probabilities, protocol

SIDE, RESIZE = 16, 20


def finish(images):
    return images.float() / 255 - 0.4


@pytest.fixture
def net():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(64, 5)]
    return nn.Sequential(*layers).eval()


@pytest.fixture
def pictures():
    """Four pictures, one upright, two of one size, each at its own shorter side of 20."""
    torch.manual_seed(1)
    return [torch.randint(0, 256, (3, *size), dtype=torch.uint8) for size in [(20, 27), (31, 20), (20, 27), (20, 20)]]


def scaled(picture, side):
    height, width = picture.shape[1:]
    short = min(height, width)
    size = (side * height // short, side * width // short)
    return F.interpolate(picture[None], size, mode="bilinear", antialias=True)[0] if short != side else picture


def one(net, view):
    """What the network makes of one view, (K,)."""
    with torch.no_grad():
        return torch.softmax(net(finish(view[None])).double(), 1)[0]


def seen(net, pictures, chosen, at_once=128):
    batch = [[scaled(picture, side) for side in chosen.sides] for picture in pictures]
    with torch.no_grad():
        return mean_probabilities(net, Views(batch, chosen, SIDE, finish, at_once))


def five_crops(square):
    n, far = SIDE, square.shape[1] - SIDE
    mid = far // 2
    return [
        square[:, :n, :n],
        square[:, :n, far:],
        square[:, far:, :n],
        square[:, far:, far:],
        square[:, mid : mid + n, mid : mid + n],
    ]


def middle_square(picture):
    _, height, width = picture.shape
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    return picture[:, top : top + short, left : left + short]


def with_mirrors(views):
    return [*views, *(view.flip(2) for view in views)]


@pytest.mark.parametrize("at_once", [1, 3, 128])
def test_ten_crop_is_the_mean_softmax_of_ten_views_taken_one_by_one(net, pictures, at_once):
    found = seen(net, pictures, protocol("ten_crop", SIDE, RESIZE), at_once)
    for row, picture in zip(found, pictures, strict=True):
        views = with_mirrors(five_crops(middle_square(picture)))
        assert len(views) == 10
        torch.testing.assert_close(row, torch.stack([one(net, view) for view in views]).mean(0))


def test_144_crops_are_the_mean_softmax_of_144_views_taken_one_by_one(net, pictures):
    chosen = protocol("crops_144", SIDE, RESIZE, [20, 22, 25, 28])
    found = seen(net, pictures, chosen, at_once=50)
    for row, picture in zip(found, pictures, strict=True):
        views = []
        for side in (20, 22, 25, 28):
            whole = scaled(picture, side)
            _, height, width = whole.shape
            starts = [(0, 0), ((height - side) // 2, (width - side) // 2), (height - side, width - side)]
            for top, left in starts:
                square = whole[:, top : top + side, left : left + side]
                small = F.interpolate(square[None].float(), (SIDE, SIDE), mode="bilinear", antialias=True)[0]
                views += with_mirrors([*five_crops(square), small.round()])
        assert len(views) == 144
        torch.testing.assert_close(row, torch.stack([one(net, view) for view in views]).mean(0))


@pytest.mark.parametrize(("name", "scales"), [("dense", [20]), ("multi_scale", [16, 20, 24])])
def test_dense_and_multi_scale_average_logits_over_places_and_softmax_over_mirrors_and_scales(
    net, pictures, name, scales
):
    """By hand: the last layer laid on every 4 x 4 window of the pooled map, one after another."""
    sliding = fully_convolutional(net, torch.zeros(1, 3, SIDE, SIDE))
    found = seen(lambda x: sliding(x).mean((2, 3)), pictures, protocol(name, SIDE, RESIZE, scales))
    for row, picture in zip(found, pictures, strict=True):
        shown = []
        for side in scales:
            for view in with_mirrors([scaled(picture, side)]):
                pooled = net[:3](finish(view[None]))
                places = [
                    net[3:](pooled[:, :, i : i + 4, j : j + 4])
                    for i in range(pooled.shape[2] - 3)
                    for j in range(pooled.shape[3] - 3)
                ]
                shown.append(torch.softmax(torch.stack(places).double().mean(0), 1)[0])
        torch.testing.assert_close(row, torch.stack(shown).mean(0), rtol=1e-5, atol=1e-7)


def test_the_probabilities_of_a_picture_add_up_to_one_and_do_not_depend_on_its_batch(net, pictures):
    chosen = protocol("ten_crop", SIDE, RESIZE)
    together = seen(net, pictures, chosen)
    apart = torch.cat([seen(net, [picture], chosen) for picture in pictures])
    torch.testing.assert_close(together, apart)
    torch.testing.assert_close(together.sum(1), torch.ones(4, dtype=torch.float64))
