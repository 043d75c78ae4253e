"""Occlusion equals captum's where squares do not overlap, and a slow loop where they do."""

import math

import pytest
import torch
from captum.attr import Occlusion as Captum
from torch import Tensor, nn

from lit_cnns.features import occlude
from lit_cnns.models import VGGSmall


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(8 * 8 * 6, 4)).eval()


PICTURE = torch.randn(1, 3, 20, 16, generator=torch.Generator().manual_seed(1))


def probability(net: nn.Module, picture: Tensor, target: int) -> float:
    with torch.no_grad():
        return float(net(picture).softmax(1)[0, target])


def test_squares_side_by_side_give_captums_map(net: nn.Module) -> None:
    *_, found = occlude(net, PICTURE, target=2, side=4, stride=4, grey=0.5)
    theirs = Captum(lambda x: net(x).softmax(1)).attribute(PICTURE, (3, 4, 4), (3, 4, 4), baselines=0.5, target=2)
    torch.testing.assert_close(found.fall, theirs[0, 0, ::4, ::4].float().detach(), rtol=1e-4, atol=1e-6)


def test_overlapping_squares_give_the_map_of_a_slow_loop(net: nn.Module) -> None:
    grey = torch.rand(1, 3, 20, 16)
    *_, found = occlude(net, PICTURE, target=1, side=7, stride=3, grey=grey, at_once=5)
    assert found.probabilities.shape == (7, 6)
    assert found.done == 1
    for row in range(7):
        for column in range(6):
            hidden = PICTURE.clone()
            for y in range(20):
                for x in range(16):  # the middle of cell 0 is pixel 1, and the square reaches 3 pixels from its middle
                    if abs(y - 1 - 3 * row) <= 3 and abs(x - 1 - 3 * column) <= 3:
                        hidden[..., y, x] = grey[..., y, x]
            assert found.probabilities[row, column] == pytest.approx(probability(net, hidden, 1), abs=1e-6)
            assert found.likeliest[row, column] == net(hidden).argmax()


def test_the_class_is_the_one_that_is_likeliest_with_nothing_hidden(net: nn.Module) -> None:
    *_, found = occlude(net, PICTURE)
    assert found.target == int(net(PICTURE).argmax())
    assert found.probability == pytest.approx(probability(net, PICTURE, found.target), abs=1e-6)
    assert (found.side, found.stride) == (4, 1)


def test_the_map_grows_and_who_stops_asking_stops_the_work(net: nn.Module) -> None:
    asked: list[int] = []
    net.register_forward_hook(lambda _module, inputs, _output: asked.append(len(inputs[0])))
    squares = occlude(net, PICTURE, stride=4, at_once=8)
    first = next(squares)
    assert first.done == pytest.approx(8 / 20)
    assert torch.isnan(first.fall[2:]).all()
    assert (first.likeliest[2:] == -1).all()
    second = next(squares)
    assert math.isnan(first.fall[2, 0])
    assert not math.isnan(second.fall[2, 0])
    squares.close()
    assert asked == [1, 8, 8]


def test_the_network_keeps_its_modes(net: nn.Module) -> None:
    list(occlude(net.train(), PICTURE, stride=8))
    assert all(module.training for module in net.modules())


@pytest.mark.parametrize("wrong", [{"side": -1}, {"side": 33}, {"stride": 40}])
def test_a_square_that_is_none_of_the_picture_is_refused_with_a_sentence(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 to 32 pixels, not"):
        next(occlude(VGGSmall(), torch.zeros(1, 3, 32, 32), **wrong))
