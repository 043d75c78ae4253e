"""Saliency equals captum's and leaves no gradient behind."""

import pytest
import torch
from captum.attr import Saliency
from torch import nn

from lit_cnns.features import saliency
from lit_cnns.models import GoogLeNetSmall, VGGSmall

PICTURE = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("net", [VGGSmall(), GoogLeNetSmall()], ids=["vgg", "googlenet"])
def test_saliency_equals_captum(net: nn.Module) -> None:
    theirs = Saliency(net.eval()).attribute(PICTURE, target=7)[0].amax(0)
    torch.testing.assert_close(saliency(net, PICTURE, 7).values, theirs, rtol=1e-4, atol=1e-9)


def test_network_and_picture_keep_their_modes_and_gradients() -> None:
    net, picture = nn.Sequential(nn.ReLU(inplace=True), VGGSmall()).train(), PICTURE.clone()
    with torch.no_grad():
        saliency(net, picture)
    assert torch.equal(picture, PICTURE)
    assert not picture.requires_grad
    assert all(module.training for module in net.modules())
    assert all(parameter.grad is None for parameter in net.parameters())
    with pytest.raises(ValueError, match="classes 0 to 9, not -1"):
        saliency(net, picture, -1)
