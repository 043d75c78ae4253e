"""Random numbers depend on seed, epoch and picture, and on nothing else."""

import torch

from lit_cnns.data.randomness import normal, order, uniform

MANY = torch.arange(20_000)


def test_a_picture_draws_the_same_numbers_in_any_batch():
    together = uniform(3, 5, torch.arange(100), 8)
    alone = torch.cat([uniform(3, 5, torch.tensor([index]), 8) for index in range(100)])
    backwards = uniform(3, 5, torch.arange(99, -1, -1), 8).flip(0)
    assert torch.equal(together, alone)
    assert torch.equal(together, backwards)


def test_later_columns_can_be_drawn_by_themselves():
    assert torch.equal(uniform(0, 0, MANY, 6)[:, 4:], uniform(0, 0, MANY, 2, first=4))


def splitmix(word: int) -> int:
    word %= 1 << 64
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % (1 << 64)
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % (1 << 64)
    return word ^ (word >> 31)


def test_the_numbers_are_those_of_splitmix64_in_plain_integers():
    gamma = 0x9E3779B97F4A7C15
    for seed, epoch, index in ((0, 0, 0), (7, 3, 1), (-1, 89, 1_281_166)):
        start = splitmix(splitmix(seed * gamma + 1) + epoch * gamma + 2)
        expected = [splitmix(splitmix(index * gamma + start) + column * gamma) >> 40 for column in (1, 2, 3)]
        assert uniform(seed, epoch, torch.tensor([index]), 3)[0].mul(2**24).long().tolist() == expected


def test_seed_epoch_index_and_column_each_give_other_numbers():
    first = uniform(0, 0, MANY, 2)
    for other in (uniform(1, 0, MANY, 2), uniform(0, 1, MANY, 2), uniform(0, 0, MANY + 1, 2), first.flip(1)):
        assert (first == other).float().mean() < 1e-3
        assert abs(torch.corrcoef(torch.stack([first.flatten(), other.flatten()]))[0, 1]) < 0.02


def test_uniform_numbers_are_uniform_and_normal_ones_normal():
    u = uniform(0, 0, MANY, 4)
    assert u.min() >= 0
    assert u.max() < 1
    assert torch.histc(u, 16, 0, 1).sub(5000).abs().max() < 400
    z = normal(u)
    assert z.mean().abs() < 0.02
    assert (z.std() - 1).abs() < 0.02


def test_the_order_of_an_epoch_has_every_picture_once():
    assert order(0, 0, 1000).sort().values.tolist() == list(range(1000))
    assert not torch.equal(order(0, 0, 1000), order(0, 1, 1000))
    assert not torch.equal(order(0, 0, 1000), order(1, 0, 1000))
