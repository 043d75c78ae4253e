"""Several networks on the same pictures: counts are exact, and no class is taken for another."""

import json
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from lit_cnns.evaluation import Comparison, Contestant, comparing, interval

LABELS = [0, 0, 1, 1, 2]
CAT, DOG, YAK = ([9.0, 0, 0], [0, 9.0, 0], [0, 0, 9.0])


def says(*answers: list[float]) -> Contestant:
    """A network that gives these answers, picture by picture; a picture is its number."""
    table = torch.tensor(answers)
    return Contestant(lambda pictures: table[[int(picture) for picture in pictures]], ["cat", "dog", "yak"])


def batches(labels: list[int], size: int = 2) -> Iterator[tuple[list[Tensor], Tensor]]:
    for start in range(0, len(labels), size):
        part = labels[start : start + size]
        yield [torch.tensor(start + place) for place in range(len(part))], torch.tensor(part)


@pytest.fixture
def compared() -> Comparison:
    contestants = {
        "good": says(CAT, CAT, DOG, DOG, YAK),
        "poor": says(CAT, DOG, DOG, [0, 5.0, 6.0], [1.0, 0, 0]),
    }
    *_, end = comparing(contestants, batches(LABELS), ["cat", "dog", "yak"])
    return end


def test_each_batch_adds_to_what_is_known() -> None:
    sizes = [len(one.labels) for one in comparing({"a": says(*[CAT] * 5)}, batches(LABELS), ["cat", "dog", "yak"])]
    assert sizes == [2, 4, 5]


def test_right_answers_are_counted(compared: Comparison) -> None:
    assert compared.top1("good") == (5, 5)
    assert compared.top1("poor") == (2, 5)
    assert compared.top5("poor") == (5, 5)
    assert compared.by_class("poor") == [(1, 2), (1, 2), (0, 1)]


def test_the_confusion_has_a_row_for_each_label(compared: Comparison) -> None:
    assert compared.confusion("poor").tolist() == [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]]


def test_the_surest_mistake_comes_first(compared: Comparison) -> None:
    assert compared.mistakes("poor") == [1, 3, 4]
    assert compared.mistakes("good") == []


def test_pictures_on_which_they_disagree_are_found(compared: Comparison) -> None:
    assert sorted(compared.disagreements(["good", "poor"])) == [1, 3, 4]
    assert compared.agreement(["good", "poor"]) == (2, 5)
    assert compared.disagreements(["good"]) == []


def test_classes_in_another_order_are_the_same_classes() -> None:
    turned = Contestant(lambda pictures: torch.tensor([[0, 9.0]] * len(pictures)), ["dog", "CAT"])
    straight = Contestant(lambda pictures: torch.tensor([[9.0, 0]] * len(pictures)), ["cat", "dog"])
    *_, end = comparing({"turned": turned, "straight": straight}, batches([0, 0, 1]), ["cat", "dog"])
    assert end.top1("turned") == end.top1("straight") == (2, 3)
    assert end.disagreements(["turned", "straight"]) == []


def test_a_network_of_more_classes_can_be_wrong_by_one_that_the_data_do_not_have() -> None:
    *_, end = comparing({"wide": says(CAT, YAK)}, batches([0, 1]), ["cat", "dog"])
    assert end.scored == ["wide"]
    assert end.confusion("wide").tolist() == [[1, 0, 0], [0, 0, 1]]


def test_a_network_that_lacks_a_class_is_not_scored() -> None:
    *_, end = comparing({"narrow": says(CAT)}, batches([0]), ["cat", "emu"])
    assert end.strangers == {"narrow": 1}
    assert end.scored == []


def test_pictures_without_labels_are_compared_and_not_scored() -> None:
    *_, end = comparing({"a": says(CAT, DOG), "b": says(CAT, CAT)}, batches([-1, -1]))
    assert end.scored == []
    assert end.disagreements(["a", "b"]) == [1]
    assert end.as_data()["networks"]["a"]["answers"] == ["cat", "dog"]


def test_all_of_it_is_plain_data(compared: Comparison) -> None:
    data = json.loads(json.dumps(compared.as_data()))
    assert data["networks"]["poor"]["top1"]["right"] == 2
    assert data["labels"] == ["cat", "cat", "dog", "dog", "yak"]


def test_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="one network or more"):
        next(comparing({}, batches([0])))


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_the_interval_is_wilsons(right: int, count: int, low: float, high: float) -> None:
    assert interval(right, count) == pytest.approx((low, high), abs=1e-4)  # Newcombe 1998, Table I: 81 of 263
