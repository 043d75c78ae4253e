"""A network applied fully convolutionally is the network at every place of the picture."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from lit_cnns.evaluation import fully_convolutional
from lit_cnns.models import (
    VGG,
    AlexNet,
    AlexNetCifar,
    CifarResNet,
    GoogLeNet,
    GoogLeNetSmall,
    LeNet5,
    LeNet5Modern,
    ResNet,
    VGGSmall,
)

SLIDING = {
    "lenet5_modern": LeNet5Modern,
    "vgg_cifar": VGGSmall,
    "googlenet_cifar": GoogLeNetSmall,
    "resnet20_cifar": CifarResNet,
    "resnet18": lambda: ResNet(18, num_classes=6),
    "googlenet": lambda: GoogLeNet(num_classes=6),
    "alexnet": lambda: AlexNet(num_classes=6),
}


def crop(net, count=1):
    return torch.randn(count, net.in_channels, net.image_size, net.image_size)


@pytest.mark.parametrize("build", SLIDING.values(), ids=SLIDING)
@torch.no_grad()
def test_a_picture_of_the_crops_size_has_one_place_with_the_networks_own_logits(build):
    net = build().eval()
    images = crop(net, 2)
    found = fully_convolutional(net, crop(net))(images)
    assert found.shape == (2, net.num_classes, 1, 1)
    torch.testing.assert_close(found[:, :, 0, 0], net(images), rtol=1e-4, atol=1e-5)


def unpadded(pooled_by_average):
    """Without padding a window sees nothing of its neighbourhood; strides of 2 and 2 make one of 4 pixels."""
    layers = [("conv1", nn.Conv2d(3, 6, 5, stride=2)), ("relu1", nn.ReLU()), ("pool1", nn.MaxPool2d(2, 2))]
    if pooled_by_average:
        tail = [("gap", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()), ("fc", nn.Linear(6, 4))]
    else:
        tail = [
            ("flatten", nn.Flatten()),
            ("fc6", nn.Linear(6 * 5 * 5, 8)),
            ("relu6", nn.ReLU()),
            ("drop6", nn.Dropout()),
            ("fc7", nn.Linear(8, 4)),
        ]
    return nn.Sequential(OrderedDict([*layers, *tail])).eval()


@pytest.mark.parametrize("pooled_by_average", [True, False], ids=["average_pool", "fully_connected"])
@torch.no_grad()
def test_dense_evaluation_is_the_crop_slid_over_the_image(pooled_by_average):
    torch.manual_seed(0)
    net, image = unpadded(pooled_by_average), torch.randn(2, 3, 34, 47)  # crops of 23: pool1 is 5 x 5
    found = fully_convolutional(net, torch.zeros(1, 3, 23, 23))(image)
    assert found.shape[2:] == (3, 7)
    for row in range(3):
        for column in range(7):
            window = image[:, :, 4 * row : 4 * row + 23, 4 * column : 4 * column + 23]
            torch.testing.assert_close(found[:, :, row, column], net(window))


@torch.no_grad()
def test_vggs_fc6_is_laid_on_every_7_by_7_window_of_pool5():
    """Simonyan, Zisserman 2014, Section 3.2: fc6 is a 7 x 7 convolution, fc7 and fc8 are 1 x 1."""
    torch.manual_seed(0)
    net = VGG("A", num_classes=6).eval()
    image = torch.randn(1, 3, 256, 320)
    found = fully_convolutional(net, crop(net))(image)
    names = [name for name, _ in net.named_children()]
    trunk, head = net[: names.index("flatten")], net[names.index("flatten") :]
    pooled = trunk(image)
    assert found.shape[2:] == (2, 4)
    for row in range(2):
        for column in range(4):
            expected = head(pooled[:, :, row : row + 7, column : column + 7])
            torch.testing.assert_close(found[:, :, row, column], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_global_average_pool_slides_as_the_crops_window():
    net = CifarResNet().eval()
    image = torch.randn(1, 3, 40, 48)
    found = fully_convolutional(net, crop(net))(image)  # 8 x 8 of 10 x 12 cells
    names = [name for name, _ in net.named_children()]
    cells = net[: names.index("gap")](image)
    assert found.shape[2:] == (3, 5)
    torch.testing.assert_close(found[:, :, 1, 2], net.fc(cells[:, :, 1:9, 2:10].mean((2, 3))))


def test_the_sliding_network_has_the_networks_own_weights():
    net = VGGSmall().eval()
    sliding = fully_convolutional(net, crop(net))
    with torch.no_grad():
        net.fc4.weight.zero_()
    assert not sliding.fc4.weight.any()
    assert {id(p) for p in sliding.parameters()} == {id(p) for p in net.parameters()}
    assert isinstance(net.flatten, nn.Flatten)  # the network itself is left as it was


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        (LeNet5(), "Flatten that takes Linear, Dropout.*its layer output is RBF"),
        (AlexNetCifar(), "AlexNetCifar cannot slide over a picture: one of its layers is built for one size"),
        (nn.Sequential(nn.Conv2d(3, 2, 3)), "that takes a chain of named layers with a Flatten"),
    ],
)
def test_a_network_that_cannot_slide_is_refused_with_the_reason(net, reason):
    images = torch.zeros(1, 3, 24, 24) if not hasattr(net, "in_channels") else crop(net)
    with pytest.raises(ValueError, match=reason):
        fully_convolutional(net.eval(), images)
