"""Pre-activation ResNets: nothing after the sum, timm's function for equal weights."""

import pytest
import timm
import torch
from counterparts import randomise, same_logits
from torch import nn

from lit_cnns.models import CifarPreResNet, PreResNet
from lit_cnns.models.preresnet import PreBasicBlock, PreBottleneck, Projection
from lit_cnns.models.resnet import PadShortcut


def on_meta(kind, depth: int) -> nn.Module:
    with torch.device("meta"):
        return kind(depth)


def in_our_names(key: str) -> str:
    """Of timm's names, `stages.2.blocks.0.downsample.conv.weight` is our `conv4_1.shortcut.weight`.

    timm pools before the first batch norm, which is the first block's there; after a rising function it is the same.
    """
    if not key.startswith("stages"):
        return key.replace("stem.conv", "conv1").replace("head.fc", "fc").replace("norm.", "bn_last.")
    _, stage, _, block, part, kind = key.replace("downsample.conv", "shortcut").split(".")
    if (stage, block, part) == ("0", "0", "norm1"):
        return f"bn1.{kind}"
    part = {"norm1": "pre", "norm2": "bn2", "norm3": "bn3"}.get(part, part)
    return f"conv{int(stage) + 2}_{int(block) + 1}.{part}.{kind}"


def test_the_one_of_152_layers_is_timms():
    torch.manual_seed(0)
    theirs = randomise(timm.create_model("resnetv2_152", num_classes=10))
    with torch.device("meta"):
        net = PreResNet(152, num_classes=10)
    weights = {in_our_names(key): value for key, value in theirs.state_dict().items()}
    weights["fc.weight"] = weights["fc.weight"].flatten(1)  # a 1x1 convolution there
    net.load_state_dict(weights, assign=True)
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        same_logits(net.eval()(picture), theirs(picture))


@pytest.mark.parametrize(
    "block", [PreBasicBlock(8, 8, 1, None), PreBottleneck(8, 8, (1, 1), None)], ids=["basic", "bottleneck"]
)
def test_a_block_adds_to_what_it_was_given_and_does_nothing_to_the_sum(block):
    last = block.conv3 if hasattr(block, "conv3") else block.conv2
    nn.init.zeros_(last.weight)
    x = torch.randn(1, 8, 5, 5)
    assert torch.equal(block.eval()(x), x)


@pytest.mark.parametrize(("depth", "kind"), [(110, PadShortcut), (164, Projection)])
def test_the_first_block_of_each_stage_alone_goes_around_from_behind_its_relu(depth, kind):
    net = on_meta(CifarPreResNet, depth)
    found = [name for name, module in net.named_modules() if isinstance(module, kind)]
    assert found == [f"stage{stage}_1.shortcut" for stage in (1, 2, 3)]


def test_the_first_block_for_imagenet_has_no_activation_of_its_own():
    net = on_meta(PreResNet, 200)
    without = [name for name, block in net.named_children() if isinstance(getattr(block, "pre", None), nn.Identity)]
    assert without == ["conv2_1"]


@pytest.mark.parametrize(("kind", "depth", "conv"), [(PreResNet, 152, "conv2"), (CifarPreResNet, 164, "conv1")])
def test_the_map_shrinks_in_the_3x3_for_imagenet_and_in_the_first_1x1_for_cifar(kind, depth, conv):
    strided = [name for name, module in on_meta(kind, depth).named_modules() if getattr(module, "stride", 1) == (2, 2)]
    inside = {name.split(".")[1] for name in strided if "." in name}
    assert inside == {conv, "shortcut"}


@pytest.mark.parametrize(("kind", "sentence"), [(PreResNet, r"\[152, 200\]"), (CifarPreResNet, r"\[110, 164, 1001\]")])
def test_other_depths_are_refused(kind, sentence):
    with pytest.raises(ValueError, match=f"depths {sentence} for .*, not 50"):
        kind(50)
