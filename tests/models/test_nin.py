"""Network in Network: perceptrons slid over the picture, and a map a class."""

import torch
from torch import nn

from lit_cnns.models import NiN, NiNImageNet


def test_a_block_is_a_perceptron_slid_over_the_picture():
    torch.manual_seed(0)
    block = NiN()[:6]  # conv1 to relu_cccp2
    picture = torch.randn(1, 3, 32, 32)
    patch = picture[:, :, 10:15, 20:25].flatten(1)  # what conv1 sees of the place (12, 22)
    perceptron = nn.Sequential(*(nn.Linear(*layer.weight.flatten(1).shape[::-1]) for layer in block[::2]))
    for linear, layer in zip(perceptron, block[::2], strict=True):
        linear.load_state_dict({"weight": layer.weight.flatten(1), "bias": layer.bias})
        patch = torch.relu(linear(patch))
    torch.testing.assert_close(block(picture)[:, :, 12, 22], patch)


def test_a_classs_score_is_the_mean_of_its_map_and_never_negative():
    net, picture = NiN(num_classes=7).eval(), torch.randn(2, 3, 40, 32)
    maps = net[:-2](picture)
    assert maps.shape == (2, 7, 10, 8)
    torch.testing.assert_close(net(picture), maps.mean((2, 3)))
    assert (maps >= 0).all()


def test_nothing_is_fully_connected():
    with torch.device("meta"):
        layers = [*NiN().modules(), *NiNImageNet().modules()]
    assert not any(isinstance(layer, nn.Linear) for layer in layers)
