"""Inception v2 to v4 and Inception-ResNet v2: torchvision's and timm's functions for equal weights."""

import pytest
import timm
import torch
import torchvision
from counterparts import in_our_names, randomise, same_function, same_logits
from torch import nn

from lit_cnns.models import InceptionResNetV2, InceptionV2, InceptionV3, InceptionV4
from lit_cnns.models.inception_resnet_v2 import BlockA, BlockC
from lit_cnns.models.inception_v2 import ConvBN


def on_meta(kind, **arguments) -> nn.Module:
    with torch.device("meta"):
        return kind(**arguments)


def test_v3_and_its_head_are_torchvisions():
    torch.manual_seed(0)
    theirs = randomise(torchvision.models.inception_v3(num_classes=10, init_weights=False))
    ours = on_meta(InceptionV3, num_classes=10, count_padding=True).eval()
    ours.load_state_dict(in_our_names(ours, theirs.state_dict(), late=["AuxLogits"]), assign=True)
    picture, heard = torch.randn(1, 3, 299, 299), []
    theirs.Mixed_6e.register_forward_hook(lambda _module, _inputs, maps: heard.append(maps))
    with torch.inference_mode():
        found, expected = ours.all_logits(picture), theirs(picture)
        same_logits(found["main"], expected)
        same_logits(found["aux"], theirs.AuxLogits(heard[0]))


def test_v4_is_timms():
    torch.manual_seed(0)
    same_function(on_meta(InceptionV4, num_classes=10), timm.create_model("inception_v4", num_classes=10), 107)


def test_inception_resnet_v2_is_timms():
    torch.manual_seed(0)
    theirs = timm.create_model("inception_resnet_v2", num_classes=10)
    same_function(on_meta(InceptionResNetV2, num_classes=10), theirs, 107)


def test_padding_is_left_out_of_the_mean_at_the_border_unless_told():
    ones = torch.ones(1, 192, 5, 5)
    left_out, counted = (InceptionV3(aux=False, count_padding=count).mixed_5b.pool(ones) for count in (False, True))
    torch.testing.assert_close(left_out, ones)
    assert counted[0, 0, 0, 0] == pytest.approx(4 / 9)
    assert counted[0, 0, 2, 2] == pytest.approx(1)


@pytest.mark.parametrize("kind", [InceptionV2, InceptionV3, InceptionV4, InceptionResNetV2])
def test_every_convolution_has_batch_norm_but_the_linear_ones(kind):
    net = on_meta(kind)
    layers = {name: module for name, module in net.named_modules() if isinstance(module, nn.Conv2d)}
    bare = [name for name, layer in layers.items() if layer.bias is not None]
    assert {name.split(".")[-1] for name in bare} == ({"linear"} if kind is InceptionResNetV2 else set())
    assert len(layers) - len(bare) == sum(isinstance(module, nn.BatchNorm2d) for module in net.modules())


def test_the_first_layer_of_the_separable_v2_is_two():
    net = on_meta(InceptionV2, variant="separable")
    assert [name for name, _ in net.named_children()][:4] == ["conv1_dw", "conv1", "bn1", "relu1"]
    assert net.conv1_dw.groups == 3


def test_the_printed_widths_of_v2_come_out_at_608_maps_and_not_the_printed_576():
    nets = {variant: on_meta(InceptionV2, variant=variant) for variant in ("released", "table")}
    sees = {variant: net.inception_4d.b1.conv.in_channels for variant, net in nets.items()}
    assert sees == {"released": 576, "table": 608}
    assert nets["table"].conv1.bias is not None


def test_a_part_of_a_module_is_convolution_batch_norm_and_relu():
    part = ConvBN(2, 3, 1).eval()
    x = torch.randn(1, 2, 4, 4)
    torch.testing.assert_close(part(x), torch.relu(part.bn(part.conv(x))))


def test_a_residual_block_adds_its_scaled_branches():
    torch.manual_seed(0)
    block, x = BlockA(16, scale=0.17).eval(), torch.randn(1, 16, 5, 5)
    branches = block.linear(torch.cat([block.b1(x), block.b3(block.b3_reduce(x)), block.branches(x)[2]], 1))
    torch.testing.assert_close(block(x), torch.relu(x + 0.17 * branches))


def test_the_last_block_of_the_released_inception_resnet_is_neither_scaled_nor_cut_off():
    blocks = [block for block in on_meta(InceptionResNetV2).children() if isinstance(block, BlockC)]
    assert [block.scale for block in blocks] == [0.2] * 9 + [1.0]
    assert [isinstance(block.relu, nn.ReLU) for block in blocks] == [True] * 9 + [False]
    drawn = [block for block in on_meta(InceptionResNetV2, variant="paper").children() if isinstance(block, BlockC)]
    assert {block.scale for block in drawn} == {0.1}
    assert all(isinstance(block.relu, nn.ReLU) for block in drawn)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [(InceptionV2, "Inception v2 has variants .*released"), (InceptionResNetV2, "Inception-ResNet v2 has variants")],
)
def test_an_unknown_variant_is_refused(kind, sentence):
    with pytest.raises(ValueError, match=f"{sentence}.* not 'keras'"):
        kind(variant="keras")
