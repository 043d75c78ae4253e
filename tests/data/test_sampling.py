"""Global batches are the truth, and evaluation shares are exact."""

import math

import pytest
import torch

from lit_cnns.data.memory import TensorSet
from lit_cnns.data.sampling import Division, EvaluationBatches, Loader, TrainBatches


def steps(size: int, batch: int, processes: int, accumulate: int, epoch: int = 0) -> list[set[int]]:
    """The pictures of each optimiser step, over all processes."""
    seen: list[set[int]] = []
    for rank in range(processes):
        batches = TrainBatches(size, batch, Division(processes, rank, accumulate), seed=3)
        batches.epoch = epoch
        for number, (_, indices) in enumerate(batches):
            step = number // accumulate
            if step == len(seen):
                seen.append(set())
            assert not seen[step] & set(indices.tolist())
            seen[step] |= set(indices.tolist())
    return seen


@pytest.mark.parametrize(("processes", "accumulate"), [(1, 2), (2, 1), (4, 1), (2, 2), (1, 4), (3, 4)])
def test_any_division_sees_the_same_global_batches(processes, accumulate):
    alone = steps(100, 12, 1, 1)
    assert steps(100, 12, processes, accumulate) == alone
    assert [len(step) for step in alone] == [12] * 8  # the last 4 pictures make no whole batch
    assert len(set().union(*alone)) == 96


def test_each_epoch_has_its_own_order():
    assert steps(100, 10, 1, 1, epoch=0) != steps(100, 10, 1, 1, epoch=1)


def test_a_global_batch_that_cannot_be_divided_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match=r"128 pictures cannot be divided evenly over 3 process.*that 3 divides"):
        Division(3).per_device(128)
    with pytest.raises(ValueError, match="that 6 divides"):
        Division(2, accumulate=3).per_device(128)


@pytest.mark.parametrize("size", range(1, 11))
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_evaluation_shares_hold_every_picture_once_and_differ_by_at_most_one(size, processes):
    shares = []
    for rank in range(processes):
        batches = EvaluationBatches(size, 2, Division(processes, rank))
        shares.append([index for _, indices in batches for index in indices.tolist()])
    assert sorted(index for share in shares for index in share) == list(range(size))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def pictures(size: int) -> TensorSet:
    return TensorSet(torch.arange(size, dtype=torch.uint8)[:, None, None, None], torch.arange(size) % 3)


@pytest.mark.parametrize("size", [1, 2])
def test_a_process_without_a_share_gets_one_picture_that_does_not_count(size):
    batches = list(Loader(pictures(size), EvaluationBatches(size, 4, Division(3, 2))))
    (images, labels, indices) = batches[0]
    assert len(batches) == 1
    assert images.shape == (1, 1, 1, 1)
    assert labels.tolist() == [-100]
    assert indices.tolist() == [-1]


@pytest.mark.parametrize("size", range(1, 11))
@pytest.mark.parametrize("processes", [2, 3])
def test_all_processes_go_through_as_many_batches_of_an_evaluation(size, processes):
    loaders = [Loader(pictures(size), EvaluationBatches(size, 2, Division(processes, r))) for r in range(processes)]
    found = [[indices.tolist() for _, _, indices in loader] for loader in loaders]
    assert {len(share) for share in found} == {len(loader) for loader in loaders} == {math.ceil(size / processes / 2)}
    everything = [index for share in found for batch in share for index in batch]
    assert sorted(index for index in everything if index >= 0) == list(range(size))
    for loader in loaders:
        for _, labels, indices in loader:
            assert ((indices >= 0) | (labels == -100)).all()


def seen(loader: Loader) -> list[list[int]]:
    return [indices.tolist() for _, _, indices in loader]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_taken_up_again_gives_what_was_left_of_the_epoch(workers):
    def fresh() -> Loader:
        return Loader(pictures(40), TrainBatches(40, 8, Division(), seed=0), workers)

    whole, cut = fresh(), fresh()
    whole.set_epoch(2)
    cut.set_epoch(2)
    expected = seen(whole)
    running = iter(cut)
    first = [next(running)[2].tolist() for _ in range(3)]
    resumed = fresh()
    resumed.load_state_dict(cut.state_dict())
    assert first + seen(resumed) == expected
    resumed.set_epoch(3)
    whole.set_epoch(3)
    assert seen(resumed) == seen(whole)


def test_workers_change_nothing():
    def run(workers: int) -> list[list[int]]:
        loader = Loader(pictures(40), TrainBatches(40, 8, Division(), seed=0), workers)
        return seen(loader) + (loader.set_epoch(1) or seen(loader))

    assert run(0) == run(2)


def test_loading_leaves_the_random_numbers_of_the_network_alone():
    torch.manual_seed(0)
    list(Loader(pictures(4), TrainBatches(4, 2, Division(), seed=0)))
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))
