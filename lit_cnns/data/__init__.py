"""Data sets as DataModules, and a picture's way from a file to the network."""

from lit_cnns.data.augmentation import Augmentation, prepare, to_batch
from lit_cnns.data.digits import Digits
from lit_cnns.data.module import ImageData
from lit_cnns.data.pictures import ImageError, fit_image, read_image

__all__ = ["Augmentation", "Digits", "ImageData", "ImageError", "fit_image", "prepare", "read_image", "to_batch"]
