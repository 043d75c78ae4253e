"""Any folder of class folders."""

import functools
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn
from torch import Tensor

from lit_cnns.data.crop import TrainingCrop
from lit_cnns.data.decoding import decode_by
from lit_cnns.data.files import Files, FileSet, Shown, Stock
from lit_cnns.data.layout import SEE, Layout, class_folders, list_pictures
from lit_cnns.data.module import ImageData, per_channel, positive, stratified
from lit_cnns.data.prepared import Manifest, Packed, manifest_of
from lit_cnns.data.sampling import PictureSet

SMALL = 64  # pictures up to this side are kept in memory, and cropped on the device
MEMORY = 4 << 30  # bytes of pictures that are kept in memory without being asked
CROPS = ("random_resized", "shorter_side", "central_square")
MEANS = {3: (0.485, 0.456, 0.406), 1: (0.449,)}  # of ImageNet's pixels in [0, 1], as torchvision has them
STDS = {3: (0.229, 0.224, 0.225), 1: (0.226,)}


class ImageFolder(ImageData):
    """Pictures in `ROOT/train/CLASS/`, `ROOT/val/CLASS/` and, if there is one, `ROOT/test/CLASS/`.

    Without `val/`, `test/` serves to validate, or `val_fraction` sets pictures of `train/` aside; that also works
    with one folder `ROOT/CLASS/`, and with what `lit-cnns data prepare` made, which is read faster. Evaluation scales
    the shorter side to `resize` and takes the central crop.

    Args:
        root: the folder.
        image_size: side of the crop the network gets.
        resize: shorter side before the crop; default: image_size up to 64, beyond that 8/7 of it (256 for 224).
        train_crop: random_resized (a patch of random area and shape, as GoogLeNet), shorter_side (scaled, then a
            random window, as VGG and ResNet) or central_square (scaled, its central square, then a random window, as
            AlexNet); default: central_square up to image_size 64, beyond that random_resized.
        train_resize: shorter side in training for shorter_side and central_square: a length, or for shorter_side
            also [smallest, largest] to draw it from; default: resize.
        scale: random_resized: smallest and largest share of the picture's area.
        ratio: random_resized: smallest and largest width / height.
        interpolation: bilinear, bicubic or nearest.
        channels: 3, or 1 for grey.
        mean: subtracted from pixels in [0, 1], one number a channel; default: ImageNet's.
        std: pixels are divided by it afterwards; default: ImageNet's.
        val_fraction: share of the training pictures set aside to validate on, the same share of each class.
        split_seed: which pictures are set aside.
        in_memory: keep all pictures in memory as bytes (needs central_square); default: if they are small.
        on_broken: raise stops at a picture that cannot be read and names it; skip leaves it out and counts.
        decoder: pil, or fast: JPEG by simplejpeg, which takes less than half the time (docs/data.md); what it does not
            take (PNG, CMYK, turned or broken pictures) is left to Pillow. Default: pil; with `trainer/fast`, fast.
        scaled_decode: let `decoder: fast` decode at 1/2, 1/4 or 1/8 where a crop is at least that much larger than
            what the network gets; changes pixels. Default: false; with `trainer/fast`, true.
        flip: mirror half of the training pictures; not for letters or digits.
        num_workers: processes that read and decode; none are used for pictures in memory.
        **common: the other arguments of `ImageData`.

    Raises:
        ValueError: arguments that contradict each other, missing or empty folders.
    """

    def __init__(
        self,
        root: str = "data",
        image_size: int = 224,
        resize: int | None = None,
        train_crop: str | None = None,
        train_resize: int | list[int] | None = None,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: str = "bilinear",
        channels: int = 3,
        mean: tuple[float, ...] | None = None,
        std: tuple[float, ...] | None = None,
        val_fraction: float = 0.0,
        split_seed: int = 0,
        in_memory: bool | None = None,
        on_broken: str = "raise",
        decoder: str | None = None,
        scaled_decode: bool | None = None,
        flip: bool = True,
        num_workers: int = 4,
        **common: Any,
    ) -> None:
        super().__init__(flip=flip, num_workers=num_workers, **common)
        self.save_hyperparameters(logger=False)
        self.root, self.side, self.interpolation, self.channels = (
            Path(root),
            positive(image_size),
            interpolation,
            channels,
        )
        self.resize = resize or (image_size if image_size <= SMALL else image_size * 8 // 7)
        kind = train_crop or ("central_square" if image_size <= SMALL else "random_resized")
        drawn = self.resize if train_resize is None else train_resize
        low, high = (drawn, drawn) if isinstance(drawn, int) else drawn
        side = low if kind == "central_square" else image_size
        self.crop = TrainingCrop(kind, side, (low, high), (scale[0], scale[1]), (ratio[0], ratio[1]))
        self.val_fraction, self.split_seed = val_fraction, split_seed
        self.in_memory, self.on_broken = in_memory, on_broken
        self.decode = decode_by(decoder or "pil", bool(scaled_decode))
        self._check()
        self.mean = per_channel(MEANS[channels] if mean is None else mean, channels)
        self.std = per_channel(STDS[channels] if std is None else std, channels)

    def _check(self) -> None:
        low, high = self.crop.resize
        for name, value, allowed in (
            ("train_crop", self.crop.kind, CROPS),
            ("interpolation", self.interpolation, ("bilinear", "bicubic", "nearest")),
            ("on_broken", self.on_broken, ("raise", "skip")),
            ("channels", self.channels, (3, 1)),
        ):
            if value not in allowed:
                raise ValueError(f"{name} is one of {', '.join(map(str, allowed))}, not {value}.")
        if min(self.resize, low) < self.side or high < low:
            raise ValueError(
                f"resize {self.resize} and train_resize {[low, high]} must not be smaller than image_size {self.side}."
            )
        if self.crop.kind == "central_square" and low != high:
            raise ValueError("central_square takes one train_resize; a range needs train_crop: shorter_side.")
        if not 0 <= self.val_fraction < 1:
            raise ValueError(f"val_fraction is a share from 0 to below 1, not {self.val_fraction}.")
        if self.in_memory and self.crop.kind != "central_square":
            raise ValueError("in_memory needs train_crop: central_square, so that each picture is decoded once.")

    @property
    def image_size(self) -> int:
        return self.side

    @property
    def preprocessing(self) -> dict[str, Any]:
        return {
            "channels": self.channels,
            "resize": self.resize,
            "crop": self.side,
            "interpolation": self.interpolation,
            "pad": 0,
            "mean": self.mean,
            "std": self.std,
            "ink": None,
        }

    @property
    def train_scales(self) -> tuple[int, int] | None:
        return None if self.crop.kind == "random_resized" else self.crop.resize

    @functools.cached_property
    def manifest(self) -> Manifest | None:
        """What root says of itself if `lit-cnns data prepare` made it."""
        manifest = manifest_of(self.root)
        if manifest:
            self._warn_of_enlarging(manifest)
        return manifest

    def _warn_of_enlarging(self, manifest: Manifest) -> None:
        if max(self.resize, self.crop.resize[1]) > manifest.side:
            rank_zero_warn(
                f"{self.hparams['root']} is prepared at side {manifest.side}: its pictures are enlarged for resize "
                f"{self.resize} and train_resize {list(self.crop.resize)}."
            )

    @functools.cached_property
    def layout(self) -> Layout:
        """The folders below root."""
        return Layout.of(self.root)

    @functools.cached_property
    def classes(self) -> list[str]:
        """The names of the class folders, in the order of the labels."""
        if self.manifest:
            return self.manifest.classes
        folder = self.layout.train or self.layout.val or self.layout.test
        assert folder is not None
        return class_folders(folder)

    @property
    def class_names(self) -> list[str]:
        return self.classes

    @property
    def world(self) -> str:
        shown = ", ".join(self.class_names[:10])
        return f"pictures of {self.num_classes} classes: {shown}" + (" ..." if self.num_classes > 10 else "")

    def list_split(self, split: str) -> tuple[Stock, Tensor]:
        """The pictures and labels of `train`, `val` or `test`."""
        train, val, test = self.layout.train, self.layout.val, self.layout.test
        if split == "test" and (held_out := test or (val if self.val_fraction else None)):
            return self.list_folder(held_out)
        if split != "train" and not self.val_fraction:
            if val is None and split == "val" and test:
                rank_zero_info(f"No val/ folder under {self.root}: validating on test/.")
            if folder := val or test:
                return self.list_folder(folder)
            raise ValueError(
                f"No val/ folder under {self.root}: make one, or set pictures aside by val_fraction: 0.1. {SEE}"
            )
        if train is None:
            raise ValueError(f"No train/ folder under {self.root}. {SEE}")
        stock, labels = self.list_folder(train)
        if not self.val_fraction:
            return stock, labels
        parts = stratified(labels, round(len(labels) * self.val_fraction), self.split_seed)
        chosen = parts[0 if split == "train" else 1]
        return stock.subset(chosen), labels[chosen]

    def list_folder(self, folder: Path) -> tuple[Stock, Tensor]:
        """The pictures below a folder of class folders, and their labels."""
        if self.manifest:
            return Packed.open(folder, self.manifest.form == "memmap")
        paths, labels = list_pictures(folder, self.classes)
        return Files(paths), torch.tensor(labels)

    def read(self, split: str) -> PictureSet:
        stock, labels = self.list_split(split)
        pictures = self._pictures(split, stock, labels)
        in_memory = self._stays_in_memory(len(stock)) and not self.tested_whole(split)
        return pictures.in_memory() if in_memory else pictures

    def showing(self, images: list[Tensor]) -> FileSet:
        return self._pictures("train", Shown(images), torch.arange(len(images)))

    def _pictures(self, split: str, stock: Stock, labels: Tensor) -> FileSet:
        preprocessing, crop = self.preprocessing, None
        if split == "train" and self.crop.kind == "central_square":
            preprocessing = {**preprocessing, "resize": self.crop.side, "crop": self.crop.side}
        elif split == "train":
            crop = self.crop
        return FileSet(stock, labels, preprocessing, crop, self.seed, self.on_broken == "skip", self.decode)

    def _stays_in_memory(self, count: int) -> bool:
        if self.in_memory is not None:
            return self.in_memory
        size = count * self.channels * self.crop.side**2
        return self.side <= SMALL and self.crop.kind == "central_square" and size <= MEMORY
