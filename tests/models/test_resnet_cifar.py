"""The CIFAR ResNets: 6n + 2 layers, options A, B and C, and their plain twins."""

import pytest
import torch

from lit_cnns.features import count
from lit_cnns.models import CifarResNet
from lit_cnns.models.resnet import PadShortcut, Projection

SIZES = [(16, 16), (16, 32), (32, 64)]  # maps that come in and go out, stage by stage


def on_meta(*arguments, **more) -> CifarResNet:
    with torch.device("meta"):
        return CifarResNet(*arguments, **more)


@pytest.mark.parametrize(("option", "kind", "other"), [("A", PadShortcut, Projection), ("B", Projection, PadShortcut)])
def test_the_shape_changes_at_the_start_of_stages_2_and_3_alone(option, kind, other):
    net = on_meta(20, shortcut=option)
    found = [name for name, module in net.named_modules() if isinstance(module, kind)]
    assert found == ["stage2_1.shortcut", "stage3_1.shortcut"]
    assert not any(isinstance(module, other) for module in net.modules())


def test_option_c_projects_at_every_block():
    net = on_meta(20, shortcut="C")
    found = [name for name, module in net.named_modules() if isinstance(module, Projection)]
    assert found == [f"stage{stage}_{place}.shortcut" for stage in (1, 2, 3) for place in (1, 2, 3)]
    assert not any(isinstance(module, PadShortcut) for module in net.modules())


@pytest.mark.parametrize("depth", [20, 56, 110])
def test_an_option_adds_its_projections_to_the_parameters_of_a(depth):
    # a projection from a to b maps has a b weights, and its batch norm 2 b; n blocks a stage
    n = (depth - 2) // 6
    changing = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    others = n * (16 * 16 + 2 * 16) + (n - 1) * (32 * 32 + 2 * 32 + 64 * 64 + 2 * 64)
    a, b, c = (sum(p.numel() for p in on_meta(depth, shortcut=option).parameters()) for option in "ABC")
    assert (b - a, c - a) == (changing, changing + others)
    # Section 4.2: a first convolution, 2 n to each stage of which the first takes the maps of the stage before
    stages = [9 * (before * maps + (2 * n - 1) * maps**2) + 4 * n * maps for before, maps in SIZES]
    assert a == 27 * 16 + 2 * 16 + sum(stages) + 64 * 10 + 10


def test_a_plain_twin_has_the_parameters_of_its_resnet():
    twins = [count(on_meta(56, residual=residual), (3, 32, 32)) for residual in (True, False)]
    assert twins[0] == twins[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"depth": 18}, r"depths \(20, 32, 44, 56, 110, 1202\), not 18"),
        ({"depth": 1202, "residual": False}, r"plain twin .* 110\), not 1202"),
        ({"shortcut": "D"}, "A, B and C, not 'D'"),
    ],
)
def test_an_unknown_depth_or_shortcut_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        CifarResNet(**arguments)
