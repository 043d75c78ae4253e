"""What all our DataModules share: loaders, division into processes, and the way from bytes to the network."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import lightning as L
import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn
from torch import Tensor

from lit_cnns.data.augmentation import Augmentation, normalise, prepare
from lit_cnns.data.files import FileSet, Shown
from lit_cnns.data.memory import TensorSet
from lit_cnns.data.policies import PolicySet, check_policy
from lit_cnns.data.randomness import order
from lit_cnns.data.sampling import (
    Batch,
    Batches,
    Division,
    EvaluationBatches,
    Loader,
    PictureSet,
    ScaledBatch,
    Source,
    TrainBatches,
)
from lit_cnns.data.scaled import ScaledSet
from lit_cnns.evaluation import NOT_COUNTED, Protocol, Views, protocol

_SPLITS = {"fit": ("train", "val"), "validate": ("val",), "test": ("test",), "predict": ("test",)}
_NOT_DESCRIBED = (
    *("root", "num_workers", "download", "decoder", "scaled_decode"),
    *("storage_options", "cache_dir", "cache_gb"),
)


class ImageData(L.LightningDataModule):
    """Pictures with classes: what every data set of this project can do.

    Batches reach the network as `(images, labels)`: images float (B, C, S, S), normalised; labels int64 (B,), or
    (B, K) probabilities with mixup or cutmix; label -100 is not counted. Predicting adds the pictures' numbers.

    Args:
        global_batch_size: pictures an optimiser step sees, over all processes and accumulated steps.
        seed: decides the order of the pictures and every random crop and flip.
        num_workers: processes that read and decode files, at most one a core; 0 reads in the training process.
        crop_padding: pixels put around a training picture before a random crop.
        pad_with: what they are: black, or mean, which is zero once the mean is subtracted.
        corner_crops: random crops are the four corners and the centre alone, as in ZFNet's paper.
        flip: mirror half of the training pictures.
        auto_augment: none, trivialaugment or randaugment, of torchvision, on each training picture as it is read.
        rotate_degrees: turn training pictures by up to this angle either way.
        translate: shift training pictures by up to this share of the side.
        color_pca: standard deviation of AlexNet's PCA colour noise; the paper has 0.1, 0 is off.
        mixup: alpha of mixup, 0 is off.
        cutmix: alpha of CutMix, 0 is off.
    """

    def __init__(
        self,
        global_batch_size: int = 128,
        seed: int = 0,
        num_workers: int = 0,
        crop_padding: int = 0,
        flip: bool = False,
        rotate_degrees: float = 0.0,
        translate: float = 0.0,
        color_pca: float = 0.0,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        auto_augment: str = "none",
        pad_with: str = "black",
        corner_crops: bool = False,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.global_batch_size, self.seed, self.num_workers = global_batch_size, seed, num_workers
        self.augmentation = Augmentation(
            crop_padding, flip, rotate_degrees, translate, color_pca, mixup, cutmix, pad_with, corner_crops
        )
        self.auto_augment = check_policy(auto_augment)
        self.sets: dict[str, PictureSet] = {}
        self.protocol: Protocol | None = None
        self._division: Division | None = None
        self._unread: dict[str, set[int]] = {}

    @property
    def class_names(self) -> list[str]:
        """What the labels 0, 1, 2 ... mean."""
        raise NotImplementedError

    @property
    def world(self) -> str:
        """One sentence or phrase: what pictures a network trained on this knows."""
        raise NotImplementedError

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def in_channels(self) -> int:
        return self.preprocessing["channels"]

    @property
    def image_size(self) -> int:
        """The side of the pictures the network gets."""
        raise NotImplementedError

    @property
    def preprocessing(self) -> dict[str, Any]:
        """What a picture goes through before the network, in plain values (see `fit_image` and `prepare`)."""
        raise NotImplementedError

    @property
    def description(self) -> dict[str, Any]:
        """Class and arguments, without what belongs to a machine: a checkpoint keeps it."""
        args = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.hparams.items()
            if name[0] != "_" and name not in _NOT_DESCRIBED
        }
        return {"class": type(self).__name__, "args": args}

    @property
    def train_scales(self) -> tuple[int, int] | None:
        """The smallest and largest shorter side that training pictures are scaled to, where the data has such."""
        return None

    def read(self, split: str) -> PictureSet:
        """The pictures of `train`, `val` or `test`; where `tested_whole(split)`, neither scaled, cropped nor padded."""
        raise NotImplementedError

    def showing(self, images: list[Tensor]) -> FileSet:
        """A training set of these pictures, uint8 (C, H, W) each, labelled by their place."""
        return FileSet(Shown(images), torch.arange(len(images)), self.preprocessing)

    def with_policy(self, pictures: PictureSet) -> PictureSet | PolicySet:
        """The training pictures as they are read: changed by `auto_augment`, where it is asked for."""
        return pictures if self.auto_augment == "none" else PolicySet(pictures, self.auto_augment, self.seed)

    def tested_whole(self, split: str) -> bool:
        """Whether a protocol wants more of this split's pictures than their central crop."""
        return self.protocol is not None and split != "train"

    def evaluate_by(self, name: str, scales: Sequence[int] = ()) -> None:
        """Validate, test and predict by a protocol; batches are then `(Views, labels)`, which `LitClassifier` averages.

        Args:
            name: center, ten_crop, dense, multi_scale or crops_144 (`lit_cnns.evaluation.PROTOCOLS`).
            scales: shorter sides in pixels, in place of the protocol's own; `center` without any is the plain crop.

        Raises:
            ValueError: an unknown protocol, scales that are too small for it, or data that does not fit it.
        """
        p, side = self.preprocessing, self._crop
        if not side:
            raise ValueError(f"{name} needs data whose preprocessing names a crop; {type(self).__name__}'s does not.")
        chosen = protocol(name, side, p["resize"] or side, scales)
        if chosen.dense and torch.as_tensor(p["mean"]).ndim > 1:
            raise ValueError(f"{name} takes whole pictures, so a mean of one number a channel, not an image.")
        self.protocol = None if name == "center" and not scales else chosen
        self.sets = {split: pictures for split, pictures in self.sets.items() if split == "train"}

    def setup(self, stage: str) -> None:
        """Read what `fit`, `validate`, `test` or `predict` needs."""
        for split in _SPLITS[stage]:
            if split not in self.sets:
                self.sets[split] = self.read(split)

    @property
    def division(self) -> Division:
        """How the global batch is divided: as the Trainer has it, or as `divide` said."""
        if self._division is None and self.trainer is not None:
            # the devices among which one network is divided see the same pictures
            share = self.trainer.distributed_sampler_kwargs or {"num_replicas": 1, "rank": 0}
            return Division(share["num_replicas"], share["rank"], self.trainer.accumulate_grad_batches)
        return self._division or Division()

    def divide(self, processes: int, rank: int, accumulate: int = 1) -> None:
        """Say how the global batch is divided, where no Trainer does."""
        self._division = Division(processes, rank, accumulate)

    def train_dataloader(self) -> Loader:
        division, pictures = self.division, self.sets["train"]
        shuffle = self.trainer is None or not self.trainer.overfit_batches  # type: ignore[attr-defined]
        batches = TrainBatches(len(pictures), self.global_batch_size, division, self.seed, shuffle, self._order)
        if not len(batches):
            raise ValueError(
                f"The training set has {len(pictures)} pictures, fewer than one global batch of "
                f"{self.global_batch_size}: choose a smaller global_batch_size."
            )
        rank_zero_info(
            f"Global batch {self.global_batch_size} = {division.processes} process(es) x {division.accumulate} "
            f"accumulated x {batches.per_device} pictures."
        )
        position = self._position if self.trainer is not None else None
        return self._loader("train", batches, position)

    def _order(self, epoch: int) -> Tensor:
        """The numbers of the training pictures in the order of an epoch."""
        return order(self.seed, epoch, len(self.sets["train"]))

    def val_dataloader(self) -> Loader:
        return self._evaluation_loader("val")

    def test_dataloader(self) -> Loader:
        return self._evaluation_loader("test")

    def predict_dataloader(self) -> Loader:
        return self._evaluation_loader("test")

    def _evaluation_loader(self, split: str) -> Loader:
        scales = len(self.protocol.sides) if self.protocol else 1
        at_once = max(1, self._evaluation_batch // scales)
        return self._loader(split, EvaluationBatches(len(self.sets[split]), at_once, self.division), None)

    @property
    def _crop(self) -> int:
        """Side of the crop before it is padded; 0 where nothing fixes it."""
        return self.preprocessing["crop"] or self.preprocessing["resize"] or 0

    @property
    def _evaluation_batch(self) -> int:
        return -(-self.global_batch_size // self.division.parts)

    def _loader(self, split: str, batches: Batches, position: Callable[[], tuple[int, int]] | None) -> Loader:
        pictures: Source = self.sets[split]
        if split == "train":
            pictures = self.with_policy(self.sets[split])
        workers = 0 if isinstance(pictures, TensorSet) else self._workers(split)
        if self.protocol and split != "train":
            interpolation = self.preprocessing.get("interpolation", "bilinear")
            pictures = ScaledSet(self.sets[split], self.protocol.sides, interpolation)
        elif isinstance(pictures, TensorSet):
            pictures = self.sets[split] = self._on_device(pictures)
        pin = torch.cuda.is_available() and not (isinstance(pictures, TensorSet) and pictures.images.is_cuda)
        note = None if isinstance(pictures, TensorSet) else lambda batch: self._note_unread(split, batch)
        return Loader(pictures, batches, workers, position, note, pin)

    def _workers(self, split: str) -> int:
        cores = os.cpu_count() or 1
        if self.num_workers > cores and split == "train":
            rank_zero_info(f"num_workers is {self.num_workers}, but here are {cores} cores: {cores} read the pictures.")
        return min(self.num_workers, cores)

    def _on_device(self, pictures: TensorSet) -> TensorSet:
        """The whole set on the GPU, if it takes at most a quarter of the free memory there: nothing is copied then."""
        device = self.trainer.strategy.root_device if self.trainer is not None else torch.device("cpu")
        if device.type != "cuda" or pictures.size > torch.cuda.mem_get_info(device)[0] // 4:
            return pictures
        return pictures.to(device)

    def _position(self) -> tuple[int, int]:
        # Lightning's own counters: right also for a run that was cut within a step
        assert self.trainer is not None
        return _epoch(self.trainer), self.trainer.fit_loop.epoch_loop.batch_progress.current.ready

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        if self.trainer is None:
            return self.prepare_batch(batch, train=False)
        images, labels = self.prepare_batch(batch, self.trainer.training, _epoch(self.trainer))
        images = self._in_precision(images) if isinstance(images, Tensor) else images
        return (images, labels, batch[2]) if self.trainer.predicting else (images, labels)

    def prepare_batch(self, batch: Any, train: bool, epoch: int = 0) -> tuple[Tensor | Views, Tensor]:
        """`prepare` with this data's preprocessing and augmentation; for programs without a Trainer.

        Args:
            batch: of a loader of this data.
            train: whether it is trained on; otherwise `protocol` says what is seen of the pictures.
            epoch: decides the random numbers of training.
        """
        if train or self.protocol is None:
            return prepare(batch, self.preprocessing, train, self.augmentation, self.seed, epoch, self.num_classes)
        pictures, labels, _ = batch
        interpolation = self.preprocessing.get("interpolation", "bilinear")
        return Views(pictures, self.protocol, self._crop, self._finish, self._evaluation_batch, interpolation), labels

    def _finish(self, views: Tensor) -> Tensor:
        """What `prepare` does to a crop."""
        pad = self.preprocessing.get("pad", 0)
        return self._in_precision(normalise(F.pad(views, [pad] * 4) if pad else views, self.preprocessing))

    def _in_precision(self, images: Tensor) -> Tensor:
        """As the run's precision has inputs: Lightning has seen to the bytes only."""
        return images if self.trainer is None else self.trainer.precision_plugin.convert_input(images)

    def _note_unread(self, split: str, batch: Batch | ScaledBatch) -> None:
        _, labels, indices = batch
        unread = indices[(labels == NOT_COUNTED) & (indices >= 0)]
        if len(unread):
            self._unread.setdefault(split, set()).update(unread.tolist())

    def teardown(self, stage: str) -> None:
        """Say which pictures could not be read, where the policy is to skip them."""
        share = "" if self.division.processes == 1 else " in the share of process 0"
        for split, indices in self._unread.items():
            name = self.sets[split].name(min(indices))
            rank_zero_warn(
                f"{len(indices)} of {len(self.sets[split])} {split} pictures could not be read and were not counted"
                f"{share}; the first is {name}."
            )
        self._unread.clear()


def _epoch(trainer: L.Trainer) -> int:
    # not `current_epoch`, which counts validation in
    return trainer.fit_loop.epoch_progress.current.processed  # type: ignore[attr-defined]


def positive(side: int) -> int:
    """The side of pictures, in pixels; ValueError where it is none."""
    if side < 1:
        raise ValueError(f"image_size is the side of the pictures in pixels, 1 or more, not {side}.")
    return side


def per_channel(values: Sequence[float], channels: int) -> list[float]:
    """A mean or std as a list of one number a channel."""
    if len(values) != channels:
        raise ValueError(f"mean and std have one number a channel: {channels} here, not {len(values)}.")
    return [float(value) for value in values]


def stratified(labels: Tensor, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Split picture numbers in two, the second of `size` pictures with each class in its share (largest remainder).

    Returns:
        (the rest, the `size` chosen), both ascending.
    """
    classes, counts = labels.unique(return_counts=True)
    quota = counts.double() * size / len(labels)
    take = quota.floor().long()
    short = (take - quota).argsort(stable=True)[: size - int(take.sum())]
    take[short] += 1
    shuffled = order(seed, 0, len(labels))
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for label, count in zip(classes.tolist(), take.tolist(), strict=True):
        chosen[shuffled[labels[shuffled] == label][:count]] = True
    return (~chosen).nonzero()[:, 0], chosen.nonzero()[:, 0]
