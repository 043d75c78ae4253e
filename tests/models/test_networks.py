"""What every network promises: class counts, channels, sizes, and the ways it can be run."""

import functools

import pytest
import torch
from torch import nn

from lit_cnns.models import (
    VGG,
    AlexNet,
    AlexNetCifar,
    AlexNetOWT,
    CifarPreResNet,
    CifarResNet,
    GoogLeNet,
    GoogLeNetSmall,
    InceptionResNetV2,
    InceptionV2,
    InceptionV3,
    InceptionV4,
    LeNet5,
    LeNet5Modern,
    NiN,
    NiNImageNet,
    PreResNet,
    ResNet,
    VGGSmall,
    ZFNet,
)

SMALL = {
    "lenet5_1998": LeNet5,
    "lenet5_modern": LeNet5Modern,
    "alexnet_cifar": functools.partial(AlexNetCifar, variant="11pct"),
    "nin_cifar10": NiN,
    "vgg_cifar": VGGSmall,
    "googlenet_cifar": GoogLeNetSmall,
    "resnet_cifar": CifarResNet,
    "preresnet_cifar": functools.partial(CifarPreResNet, 110),
}
LARGE = {
    "alexnet": AlexNet,
    "alexnet_owt": AlexNetOWT,
    "alexnet_owt_paper": functools.partial(AlexNetOWT, variant="paper"),
    "zfnet": ZFNet,
    "nin_imagenet": NiNImageNet,
    "vgg_a": functools.partial(VGG, "A"),
    "googlenet": GoogLeNet,
    "googlenet_separable_conv1": functools.partial(GoogLeNet, separable=True),
    "bn_inception_separable": functools.partial(InceptionV2, variant="separable"),
    "inception_v3": InceptionV3,
    "resnet18": functools.partial(ResNet, 18, shortcut="A"),
    "inception_v4": InceptionV4,
    "inception_resnet_v2_paper": functools.partial(InceptionResNetV2, variant="paper"),
    "preresnet152": functools.partial(PreResNet, 152),
}
every_small_network = pytest.mark.parametrize("build", SMALL.values(), ids=SMALL)
every_network = pytest.mark.parametrize("build", {**SMALL, **LARGE}.values(), ids={**SMALL, **LARGE})


def pictures(net: nn.Module, count: int = 2, **more) -> torch.Tensor:
    return torch.randn(count, net.in_channels, net.image_size, net.image_size, **more)


@every_network
@pytest.mark.parametrize(("channels", "classes"), [(1, 7), (3, 2), (4, 7)])
def test_other_class_counts_and_channels_give_logits_in_both_modes(build, channels, classes):
    with torch.device("meta"):
        net = build(num_classes=classes, in_channels=channels)
        assert (net.num_classes, net.in_channels) == (classes, channels)
        for mode in (True, False):
            assert net.train(mode)(pictures(net)).shape == (2, classes)


@pytest.mark.parametrize("build", [AlexNetCifar, VGGSmall, GoogLeNetSmall, CifarResNet])
@pytest.mark.parametrize("size", [16, 24, 32])
def test_the_networks_for_small_pictures_take_16_24_and_32_pixels(build, size):
    with torch.device("meta"):
        net = build() if build is CifarResNet else build(image_size=size)
        assert net(torch.empty(2, 3, size, size)).shape == (2, 10)


@every_network
def test_other_channels_than_it_was_built_for_are_refused(build):
    with torch.device("meta"):
        net = build(in_channels=3)
        with pytest.raises(ValueError, match=r"takes pictures of 3 channels, not 1: build it with in_channels=1\."):
            net(torch.empty(2, 1, net.image_size, net.image_size))
        with pytest.raises(ValueError, match=r"takes a batch of pictures \(B, 3, H, W\), not \(3, 8, 8\)\."):
            net(torch.empty(3, 8, 8))


