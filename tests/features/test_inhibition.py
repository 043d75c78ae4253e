"""A map in response normalisation, taken apart: sums are those of Section 3.3 written out as loops."""

import pytest
import torch
from torch import nn

from lit_cnns.features import inhibition, is_response_norm
from lit_cnns.models import LocalResponseNorm

NORMS = {
    "torch": nn.LocalResponseNorm(5, alpha=0.3, beta=0.6, k=1.5),
    "torch, even": nn.LocalResponseNorm(4, alpha=0.3),
    "ours": LocalResponseNorm(5, alpha=0.3),
    "two towers": LocalResponseNorm(5, alpha=0.3, towers=2),
    "wider than the layer": LocalResponseNorm(31, alpha=0.3),
}


@pytest.fixture
def maps() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(12, 3, 4, dtype=torch.double) * 3


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_what_comes_out_is_what_the_layer_puts_out(norm: nn.Module, maps: torch.Tensor) -> None:
    whole = norm(maps[None])[0]
    for channel in range(12):
        found = inhibition(norm, maps, channel)
        assert torch.equal(found.before, maps[channel])
        torch.testing.assert_close(found.after, whole[channel])


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_a_silent_neighbour_is_the_layer_with_that_map_at_zero(norm: nn.Module, maps: torch.Tensor) -> None:
    found = inhibition(norm, maps, 5)
    for place, neighbour in enumerate(found.neighbours):
        silenced = maps.clone()
        silenced[neighbour] = 0
        if neighbour != 5:
            torch.testing.assert_close(found.without[place], norm(silenced[None])[0, 5])
    lonely = torch.zeros_like(maps)
    lonely[5] = maps[5]
    torch.testing.assert_close(found.alone, norm(lonely[None])[0, 5])
    torch.testing.assert_close(found.taken, found.alone - norm(maps[None])[0, 5])


def test_each_neighbour_adds_its_square_by_the_papers_formula(maps: torch.Tensor) -> None:
    found = inhibition(NORMS["ours"], maps, 1)
    assert found.neighbours == [0, 1, 2, 3]
    for place, neighbour in enumerate(found.neighbours):
        for row in range(3):
            for column in range(4):
                value = maps[neighbour, row, column].item()
                assert found.summands[place, row, column].item() == pytest.approx(0.3 / 5 * value**2, rel=1e-5)


def test_a_map_at_the_towers_edge_has_no_neighbours_in_the_other(maps: torch.Tensor) -> None:
    assert inhibition(NORMS["two towers"], maps, 5).neighbours == [3, 4, 5]
    assert inhibition(NORMS["two towers"], maps, 6).neighbours == [6, 7, 8]
    assert inhibition(NORMS["ours"], maps, 5).neighbours == [3, 4, 5, 6, 7]


def test_means_are_over_the_places_where_the_map_is_active(maps: torch.Tensor) -> None:
    maps[4] = 0
    assert inhibition(NORMS["ours"], maps, 4).over_active(torch.ones(3, 4)) == 0
    maps[4, 1, 2] = 2
    found = inhibition(NORMS["ours"], maps, 4)
    torch.testing.assert_close(found.over_active(found.summands), found.summands[:, 1, 2])


def test_only_response_normalisation_is_taken_apart(maps: torch.Tensor) -> None:
    assert all(map(is_response_norm, NORMS.values()))
    assert not is_response_norm(nn.BatchNorm2d(12))
    with pytest.raises(ValueError, match="BatchNorm2d is none"):
        inhibition(nn.BatchNorm2d(12), maps, 0)
    with pytest.raises(ValueError, match="maps 0 to 11, not 12"):
        inhibition(NORMS["ours"], maps, 12)
