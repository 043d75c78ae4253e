"""The CIFAR ResNets: 6n + 2 layers, option A, and weights that others trained."""

import pytest
import torch

from lit_cnns.features import count
from lit_cnns.models import CifarResNet
from lit_cnns.models.resnet import PadShortcut, Projection


def on_meta(*arguments, **more) -> CifarResNet:
    with torch.device("meta"):
        return CifarResNet(*arguments, **more)


@pytest.mark.parametrize(("option", "kind", "other"), [("A", PadShortcut, Projection), ("B", Projection, PadShortcut)])
def test_the_shape_changes_at_the_start_of_stages_2_and_3_alone(option, kind, other):
    net = on_meta(20, shortcut=option)
    found = [name for name, module in net.named_modules() if isinstance(module, kind)]
    assert found == ["stage2_1.shortcut", "stage3_1.shortcut"]
    assert not any(isinstance(module, other) for module in net.modules())


def test_a_plain_twin_has_the_parameters_of_its_resnet():
    twins = [count(on_meta(56, residual=residual), (3, 32, 32)) for residual in (True, False)]
    assert twins[0] == twins[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"depth": 18}, r"depths \(20, 32, 44, 56, 110, 1202\), not 18"),
        ({"depth": 1202, "residual": False}, r"plain twin .* 110\), not 1202"),
        ({"shortcut": "C"}, "A and B, not 'C'"),
    ],
)
def test_what_the_paper_does_not_have_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        CifarResNet(**arguments)
