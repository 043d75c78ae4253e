"""What is shown of a picture's augmentation is what training sees, and the boxes are where it comes from."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lit_cnns import recipes
from lit_cnns.data import CIFAR10, Digits, ImageFolder, ImageNet, data_described, data_of, seen_in_training

HEIGHT, WIDTH = 240, 360


def ramps(height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    """A picture whose red says how far right a pixel lies, and whose green how far down."""
    across = (torch.arange(width) + 0.5) / width
    down = (torch.arange(height) + 0.5) / height
    red, green = across.expand(height, width), down[:, None].expand(height, width)
    return (255 * torch.stack([red, green, torch.full((height, width), 0.5)])).round().to(torch.uint8)


def place_shown(image: Tensor, x: int, y: int) -> tuple[float, float]:
    """Which place of the ramps a pixel shows."""
    return float(image[0, y, x]) / 255 * WIDTH, float(image[1, y, x]) / 255 * HEIGHT


def place_told(corners: Any, across: float, down: float) -> tuple[float, float]:
    """Which place lies between the corners at a share of the way."""
    (ax, ay), (bx, by), _, (dx, dy) = corners
    return ax + across * (bx - ax) + down * (dx - ax), ay + across * (by - ay) + down * (dy - ay)


@pytest.mark.parametrize(
    "data",
    [
        ImageNet(train_crop="random_resized"),
        ImageNet(train_crop="shorter_side", train_resize=[256, 320]),
        ImageNet(train_crop="central_square", train_resize=256, flip=False),
        ImageNet(train_crop="central_square", train_resize=256, corner_crops=True),
        ImageFolder(image_size=32, crop_padding=4),
        CIFAR10(flip=True, crop_padding=4),
        CIFAR10(flip=True, image_size=24),
        ImageNet(train_crop="random_resized", rotate_degrees=20, translate=0.1),
    ],
    ids=["patch", "scale", "square", "corners", "small", "cifar", "cut", "turned"],
)
def test_the_corners_are_where_the_pixels_come_from(data: Any) -> None:
    checked = 0
    for seen in seen_in_training(data, ramps(), range(6)):
        side = seen.image.shape[-1]
        for across, down in ((0.3, 0.4), (0.5, 0.5), (0.7, 0.35)):
            x, y = int(across * side), int(down * side)
            told = place_told(seen.corners, (x + 0.5) / side, (y + 0.5) / side)
            if all(0.03 * length < at < 0.97 * length for at, length in zip(told, (WIDTH, HEIGHT), strict=True)):
                assert place_shown(seen.image, x, y) == pytest.approx(told, abs=3)
                checked += 1
    assert checked > 10


def test_a_cut_that_is_smaller_than_the_set_s_pictures_moves_from_epoch_to_epoch() -> None:
    seen = seen_in_training(CIFAR10(image_size=24), ramps(), range(8))
    assert {one.image.shape for one in seen} == {(3, 24, 24)}
    assert len({one.corners for one in seen}) > 4


def test_the_same_seed_and_epoch_show_the_same_and_others_do_not() -> None:
    data, other = ImageNet(color_pca=0.1), ImageNet(color_pca=0.1, seed=1)
    one, again, elsewhere = (seen_in_training(d, ramps(), [0, 1]) for d in (data, data, other))
    assert all(a.image.equal(b.image) and a.colour == b.colour for a, b in zip(one, again, strict=True))
    assert not one[0].image.equal(one[1].image)
    assert not one[0].image.equal(elsewhere[0].image)


def test_a_run_sees_its_first_picture_as_it_is_shown() -> None:
    data = Digits(translate=0.1, rotate_degrees=10)
    data.setup("fit")
    number = torch.tensor([0])
    picture = data.sets["train"].__getitems__((0, number))[0][0]  # type: ignore[index]
    images, _ = data.prepare_batch((picture[None], torch.tensor([1]), number), train=True, epoch=7)
    shown = seen_in_training(data, picture, [7])[0].image
    ours = (255 * (images[0] * data.std[0] + data.mean[0])).round().clamp(0, 255).to(torch.uint8)
    assert shown.equal(ours)


def test_mixup_shows_the_share_of_the_picture() -> None:
    white, black = torch.full((3, 40, 40), 255, dtype=torch.uint8), torch.zeros(3, 40, 40, dtype=torch.uint8)
    for seen in seen_in_training(ImageFolder(image_size=32, mixup=1.0), white, range(4), partner=black):
        assert float(seen.image.float().mean()) / 255 == pytest.approx(seen.share, abs=0.01)
        assert 0 < seen.share < 1


def test_colour_noise_is_told_as_it_is_added() -> None:
    grey = torch.full((3, 256, 256), 128, dtype=torch.uint8)
    for seen in seen_in_training(ImageNet(color_pca=0.1), grey, range(3)):
        added = (seen.image.float().mean((1, 2)) - 128) / 255
        assert added.tolist() == pytest.approx(seen.colour, abs=0.003)


@pytest.mark.parametrize("name", [name for name in recipes.config_names() if not name.startswith("trainer/")])
def test_every_recipe_that_ships_can_be_shown(name: str) -> None:
    data = data_of(recipes.read_config(recipes.find_config(name)), seed=3)
    seen = seen_in_training(data, ramps(60, 90), [0])[0]
    assert seen.image.shape == (data.in_channels, data.image_size, data.image_size)


def test_a_recipe_without_data_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="one with no data"):
        data_of({"trainer": {}})
    with pytest.raises(ValueError, match="not one with System"):
        data_of({"data": {"class_path": "os.System"}})


def test_the_data_that_a_checkpoint_describes_shows_what_its_training_saw() -> None:
    own = ImageFolder(image_size=24, resize=32, train_crop="shorter_side", flip=False, seed=4, root="there")
    data = data_described({"data": own.description})
    assert data.description == own.description
    assert data_described({"data": own.description}, seed=9).seed == 9
    seen, same = (seen_in_training(one, ramps(60, 90), range(3)) for one in (data, own))
    assert all(a.image.equal(b.image) and a.corners == b.corners for a, b in zip(seen, same, strict=True))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "one with no data"),
        ({"class": "System"}, "not one with System"),
        ({"class": "ImageFolder", "args": {"image_size": 10**6}}, "at most 2048 pixels"),
        ({"class": "ImageFolder", "args": {"train_resize": [256, 10**9]}}, "at most 2048 pixels"),
        ({"class": "ImageFolder", "args": {"image_size": "large"}}, "cannot be built"),
        ({"class": "ImageFolder", "args": {"scale": []}}, "cannot be built"),
        ({"class": "ImageFolder", "args": ["flip"]}, "cannot be built"),
        ({"class": "CIFAR10", "args": {"unknown": 1}}, "cannot be built"),
    ],
    ids=str,
)
def test_a_checkpoint_that_describes_no_sensible_data_is_refused(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        data_described({"data": data})
