"""The deconvnet equals a walk down by hand, and captum's where there is no more than ReLUs and pools."""

from collections import OrderedDict

import pytest
import torch
from captum.attr import NeuronDeconvolution
from torch import Tensor, nn
from torch.nn import functional as F

from lit_cnns.features import deconvnet
from lit_cnns.models import GoogLeNetSmall, LeNet5, LocalResponseNorm, VGGSmall

PICTURE = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def alexnet_like() -> nn.Sequential:
    """Strides, overlapping pools, response normalisation and groups, as in AlexNet."""
    torch.manual_seed(0)
    chain = [
        *(("conv1", nn.Conv2d(3, 8, 5, stride=2)), ("relu1", nn.ReLU()), ("norm1", LocalResponseNorm(5))),
        *(("pool1", nn.MaxPool2d(3, 2)), ("conv2", nn.Conv2d(8, 6, 3, padding=1, groups=2)), ("relu2", nn.ReLU())),
        *(("norm2", nn.LocalResponseNorm(3)), ("conv3", nn.Conv2d(6, 4, 3))),
        *(("flatten", nn.Flatten()), ("fc", nn.Linear(4 * 4 * 4, 5))),
    ]
    return nn.Sequential(OrderedDict(chain)).eval()


def unpooled(signal: Tensor, switches: Tensor, size: torch.Size) -> Tensor:
    """Each value of `[1, C, h, w]` to the place of its maximum; what meets there is added."""
    below = torch.zeros(size)
    for channel in range(size[1]):
        for value, place in zip(signal[0, channel].flatten(), switches[0, channel].flatten(), strict=True):
            below[0, channel].view(-1)[place] += value
    return below


def by_hand(net: nn.Sequential, picture: Tensor, channel: int) -> Tensor:
    """Up to conv3 with the switches kept, and down again."""
    one = net.norm1(net.conv1(picture).relu())
    pooled, switches = F.max_pool2d(one, 3, 2, return_indices=True)
    three = net.conv3(net.norm2(net.conv2(pooled).relu()))
    signal = torch.zeros_like(three)
    strongest = three[0, channel].argmax()
    signal[0, channel].view(-1)[strongest] = three[0, channel].max()
    signal = F.conv_transpose2d(signal, net.conv3.weight).relu()
    signal = F.conv_transpose2d(signal, net.conv2.weight, padding=1, groups=2)
    signal = unpooled(signal, switches, one.shape).relu()
    return F.conv_transpose2d(signal, net.conv1.weight, stride=2, output_padding=1)[0]


@pytest.mark.parametrize("channel", [0, 1, 2, 3])
def test_it_equals_a_walk_down_by_hand(channel: int) -> None:
    net = alexnet_like()
    with torch.no_grad():
        expected = by_hand(net, PICTURE, channel)
    assert expected.abs().max() > 0
    torch.testing.assert_close(deconvnet(net, PICTURE, "conv3", channel).picture, expected)


@pytest.mark.parametrize(
    ("net", "layer"), [(VGGSmall(), "relu3_2"), (GoogLeNetSmall(), "inception_3a")], ids=["vgg", "googlenet"]
)
def test_it_equals_captum_where_there_are_relus_and_pools(net: nn.Module, layer: str) -> None:
    if isinstance(net, GoogLeNetSmall):
        net.norm1 = net.norm2 = nn.Identity()  # captum takes the gradient of response normalisation
    found = deconvnet(net.eval(), PICTURE, layer)
    neuron = NeuronDeconvolution(net, net.get_submodule(layer))
    theirs = neuron.attribute(PICTURE, neuron_selector=(found.channel, *found.place))
    assert found.picture.abs().max() > 0
    torch.testing.assert_close(
        found.picture, theirs[0].detach() * found.activation, rtol=1e-3, atol=1e-5 * float(found.picture.abs().max())
    )


class Functional(nn.Module):
    """The same ReLU as a function, as a method and in place."""

    def __init__(self, rectify: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.rectify = {"module": nn.ReLU(), "inplace": nn.ReLU(True), "function": F.relu, "method": Tensor.relu}[
            rectify
        ]
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.rectify(self.conv1(x))).mean((2, 3))


@pytest.mark.parametrize("form", ["inplace", "function", "method"])
def test_a_relu_is_one_on_the_way_down_in_whatever_form(form: str) -> None:
    module, other = (deconvnet(Functional(one), PICTURE, "conv2", 3).picture for one in ("module", form))
    assert torch.equal(module, other)


def test_nothing_is_drawn_outside_of_what_the_strongest_unit_sees() -> None:
    found = deconvnet(alexnet_like(), PICTURE, "conv2")
    assert found.strongest.argmax() == found.channel
    assert found.strongest.max() == found.activation
    top, left, bottom, right = found.window
    assert found.crop(found.picture).shape == (3, bottom - top, right - left)
    assert torch.count_nonzero(found.crop(found.picture)) == torch.count_nonzero(found.picture) > 0


def test_a_networks_own_modes_gradients_and_hooks_come_back() -> None:
    net = alexnet_like().train()
    net.norm1.eval()
    with pytest.raises(ValueError, match="maps 0 to 7, not 8"):
        deconvnet(net, PICTURE, "relu1", 8)
    with torch.no_grad():
        deconvnet(net, PICTURE, "relu1")
    assert net.training
    assert not net.norm1.training
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())
    assert torch.is_grad_enabled()
    with pytest.raises(ValueError, match=r"'fc' gives \[5\], not maps"):
        deconvnet(net, PICTURE, "fc")


def test_sums_and_tables_of_maps_have_a_way_down_too() -> None:
    found = deconvnet(LeNet5(), torch.randn(1, 1, 32, 32), "C3", 9)
    top, left, bottom, right = found.window
    assert (bottom - top, right - left) == (14, 14)
    assert found.picture.abs().max() > 0
