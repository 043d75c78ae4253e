"""Classes of different lists are the same where their names say so, and nowhere else."""

import pytest

from lit_cnns.evaluation import canonical, groups, label_map, share_classes


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Tench, Tinca tinca", "tench"),
        ("golden_retriever", "golden retriever"),
        ("7 - seven", "7"),
        ("car", "automobile"),
        ("cart", "cart"),
    ],
)
def test_case_underscores_and_synonyms_make_no_difference(name: str, plain: str) -> None:
    assert canonical(name) == plain


def test_a_class_that_is_not_there_is_minus_one_and_order_does_not_matter() -> None:
    assert label_map(["dog", "car", "yak"], ["automobile", "cat", "dog"]) == [2, 0, -1]


def test_a_name_as_it_is_written_goes_before_a_canonical_one() -> None:
    assert label_map(["automobile"], ["automobile"]) == [0]
    assert label_map(["maillot"], ["maillot tank suit", "maillot"]) == [1]


def test_two_classes_of_one_name_are_matched_in_order_and_only_with_two() -> None:
    assert label_map(["crane bird", "fox", "crane"], ["fox", "crane", "crane"]) == [1, 0, 2]
    assert label_map(["crane"], ["crane", "crane"]) == [-1]


def test_a_part_of_the_classes_is_not_the_same_classes() -> None:
    assert share_classes(["a", "B"], ["b", "A"])
    assert not share_classes(["a", "b"], ["a", "b", "c"])
    assert not share_classes([], [])


def test_networks_with_the_same_classes_are_one_group_and_those_without_names_stand_alone() -> None:
    names = {"x": ["a", "b"], "y": ["c"], "z": ["b", "a"], "v": [], "w": []}
    assert groups(names) == [["x", "z"], ["y"], ["v"], ["w"]]


def test_torchvision_and_timm_mean_the_same_thousand_classes() -> None:
    from timm.data import ImageNetInfo
    from torchvision.models import AlexNet_Weights

    theirs, others = ImageNetInfo().label_descriptions(), AlexNet_Weights.DEFAULT.meta["categories"]
    assert label_map(theirs, others) == list(range(1000))
