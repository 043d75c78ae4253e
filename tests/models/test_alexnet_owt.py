"""The one-tower AlexNet: torchvision's function for equal weights, and the paper's own form beside it."""

import pytest
import torch
import torchvision
from counterparts import same_function
from torch import nn

from lit_cnns.models import AlexNetOWT


def names(variant: str) -> list[str]:
    with torch.device("meta"):
        return list(dict(AlexNetOWT(variant=variant).named_children()))


def test_the_released_form_is_torchvisions_alexnet():
    with torch.device("meta"):
        ours = AlexNetOWT(num_classes=10)
    same_function(ours, torchvision.models.alexnet(num_classes=10), 224)


def test_the_papers_form_normalises_and_drops_after_fc6_and_fc7():
    assert [name for name in names("paper") if name.startswith(("norm", "drop"))] == [
        "norm1",
        "norm2",
        "drop6",
        "drop7",
    ]
    assert names("paper")[-4:] == ["fc7", "relu7", "drop7", "fc8"]


def test_the_released_form_drops_before_fc6_and_fc7():
    assert names("released")[-8:] == ["drop5", "flatten", "fc6", "relu6", "drop6", "fc7", "relu7", "fc8"]


def test_no_layer_is_grouped():
    with torch.device("meta"):
        layers = AlexNetOWT(variant="paper").modules()
    assert {layer.groups for layer in layers if isinstance(layer, nn.Conv2d)} == {1}


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match=r"variants \['paper', 'released'\], not 'owt'"):
        AlexNetOWT(variant="owt")
