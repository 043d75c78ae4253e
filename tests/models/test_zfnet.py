"""ZFNet: AlexNet's grid with smaller steps, pooled before it is normalised, and a wide variant."""

import pytest
import torch
from torch import nn

from lit_cnns.models import ZFNet


def on_meta(**arguments) -> ZFNet:
    with torch.device("meta"):
        return ZFNet(**arguments)


def test_it_pools_before_it_normalises():
    names = list(dict(on_meta().named_children()))
    assert names[:8] == ["conv1", "relu1", "pool1", "norm1", "conv2", "relu2", "pool2", "norm2"]


def test_a_picture_of_224_is_one_of_225_with_zeros_at_the_right_and_bottom():
    conv1 = ZFNet(num_classes=2)[:1]
    picture = torch.randn(1, 3, 224, 224)
    assert conv1(picture).shape == (1, 96, 110, 110)
    torch.testing.assert_close(conv1(picture), conv1(nn.functional.pad(picture, (0, 1, 0, 1))))


def test_the_wide_one_differs_in_conv3_to_conv5_and_in_what_fc6_sees():
    shapes = [{name: tuple(w.shape) for name, w in on_meta(variant=v).named_parameters()} for v in ("original", "wide")]
    differ = {name.split(".")[0] for name in shapes[0] if shapes[0][name] != shapes[1][name]}
    assert differ == {"conv3", "conv4", "conv5", "fc6"}


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match=r"variants \['original', 'wide'\], not 'clarifai'"):
        ZFNet(variant="clarifai")
