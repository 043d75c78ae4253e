"""What was measured stands beside what was published for the same network and protocol, or the difference is said."""

import pytest
import torch

from lit_cnns import CIFAR10, LINEAGE, MNIST, ImageFolder, build
from lit_cnns.commands.comparison import lines
from lit_cnns.data.memory import TensorSet
from lit_cnns.lineage import name_of


def holding(data, split: str, count: int):
    """The data as it is once it was read; only the number of pictures matters."""
    data.sets[split] = TensorSet(torch.zeros(count, 1, 1, 1, dtype=torch.uint8), torch.zeros(count))
    return data


def measured(name: str, split: str, **arguments):
    with torch.device("meta"):
        model = build(name, **arguments)
    model.metrics = {f"{split}/top1": 0.87654, f"{split}/top5": 0.99}
    return model


@pytest.mark.parametrize("name", LINEAGE)
def test_every_network_of_the_lineage_knows_its_name(name):
    with torch.device("meta"):
        assert name_of(build(name)) == name


def test_a_network_that_no_paper_has_is_not_given_its_papers_figures():
    assert name_of(measured("vgg_a", "val", batch_norm=True)) is None
    data = holding(MNIST(), "test", 10_000)
    assert "No paper has this network" in lines(measured("vgg_a", "test", batch_norm=True), data, "test", "center")[-1]


def test_the_papers_figure_for_the_same_pictures_and_protocol_stands_below_ours():
    data = CIFAR10(image_size=24)
    data.evaluate_by("ten_crop")
    shown = lines(measured("alexnet_cifar_13pct", "test"), holding(data, "test", 10_000), "test", "ten_crop")
    heading = "alexnet_cifar_13pct on the 10,000 pictures of CIFAR10 test (10 classes), "
    assert shown == [
        heading + "ten_crop (10 views, shorter side 32):",
        "  here       top-1 error 12.35 %, top-5 error 1.00 %",
        "  paper      top-1 error 13.0 % (CIFAR-10 test, multi-view, no normalisation)",
    ]


@pytest.mark.parametrize(
    ("split", "count", "whole"), [("val", 10_000, True), ("test", 500, True), ("test", 10_000, False)]
)
def test_other_pictures_or_a_part_of_them_cannot_be_compared_and_it_says_so(split, count, whole):
    data = holding(MNIST(), split, count)
    shown = lines(measured("lenet5_1998", split), data, split, "center", whole)
    assert "0.95 % (MNIST test, single model, no distortions)" in shown[2]
    assert shown[-1].endswith("these figures cannot be compared with them.")
    assert ("a part of" in shown[0]) != whole


def test_multi_scale_of_vgg_is_compared_at_the_same_scales_only(tmp_path):
    (tmp_path / "val" / "a").mkdir(parents=True)
    data = ImageFolder(str(tmp_path), train_crop="shorter_side", train_resize=[256, 512])
    model = measured("vgg_d", "val")
    scales = model.test_scales("multi_scale", data.train_scales)
    assert scales == (256, 384, 512)  # Simonyan, Zisserman 2014, Section 4.2
    assert model.test_scales("multi_scale", (256, 256)) == (224, 256, 288)
    assert model.test_scales("dense", data.train_scales) == (384,)
    data.evaluate_by("multi_scale", scales)
    shown = lines(model, holding(data, "val", 50), "val", "multi_scale")
    (published,) = [line for line in shown if line.startswith("  paper")]
    assert published.endswith(
        "top-1 error 24.8 %, top-5 error 7.5 % (ILSVRC-2012 val, dense, S=[256,512], Q=256,384,512)"
    )


def test_where_nothing_was_published_it_says_so():
    data = MNIST()
    data.evaluate_by("crops_144")
    shown = lines(measured("lenet5_1998", "test"), holding(data, "test", 10_000), "test", "crops_144")
    assert "Nothing is published for lenet5_1998 by this protocol" in shown[-1]
