"""All maps of a layer fit in one picture, and a point of it leads back to its map."""

import numpy as np
import pytest
import torch

from lit_cnns.features import dead, enlarge, grid, layout

SHAPES = [
    (1, 28, 28),
    (6, 28, 28),
    (16, 5, 5),
    (96, 55, 55),
    (120, 1, 1),
    (84,),
    (10,),
    (4096,),
    (512, 7, 7),
    (64, 224, 224),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_picture_has_the_size_of_its_layout_and_shows_every_map(shape: tuple[int, ...]) -> None:
    plan = layout(shape)
    assert plan.rows * plan.columns >= shape[0] > (plan.rows - 1) * plan.columns
    assert grid(torch.randn(shape)).shape == plan.size
    assert plan.size[1] <= 2000


@pytest.mark.parametrize("shape", SHAPES)
def test_a_point_of_a_map_leads_back_to_its_channel(shape: tuple[int, ...]) -> None:
    plan = layout(shape)
    for channel in {0, shape[0] // 2, shape[0] - 1}:
        top, left = plan.corner(channel)
        for x, y in [(left, top), (left + plan.width - 1, top + plan.height - 1)]:
            assert plan.channel_at(x, y) == channel


def test_outside_the_maps_there_is_no_channel() -> None:
    plan = layout((5, 8, 8))
    height, width = plan.size
    assert plan.channel_at(-1, 0) is None
    assert plan.channel_at(0, height) is None
    assert plan.channel_at(width, 0) is None
    empty = layout((7, 8, 8))
    if empty.rows * empty.columns > 7:
        assert empty.channel_at(empty.size[1] - 3, empty.size[0] - 3) is None


def test_each_map_or_the_whole_layer_spans_black_to_white() -> None:
    maps = torch.stack([torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 10.0]])])
    plan = layout((2, 1, 2))

    def tones(picture: np.ndarray, channel: int) -> list[int]:
        top, left = plan.corner(channel)
        return picture[top, left : left + plan.width : plan.zoom].tolist()

    assert tones(grid(maps, "map"), 0) == tones(grid(maps, "map"), 1) == [0, 255]
    assert tones(grid(maps, "layer"), 0) == [0, 26]


def test_points_share_one_scale() -> None:
    picture = grid(torch.tensor([0.0, 1.0, 2.0]))
    plan = layout((3,))
    assert [int(picture[plan.corner(c)]) for c in range(3)] == [0, 128, 255]


def test_small_maps_are_enlarged_by_whole_factors_without_smoothing() -> None:
    one = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert np.array_equal(enlarge(one, 8), np.kron([[0, 255], [255, 0]], np.ones((4, 4))).astype(np.uint8))
    assert enlarge(torch.randn(600, 300), 448).shape == (600, 300)


def test_constant_and_broken_values_are_drawn_without_failing() -> None:
    maps = torch.stack([torch.full((3, 3), 2.0), torch.full((3, 3), torch.nan)])
    assert set(np.unique(grid(maps))) == {0, 128}


def test_dead_maps_are_those_that_are_zero_everywhere() -> None:
    maps = torch.zeros(3, 2, 2)
    maps[1, 0, 0] = 1
    assert dead(maps).tolist() == [True, False, True]
    assert dead(torch.tensor([0.0, 2.0])).tolist() == [True, False]


def test_a_marked_map_is_framed_and_itself_unchanged() -> None:
    maps = torch.randn(6, 4, 4)
    plain, marked, plan = grid(maps), grid(maps, mark=4), layout((6, 4, 4))
    top, left = plan.corner(4)
    inside = np.s_[top : top + plan.height, left : left + plan.width]
    assert marked.shape == (*plain.shape, 3)
    assert np.array_equal(marked[inside][..., 0], plain[inside])
    assert marked[top - 1, left].tolist() == [255, 140, 0]


def test_maps_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[C, H, W\] or \[C\], not \[2, 3\]"):
        layout((2, 3))
