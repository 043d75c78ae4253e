"""Maps are measured and put in order as a reader would with pencil and paper."""

import pytest
import torch

from lit_cnns.features import dead, ranking, statistics


def test_mean_share_and_largest_are_those_of_each_map() -> None:
    maps = torch.tensor([[[0.0, 1.0], [0.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]], [[-2.0, -1.0], [-4.0, -1.0]]])
    found = statistics(maps)
    assert found.mean.tolist() == [1, 0, -2]
    assert found.active.tolist() == [0.5, 0, 1]
    assert found.largest.tolist() == [3, 0, -1]
    assert (found.active == 0).tolist() == dead(maps).tolist()


def test_the_strongest_map_comes_first_and_equals_stay_in_order() -> None:
    maps = torch.tensor([1.0, 3.0, 2.0, 3.0, torch.nan])
    assert ranking(maps, "mean") == [1, 3, 2, 0, 4]
    assert ranking(maps, "network") == [0, 1, 2, 3, 4]


def test_orders_differ_where_the_statistics_do() -> None:
    maps = torch.tensor([[[9.0, 0.0, 0.0]], [[4.0, 4.0, 4.0]], [[5.0, 2.0, 0.0]]])
    assert ranking(maps, "largest") == [0, 2, 1]
    assert ranking(maps, "mean") == [1, 0, 2]
    assert ranking(maps, "active") == [1, 2, 0]


def test_an_unknown_order_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="by network, mean, active, largest, not by 'size'"):
        ranking(torch.ones(3), "size")  # type: ignore[arg-type]
