"""ResNets as torchvision, timm and akamaster's CIFAR repository call them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lit_cnns.weights.dialects.dialect import IMAGENET, Dialect, Found


def _from_two(found: Found, layers: Sequence[str]) -> str:
    """`layer3.0` is our `conv4_1`: the paper counts conv1 in, and from one."""
    return f"conv{int(found[1]) + 1}_{int(found[2]) + 1}"


RESNET = Dialect(
    "ResNet as torchvision and timm call it",
    r"^layer4\.0\.conv1\.weight$",
    (
        (r"^layer(\d)\.(\d+)", _from_two),
        (r"\.downsample\.0\.", ".shortcut.conv."),
        (r"\.downsample\.1\.", ".shortcut.bn."),
    ),
    # v1.5 first: a file does not say where it strides, and this is what both projects train; --network says otherwise
    tuple((f"resnet{depth}_{option}", {}) for option in "bc" for depth in (18, 34))
    + tuple((f"resnet{depth}{version}", {}) for version in ("_v15", "") for depth in (50, 101, 152)),
)


def _stage(found: Found, layers: Sequence[str]) -> str:
    return f"stage{found[1]}_{int(found[2]) + 1}"


SECOND = torch.tensor([*range(8, 24), *range(8), *range(24, 32)])
ORDER = {
    "stage1": torch.arange(16),
    "stage2": SECOND,
    "stage3": torch.cat([16 + SECOND, torch.tensor([*range(16), *range(48, 64)])]),
}


def _zeros_behind(name: str, value: Tensor) -> Tensor:
    """Option A puts the new maps half before and half behind the old ones there, and all behind here."""
    block, *inside = name.split(".")
    stage = block.split("_")[0]
    if name == "fc.weight":
        return value[:, ORDER["stage3"]]
    if stage not in ORDER or not value.ndim:
        return value
    if inside[0] == "conv1":
        return value[:, ORDER[{"stage2_1": "stage1", "stage3_1": "stage2"}.get(block, stage)]]
    return value[ORDER[stage]] if inside[0] in ("conv2", "bn2") else value


RESNET_CIFAR = Dialect(
    "ResNet for CIFAR-10 with option A as akamaster/pytorch_resnet_cifar10 calls it",
    r"^linear\.weight$",
    ((r"^layer(\d)\.(\d+)", _stage), (r"^linear\.", "fc.")),
    tuple((f"resnet{depth}_cifar", {}) for depth in (20, 32, 44, 56, 110, 1202)),
    reorder=_zeros_behind,
    preprocessing={**IMAGENET, "resize": 32, "crop": 32},
)
