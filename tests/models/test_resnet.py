"""ResNet: torchvision's function for equal weights, shortcuts A, B and C, either stride, plain twins."""

import pytest
import torch
import torchvision
from counterparts import randomise, same_logits
from torch import nn

from lit_cnns.features import count
from lit_cnns.models import ResNet
from lit_cnns.models.resnet import BasicBlock, Bottleneck, PadShortcut, PlainBlock, Projection

PICTURE = (3, 224, 224)


def on_meta(*arguments, **more) -> ResNet:
    with torch.device("meta"):
        return ResNet(*arguments, **more)


def theirs_in_our_names(weights: dict) -> dict:
    """Of torchvision's names, `layer3.0.downsample.1.weight` is our `conv4_1.shortcut.bn.weight`."""
    found = {}
    for key, value in weights.items():
        if key.startswith("layer"):
            stage, block, rest = key.removeprefix("layer").split(".", 2)
            rest = rest.replace("downsample.0", "shortcut.conv").replace("downsample.1", "shortcut.bn")
            key = f"conv{int(stage) + 1}_{int(block) + 1}.{rest}"
        found[key] = value
    return found


@pytest.mark.parametrize(
    ("ours", "build"), [({"depth": 18}, "resnet18"), ({"depth": 50, "stride_on": "3x3"}, "resnet50")]
)
def test_it_is_torchvisions_network(ours, build):
    torch.manual_seed(0)
    theirs = randomise(getattr(torchvision.models, build)(num_classes=10))
    net = ResNet(**ours, num_classes=10).eval()
    net.load_state_dict(theirs_in_our_names(theirs.state_dict()))
    picture = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        same_logits(net(picture), theirs(picture))


def test_the_papers_stride_has_the_same_weights_but_another_function():
    torch.manual_seed(0)
    paper, later = (Bottleneck(32, 64, 2, "B", stride_on).eval() for stride_on in ("1x1", "3x3"))
    later.load_state_dict(paper.state_dict())
    x = torch.randn(1, 32, 8, 8)
    assert paper(x).shape == later(x).shape
    assert not torch.allclose(paper(x), later(x))


def test_where_the_stride_is_changes_macs_and_not_parameters():
    paper, later = (count(on_meta(50, stride_on=stride_on), PICTURE) for stride_on in ("1x1", "3x3"))
    assert paper.params == later.params
    assert later.macs / paper.macs == pytest.approx(1.06, abs=0.005)


def test_option_a_takes_every_second_pixel_and_appends_zeros():
    x = torch.randn(2, 3, 6, 6)
    y = PadShortcut(5, 2)(x)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert (y[:, 3:] == 0).all()


def test_option_a_adds_no_parameters_to_the_plain_twin():
    plain, a, b, c = (
        count(on_meta(34, **arguments), PICTURE).params
        for arguments in ({"residual": False}, {"shortcut": "A"}, {"shortcut": "B"}, {"shortcut": "C"})
    )
    assert plain == a < b < c


@pytest.mark.parametrize(("option", "projections"), [("A", 0), ("B", 3), ("C", 8)])
def test_b_projects_where_the_shape_changes_and_c_everywhere(option, projections):
    assert sum(isinstance(m, Projection) for m in on_meta(18, shortcut=option).modules()) == projections


def test_a_block_adds_what_it_computes_to_what_it_was_given():
    block = BasicBlock(4, 4, 1, "B").eval()
    nn.init.zeros_(block.bn2.weight)
    x = torch.randn(1, 4, 5, 5)
    torch.testing.assert_close(block(x), torch.relu(x))


def test_a_plain_block_has_no_way_around():
    block = PlainBlock(4, 4, 1).eval()
    nn.init.zeros_(block.bn2.weight)
    assert (block(torch.randn(1, 4, 5, 5)) == 0).all()


@pytest.mark.parametrize("size", [(32, 32), (160, 160), (320, 288)])
def test_other_sizes_fit(size):
    assert on_meta(18).eval()(torch.empty(1, 3, *size, device="meta")).shape == (1, 1000)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"depth": 20}, r"depths \[18, 34, 50, 101, 152\], not 20"),
        ({"shortcut": "D"}, "A, B and C, not 'D'"),
        ({"stride_on": "5x5"}, "'1x1' or '3x3', not '5x5'"),
        ({"depth": 50, "shortcut": "C"}, "18 and 34, not 50"),
        ({"depth": 101, "residual": False}, "18 and 34, not 101"),
    ],
)
def test_what_the_paper_does_not_have_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        ResNet(**arguments)
