"""VGG: torchvision's function for equal weights, LRN in A-LRN alone, batch norm as an option, a small adaptation."""

import pytest
import torch
import torchvision
from counterparts import same_function

from lit_cnns.models import VGG, VGGSmall


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_is_torchvisions_vgg11(batch_norm):
    build = torchvision.models.vgg11_bn if batch_norm else torchvision.models.vgg11
    with torch.device("meta"):
        ours = VGG("A", num_classes=10, batch_norm=batch_norm)
    same_function(ours, build(num_classes=10, init_weights=False), 224)


@pytest.mark.parametrize(("config", "build"), [("B", "vgg13"), ("D", "vgg16"), ("E", "vgg19")])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_b_d_and_e_have_the_layers_of_torchvisions(config, build, batch_norm):
    with torch.device("meta"):
        ours = VGG(config, batch_norm=batch_norm)
        theirs = getattr(torchvision.models, build + "_bn" * batch_norm)(init_weights=False)
    shapes = [[tuple(weight.shape) for weight in net.state_dict().values()] for net in (ours, theirs)]
    assert shapes[0] == shapes[1]


def test_response_normalisation_stands_after_relu1_1_of_a_lrn_and_nowhere_else():
    with torch.device("meta"):
        names = {config: list(dict(VGG(config).named_children())) for config in ("A", "A-LRN")}
    assert names["A-LRN"][:4] == ["conv1_1", "relu1_1", "lrn1", "pool1"]
    assert [name for name in names["A-LRN"] if name != "lrn1"] == names["A"]


def test_the_third_convolutions_of_c_are_1x1_and_those_of_d_3x3():
    with torch.device("meta"):
        c, d = VGG("C"), VGG("D")
    assert all(c.get_submodule(f"conv{stage}_3").kernel_size == (1, 1) for stage in (3, 4, 5))
    assert all(d.get_submodule(f"conv{stage}_3").kernel_size == (3, 3) for stage in (3, 4, 5))


def test_batch_norm_stands_between_convolution_and_relu():
    with torch.device("meta"):
        names = list(dict(VGG("A", batch_norm=True).named_children()))
    assert names[:4] == ["conv1_1", "bn1_1", "relu1_1", "pool1"]


@pytest.mark.parametrize("size", [8, 16, 24, 28, 32, 37])
def test_the_adaptation_is_built_for_any_size(size):
    with torch.device("meta"):
        assert VGGSmall(image_size=size)(torch.empty(2, 3, size, size)).shape == (2, 10)


def test_an_unknown_configuration_is_refused_and_the_common_names_are_given():
    with pytest.raises(ValueError, match=r"not '16'; VGG-16 is D and VGG-19 is E"):
        VGG("16")
