"""TrivialAugment and RandAugment are drawn as a function of seed, epoch and picture."""

import pytest
import torch

from lit_cnns.data import Digits
from lit_cnns.data.memory import TensorSet
from lit_cnns.data.policies import POLICIES, PolicySet

COUNT = 24
BATCH = (3, torch.arange(COUNT))


def pictures(channels: int = 3) -> TensorSet:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (COUNT, channels, 16, 16), dtype=torch.uint8, generator=generator)
    return TensorSet(images, torch.arange(COUNT))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("channels", [1, 3])
def test_it_changes_most_pictures_and_neither_their_shape_nor_their_labels(policy, channels):
    before = pictures(channels)
    images, labels, indices = PolicySet(before, policy, 0).__getitems__(BATCH)
    assert (images.shape, images.dtype) == (before.images.shape, torch.uint8)
    assert (images != before.images).flatten(1).any(1).sum() > COUNT / 2
    assert torch.equal(labels, before.labels)
    assert torch.equal(indices, BATCH[1])


@pytest.mark.parametrize("policy", POLICIES)
def test_a_picture_is_changed_alike_whatever_batch_it_is_in_and_whatever_was_drawn_before(policy):
    drawn = PolicySet(pictures(), policy, 5)
    together = drawn.__getitems__(BATCH)[0]
    torch.rand(7)
    alone = [drawn.__getitems__((3, torch.tensor([place])))[0] for place in reversed(range(COUNT))]
    assert torch.equal(torch.cat(alone[::-1]), together)


@pytest.mark.parametrize(("seed", "epoch"), [(6, 3), (5, 4)])
def test_another_seed_or_epoch_changes_it_otherwise(seed, epoch):
    first = PolicySet(pictures(), "trivialaugment", 5).__getitems__(BATCH)[0]
    other = PolicySet(pictures(), "trivialaugment", seed).__getitems__((epoch, BATCH[1]))[0]
    assert (first != other).flatten(1).any(1).sum() > COUNT / 2


def test_dropout_draws_what_it_would_have_drawn():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    PolicySet(pictures(), "randaugment", 0).__getitems__(BATCH)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("workers", [0, 2])
def test_training_pictures_go_through_it_and_others_do_not(workers):
    plain, policed = (
        Digits(image_size=16, auto_augment=name, num_workers=n)
        for name, n in (("none", 0), ("trivialaugment", workers))
    )
    for data in (plain, policed):
        data.setup("fit")
    expected = PolicySet(plain.sets["train"], "trivialaugment", 0)
    images, _, indices = next(iter(policed.train_dataloader()))
    assert torch.equal(indices, next(iter(plain.train_dataloader()))[2])
    assert torch.equal(images, expected.__getitems__((0, indices))[0])
    assert torch.equal(next(iter(policed.val_dataloader()))[0], next(iter(plain.val_dataloader()))[0])


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="none, trivialaugment or randaugment, not 'autoaugment'"):
        Digits(auto_augment="autoaugment")
