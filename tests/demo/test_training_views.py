"""What the training of a chosen network saw stands beside the recipes that ship."""

import re
from pathlib import Path

import pytest
import torch
from conftest import EXAMPLES
from lit_cnns_demo.shelf import Shelf
from lit_cnns_demo.training_views import boxes_svg, offered, recipes, views_of

from lit_cnns import ImageFolder, LitCifarResNet
from lit_cnns.checkpoints import save_slim
from lit_cnns.data import read_image, seen_in_training


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Two networks: one of a folder, by a training of its own, and one that does not say what it saw."""
    for place, data in (("own", ImageFolder(image_size=24, resize=32, flip=False, seed=4)), ("silent", None)):
        torch.manual_seed(0)
        module = LitCifarResNet(20)
        if data:
            module.data_description = data.description
        save_slim(module, tmp_path / f"{place}.ckpt")
    shelf = Shelf([tmp_path])
    shelf.refresh()
    return shelf


def test_the_trainings_of_chosen_networks_are_offered_before_the_recipes_that_ship(shelf: Shelf) -> None:
    own, silent = (next(one.id for one in shelf.entries if one.place == place) for place in ("own", "silent"))
    shipped = [(name, name) for name in recipes()]
    first, *rest = offered(shelf, [silent, own])["choices"]
    assert first == (f"{shelf.labels[own]}: as it was trained", own)
    assert rest == shipped
    assert offered(shelf, [silent])["choices"] == offered(shelf, None)["choices"] == shipped
    assert offered(shelf, [silent], own)["choices"][0] == first  # which is on the page


def test_a_networks_own_training_is_shown_as_its_data_has_it(shelf: Shelf) -> None:
    own = next(one for one in shelf.entries if one.place == "own")
    image, coffee = (read_image(EXAMPLES / f"{name}.jpg") for name in ("chelsea", "coffee"))
    shown = views_of(image, own.id, 9, 3, shelf)
    there = seen_in_training(ImageFolder(image_size=24, resize=32, flip=False, seed=9), image, range(3), coffee)
    assert all(one.image.equal(other.image) for one, other in zip(shown, there, strict=True))
    with pytest.raises(ValueError, match=f"no recipe '{own.id}' here"):
        views_of(image, own.id, 9, 3)


@pytest.mark.parametrize(
    ("picture", "recipe"), [("digit_3.png", "lenet5_1998/mnist"), ("chelsea.jpg", "resnet20_cifar/cifar10")]
)
def test_every_box_lies_in_the_drawing_with_its_dot(picture: str, recipe: str) -> None:
    image = read_image(EXAMPLES / picture)
    views = views_of(image, recipe, 0, 24)
    drawing = boxes_svg(image, views)
    left, top, width, height = (float(number) for number in re.findall(r'viewBox="([^"]+)"', drawing)[0].split())
    dot = max(float(radius) for radius in re.findall(r' r="([^"]+)"', drawing))
    corners = [corner for view in views for corner in view.corners]
    assert min(y for _, y in corners) < 0  # some lie outside the picture
    assert all(left + dot <= x <= left + width - dot and top + dot <= y <= top + height - dot for x, y in corners)
