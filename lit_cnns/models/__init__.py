"""The networks, oldest first: plain `nn.Module`s that read like their papers' tables."""

from lit_cnns.models.alexnet import AlexNet, AlexNetCifar, LocalResponseNorm
from lit_cnns.models.googlenet import GoogLeNet, GoogLeNetSmall
from lit_cnns.models.lenet import LeNet5, LeNet5Modern
from lit_cnns.models.resnet import ResNet
from lit_cnns.models.resnet_cifar import CifarResNet
from lit_cnns.models.vgg import VGG, VGGSmall

__all__ = [
    "VGG",
    "AlexNet",
    "AlexNetCifar",
    "CifarResNet",
    "GoogLeNet",
    "GoogLeNetSmall",
    "LeNet5",
    "LeNet5Modern",
    "LocalResponseNorm",
    "ResNet",
    "VGGSmall",
]
