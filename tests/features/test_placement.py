"""A map lies over the picture where its windows lie: by finding out what each place sees."""

import numpy as np
import pytest
import torch
from torch import nn

from lit_cnns.features import ReceptiveField, overlay, places, receptive_fields, seen

NETS = {
    "strides and padding": nn.Sequential(nn.Conv2d(1, 1, 5, stride=2, padding=2), nn.Conv2d(1, 1, 3, padding=1)),
    "no padding": nn.Sequential(nn.Conv2d(1, 1, 5, stride=3), nn.MaxPool2d(2)),
    "even kernels": nn.Sequential(nn.AvgPool2d(2), nn.AvgPool2d(2, stride=1)),
}


def windows(net: nn.Module, side: int, row: int, column: int) -> tuple[int, int, int, int]:
    """The pixels that change a place of the map, by trying: the box around the gradient."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    smooth = nn.Sequential(*(nn.AvgPool2d(m.kernel_size) if isinstance(m, nn.MaxPool2d) else m for m in net))
    picture = torch.ones(1, 1, side, side, requires_grad=True)
    smooth(picture)[0, 0, row, column].backward()
    assert picture.grad is not None
    rows, columns = picture.grad[0, 0].nonzero().T
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_what_a_place_sees_is_what_changes_it(net: nn.Module) -> None:
    field = receptive_fields(net, (1, 17, 17))["1"]
    height, width = net(torch.zeros(1, 1, 17, 17)).shape[2:]
    for row in range(height):
        for column in (0, width - 1):
            assert seen(field, row, column, (17, 17)) == windows(net, 17, row, column)


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_a_pixel_belongs_to_the_place_whose_window_has_its_middle_nearest(net: nn.Module) -> None:
    field = receptive_fields(net, (1, 17, 17))["1"]
    cells = net(torch.zeros(1, 1, 17, 17)).shape[2]
    rows, columns = places(field, (cells, cells), (17, 17))
    assert rows.tolist() == columns.tolist()
    for pixel, place in enumerate(rows):
        middles = [field.offset[0] + i * field.stride[0] + field.size[0] / 2 for i in range(cells)]
        apart = [abs(pixel + 0.5 - middle) for middle in middles]
        if place < 0:
            assert min(apart) >= field.stride[0] / 2
        else:
            assert apart[place] == min(apart)


def test_the_picture_shows_through_and_the_largest_place_is_orange() -> None:
    picture = torch.full((3, 8, 8), 100, dtype=torch.uint8)
    one = torch.tensor([[0.0, 0.0], [0.0, 5.0]])
    drawn = overlay(picture, one, ReceptiveField((4, 4), (4, 4), (0, 0)), side=16, window=False)
    assert drawn.shape == (16, 16, 3)
    assert drawn[0, 0].tolist() == [55, 55, 55]
    assert drawn[15, 15].tolist() == pytest.approx([0.9 * c + 0.1 * 55 for c in (255, 140, 0)], abs=1)
    framed = overlay(picture, one, ReceptiveField((4, 4), (4, 4), (0, 0)), side=16)
    assert framed[8, 8:].tolist() == [[255] * 3] * 8
    assert np.array_equal(framed[:8], drawn[:8])
