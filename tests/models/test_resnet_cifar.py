"""The CIFAR ResNets: 6n + 2 layers, option A, and weights that others trained."""

import numpy as np
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


def in_our_names(key: str) -> str:
    """Their `module.layer2.0.bn1.bias` is our `stage2_1.bn1.bias`."""
    key = key.removeprefix("module.").replace("linear.", "fc.")
    if key.startswith("layer"):
        stage, block, rest = key.removeprefix("layer").split(".", 2)
        key = f"stage{stage}_{int(block) + 1}.{rest}"
    return key


def in_our_order(weights: dict) -> dict:
    """Option A appends its zeros here and puts half of them before the maps there: the same function, other places."""
    stage2 = torch.tensor([*range(8, 24), *range(8), *range(24, 32)])
    stage3 = torch.cat([16 + stage2, torch.tensor([*range(16), *range(48, 64)])])
    order = {"stage1": torch.arange(16), "stage2": stage2, "stage3": stage3, "fc": stage3}
    found = {}
    for key, value in weights.items():
        place = key[:6] if key.startswith("stage") else key.split(".")[0]
        before = {"stage2_1": "stage1", "stage3_1": "stage2"}.get(key.split(".")[0], place)
        if ".conv1." in key or key == "fc.weight":
            value = value[:, order[before]]
        elif place != "fc" and (".conv2." in key or ".bn2." in key) and value.ndim:
            value = value[order[place]]
        found[key] = value
    return found


def test_weights_that_others_trained_classify_the_official_test_images(shared):
    weights = torch.load(shared / "data/weights/resnet20-12fca82f.th", map_location="cpu", weights_only=True)
    net = CifarResNet(20).eval()
    net.load_state_dict(in_our_order({in_our_names(key): value for key, value in weights["state_dict"].items()}))
    data = np.load(shared / "data/cifar10/cifar10_lossless_subset.npz")
    images = torch.from_numpy(data["test_x"]).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    with torch.inference_mode():
        found = torch.cat([net(part).argmax(1) for part in ((images - mean) / std).split(128)])
    assert len(found) == 1017
    assert (found == torch.from_numpy(data["test_y"])).double().mean() >= 0.9
