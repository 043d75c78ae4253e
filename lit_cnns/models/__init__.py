"""The networks, oldest first: plain `nn.Module`s that read like their papers' tables."""

from lit_cnns.models.alexnet import AlexNet, AlexNetCifar, LocalResponseNorm
from lit_cnns.models.alexnet_owt import AlexNetOWT
from lit_cnns.models.googlenet import GoogLeNet, GoogLeNetSmall
from lit_cnns.models.inception_resnet_v2 import InceptionResNetV2
from lit_cnns.models.inception_v2 import InceptionV2
from lit_cnns.models.inception_v3 import InceptionV3
from lit_cnns.models.inception_v4 import InceptionV4
from lit_cnns.models.lenet import LeNet5, LeNet5Modern
from lit_cnns.models.nin import NiN, NiNImageNet
from lit_cnns.models.preresnet import CifarPreResNet, PreResNet
from lit_cnns.models.resnet import ResNet
from lit_cnns.models.resnet_cifar import CifarResNet
from lit_cnns.models.vgg import VGG, VGGSmall
from lit_cnns.models.zfnet import ZFNet

__all__ = [
    "VGG",
    "AlexNet",
    "AlexNetCifar",
    "AlexNetOWT",
    "CifarPreResNet",
    "CifarResNet",
    "GoogLeNet",
    "GoogLeNetSmall",
    "InceptionResNetV2",
    "InceptionV2",
    "InceptionV3",
    "InceptionV4",
    "LeNet5",
    "LeNet5Modern",
    "LocalResponseNorm",
    "NiN",
    "NiNImageNet",
    "PreResNet",
    "ResNet",
    "VGGSmall",
    "ZFNet",
]
