"""The lineage, oldest first: each network with the recipe of its paper as defaults, one file a family.

`LINEAGE` maps a network's name, as `papers/` has it, to its class and arguments.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from lit_cnns.classifier import LitClassifier
from lit_cnns.lineage.alexnet import LitAlexNet, LitAlexNetCifar
from lit_cnns.lineage.alexnet_owt import LitAlexNetOWT
from lit_cnns.lineage.googlenet import LitGoogLeNet, LitGoogLeNetSmall
from lit_cnns.lineage.inception_resnet_v2 import LitInceptionResNetV2
from lit_cnns.lineage.inception_v2 import LitInceptionV2
from lit_cnns.lineage.inception_v3 import LitInceptionV3
from lit_cnns.lineage.inception_v4 import LitInceptionV4
from lit_cnns.lineage.lenet import LitLeNet5
from lit_cnns.lineage.nin import LitNiN, LitNiNCifar100, LitNiNImageNet
from lit_cnns.lineage.preresnet import LitCifarPreResNet, LitPreResNet
from lit_cnns.lineage.resnet import LitCifarResNet, LitResNet
from lit_cnns.lineage.vgg import LitVGG, LitVGGSmall
from lit_cnns.lineage.zfnet import LitZFNet

__all__ = [
    "LINEAGE",
    "LitAlexNet",
    "LitAlexNetCifar",
    "LitAlexNetOWT",
    "LitCifarPreResNet",
    "LitCifarResNet",
    "LitGoogLeNet",
    "LitGoogLeNetSmall",
    "LitInceptionResNetV2",
    "LitInceptionV2",
    "LitInceptionV3",
    "LitInceptionV4",
    "LitLeNet5",
    "LitNiN",
    "LitNiNCifar100",
    "LitNiNImageNet",
    "LitPreResNet",
    "LitResNet",
    "LitVGG",
    "LitVGGSmall",
    "LitZFNet",
    "build",
    "name_of",
    "row_of",
]

Row = tuple[type[LitClassifier], dict[str, Any]]
DEPTHS, CIFAR_DEPTHS = (18, 34), (20, 32, 44, 56, 110)

LINEAGE: dict[str, Row] = {
    "lenet5_1998": (LitLeNet5, {"variant": "original"}),
    "lenet5_modern": (LitLeNet5, {"variant": "modern"}),
    "alexnet": (LitAlexNet, {"variant": "two_towers"}),
    "alexnet_ungrouped": (LitAlexNet, {"variant": "ungrouped"}),
    "alexnet_one_gpu_half": (LitAlexNet, {"variant": "one_gpu_half"}),
    "alexnet_bvlc": (LitAlexNet, {"variant": "bvlc"}),
    "caffenet": (LitAlexNet, {"variant": "caffenet"}),
    "alexnet_cifar_13pct": (LitAlexNetCifar, {"variant": "13pct"}),
    "alexnet_cifar_11pct": (LitAlexNetCifar, {"variant": "11pct"}),
    "alexnet_owt": (LitAlexNetOWT, {"variant": "released"}),
    "alexnet_owt_paper": (LitAlexNetOWT, {"variant": "paper"}),
    "zfnet": (LitZFNet, {"variant": "original"}),
    "zfnet_wide": (LitZFNet, {"variant": "wide"}),
    "nin_cifar10": (LitNiN, {}),
    "nin_cifar100": (LitNiNCifar100, {}),
    "nin_imagenet": (LitNiNImageNet, {}),
    "vgg_a": (LitVGG, {"config": "A"}),
    "vgg_a_lrn": (LitVGG, {"config": "A-LRN"}),
    "vgg_b": (LitVGG, {"config": "B"}),
    "vgg_c": (LitVGG, {"config": "C"}),
    "vgg_d": (LitVGG, {"config": "D"}),
    "vgg_e": (LitVGG, {"config": "E"}),
    "vgg_cifar": (LitVGGSmall, {}),
    "googlenet": (LitGoogLeNet, {}),
    "googlenet_separable_conv1": (LitGoogLeNet, {"separable": True, "aux": False}),
    "googlenet_cifar": (LitGoogLeNetSmall, {}),
    "bn_inception": (LitInceptionV2, {"variant": "released"}),
    "bn_inception_separable": (LitInceptionV2, {"variant": "separable"}),
    "bn_inception_table": (LitInceptionV2, {"variant": "table"}),
    "inception_v3": (LitInceptionV3, {}),
    **{f"plain{d}": (LitResNet, {"depth": d, "residual": False}) for d in DEPTHS},
    **{f"resnet{d}_{s.lower()}": (LitResNet, {"depth": d, "shortcut": s}) for s in "ABC" for d in DEPTHS},
    **{f"resnet{d}": (LitResNet, {"depth": d}) for d in (50, 101, 152)},
    **{f"resnet{d}_v15": (LitResNet, {"depth": d, "stride_on": "3x3"}) for d in (50, 101, 152)},
    **{f"plain{d}_cifar": (LitCifarResNet, {"depth": d, "residual": False}) for d in CIFAR_DEPTHS},
    **{f"resnet{d}_cifar": (LitCifarResNet, {"depth": d}) for d in (*CIFAR_DEPTHS, 1202)},
    "resnet20_cifar_b": (LitCifarResNet, {"depth": 20, "shortcut": "B"}),
    "inception_v4": (LitInceptionV4, {}),
    "inception_resnet_v2": (LitInceptionResNetV2, {"variant": "released"}),
    "inception_resnet_v2_paper": (LitInceptionResNetV2, {"variant": "paper"}),
    **{f"preresnet{d}": (LitPreResNet, {"depth": d}) for d in (152, 200)},
    **{f"preresnet{d}_cifar": (LitCifarPreResNet, {"depth": d}) for d in (110, 164, 1001)},
}


# arguments that leave the network a paper's own
_FREE = ("self", "num_classes", "in_channels", "image_size", "aux", "dropout")


def name_of(module: LitClassifier) -> str | None:
    """The name in `LINEAGE` of a module; see `row_of`."""
    return row_of(type(module).__name__, module.arguments)


def row_of(class_name: str, arguments: Mapping[str, Any], exactly: bool = True) -> str | None:
    """The name in `LINEAGE` of a class with its arguments; None if there is none.

    Args:
        class_name: as a checkpoint says it.
        arguments: those that are absent have the class's defaults.
        exactly: the network is the paper's own; otherwise only what tells one row from another is looked at, so that
            a VGG-A with batch norm is still called `vgg_a`.
    """
    rows = {name: (cls, row) for name, (cls, row) in LINEAGE.items() if cls.__name__ == class_name}
    telling = {key for _, row in rows.values() for key in row}
    fitting = []
    for name, (cls, row) in rows.items():
        known = {p.name: p for p in inspect.signature(cls).parameters.values()}
        given = {key: arguments.get(key, p.default) for key, p in known.items()}
        shaping = {key for key, p in known.items() if p.kind is p.POSITIONAL_OR_KEYWORD and key not in _FREE}
        if all(given[key] == row.get(key, known[key].default) for key in (shaping if exactly else telling)):
            fitting.append((sum(given[key] == value for key, value in row.items()), name))
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def build(name: str, **arguments: Any) -> LitClassifier:
    """A network of the lineage by its name or alias, e.g. `build("vgg16", num_classes=10)`.

    Raises:
        ValueError: no such network; the nearest names are given.
    """
    from lit_cnns import papers

    cls, row = LINEAGE[papers.canonical(name)]
    return cls(**{**row, **arguments})