@pytest.mark.parametrize(
    ("build", "size", "sentence"),
    [
        (LeNet5, 28, "LeNet5 takes pictures of 32 pixels a side, not 28 x 28"),
        (AlexNet, 256, "AlexNet takes pictures of 224 to 227 pixels a side, not 256 x 256"),
        (VGG, 256, "VGG takes pictures of 224 to 255 pixels a side, not 256 x 256"),
        (AlexNetCifar, 32, "AlexNetCifar takes pictures of 24 pixels a side, not 32 x 32"),
        (VGGSmall, 64, "VGGSmall takes pictures of 32 to 39 pixels a side, not 64 x 64"),
        (ZFNet, 227, "ZFNet takes pictures of 224 to 225 pixels a side, not 227 x 227"),
        (NiN, 3, "NiN takes pictures of 4 and more pixels a side, not 3 x 3"),
        (NiNImageNet, 38, "NiNImageNet takes pictures of 39 and more pixels a side, not 38 x 38"),
        (GoogLeNet, 31, "GoogLeNet takes pictures of 32 and more pixels a side, not 31 x 31"),
        (GoogLeNetSmall, 7, "GoogLeNetSmall takes pictures of 8 and more pixels a side, not 7 x 7"),
        (InceptionV2, 31, "InceptionV2 takes pictures of 32 and more pixels a side, not 31 x 31"),
        (InceptionV3, 74, "InceptionV3 takes pictures of 75 and more pixels a side, not 74 x 74"),
        (InceptionV4, 74, "InceptionV4 takes pictures of 75 and more pixels a side, not 74 x 74"),
        (InceptionResNetV2, 74, "InceptionResNetV2 takes pictures of 75 and more pixels a side, not 74 x 74"),
        (PreResNet, 31, "PreResNet takes pictures of 32 and more pixels a side, not 31 x 31"),
        (CifarPreResNet, 7, "CifarPreResNet takes pictures of 8 and more pixels a side, not 7 x 7"),
        (ResNet, 31, "ResNet takes pictures of 32 and more pixels a side, not 31 x 31"),
        (CifarResNet, 7, "CifarResNet takes pictures of 8 and more pixels a side, not 7 x 7"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_those_that_do(build, size, sentence):
    with torch.device("meta"):
        net = build()
        with pytest.raises(ValueError, match=sentence):
            net(torch.empty(1, net.in_channels, size, size))


@pytest.mark.parametrize("build", [AlexNetCifar, VGGSmall, GoogLeNetSmall])
def test_a_size_too_small_to_build_for_is_refused(build):
    with pytest.raises(ValueError, match="8 and more pixels a side, not 7"):
        build(image_size=7)


@every_small_network
def test_every_parameter_gets_a_gradient(build):
    net = build().train()
    logits = net.all_logits(pictures(net)) if hasattr(net, "all_logits") else {"main": net(pictures(net))}
    sum(value.square().sum() for value in logits.values()).backward()
    assert not [name for name, weight in net.named_parameters() if weight.grad is None or not weight.grad.any()]


@every_small_network
def test_channels_last_gives_the_same_logits(build):
    net = build().eval()
    x = pictures(net)
    with torch.inference_mode():
        expected = net(x)
        found = net.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@every_small_network
def test_bfloat16_autocast_trains_and_stays_near(build):
    torch.manual_seed(0)
    net = build().train()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    x = pictures(net, 8)
    expected = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        found = net(x)
        found.float().square().sum().backward()
    assert (found - expected).abs().max() < 0.05 * expected.abs().max()
    assert all(weight.grad.isfinite().all() for weight in net.parameters() if weight.grad is not None)


@every_small_network
def test_it_can_be_exported_for_any_batch(build):
    net = build().eval()
    exported = torch.export.export(net, (pictures(net),), dynamic_shapes={"images": {0: torch.export.Dim.DYNAMIC}})
    x = pictures(net, 5)
    with torch.inference_mode():
        torch.testing.assert_close(exported.module()(x), net(x))


@every_small_network
def test_its_weights_come_back_from_its_state(build):
    net, other = build().eval(), build().eval()
    other.load_state_dict(net.state_dict())
    x = pictures(net)
    assert torch.equal(net(x), other(x))


def test_a_part_of_the_chain_keeps_the_papers_names():
    net = LeNet5Modern()
    part = net[:3]
    assert type(part) is nn.Sequential
    assert [name for name, _ in part.named_children()] == ["C1", "tanh1", "S2"]
    assert part[0] is net.C1 is net[0]
