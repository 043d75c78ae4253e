"""Data sets as DataModules, and a picture's way from a file to the network."""

from lit_cnns.data.augmentation import Augmentation, prepare, to_batch
from lit_cnns.data.cifar import CIFAR10, CIFAR100
from lit_cnns.data.digits import Digits
from lit_cnns.data.folder import ImageFolder
from lit_cnns.data.gallery import Gallery
from lit_cnns.data.imagenet import ImageNet
from lit_cnns.data.mnist import MNIST, FashionMNIST
from lit_cnns.data.module import ImageData
from lit_cnns.data.pictures import ImageError, fit_image, read_image
from lit_cnns.data.storage import StorageError
from lit_cnns.data.streamed import StreamedImages
from lit_cnns.data.viewing import Seen, data_described, data_of, seen_in_training

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "MNIST",
    "Augmentation",
    "Digits",
    "FashionMNIST",
    "Gallery",
    "ImageData",
    "ImageError",
    "ImageFolder",
    "ImageNet",
    "Seen",
    "StorageError",
    "StreamedImages",
    "data_described",
    "data_of",
    "fit_image",
    "prepare",
    "read_image",
    "seen_in_training",
    "to_batch",
]
