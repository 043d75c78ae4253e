"""The ILSVRC lineage of convolutional networks as PyTorch Lightning modules, exactly as the papers have them."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "LitClassifier": "lit_cnns.classifier",
    "LitLeNet5": "lit_cnns.lineage",
    "LitAlexNet": "lit_cnns.lineage",
    "LitZFNet": "lit_cnns.lineage",
    "LitNiN": "lit_cnns.lineage",
    "LitVGG": "lit_cnns.lineage",
    "LitGoogLeNet": "lit_cnns.lineage",
    "LitInceptionV2": "lit_cnns.lineage",
    "LitInceptionV3": "lit_cnns.lineage",
    "LitInceptionV4": "lit_cnns.lineage",
    "LitResNet": "lit_cnns.lineage",
    "LitCifarResNet": "lit_cnns.lineage",
    "LitPreResNet": "lit_cnns.lineage",
    "LINEAGE": "lit_cnns.lineage",
    "build": "lit_cnns.lineage",
    "Digits": "lit_cnns.data",
    "MNIST": "lit_cnns.data",
    "FashionMNIST": "lit_cnns.data",
    "CIFAR10": "lit_cnns.data",
    "CIFAR100": "lit_cnns.data",
    "ImageFolder": "lit_cnns.data",
    "ImageNet": "lit_cnns.data",
    "load": "lit_cnns.checkpoints",
    "CheckpointError": "lit_cnns.checkpoints",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
