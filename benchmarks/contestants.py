"""The training and evaluation loops that `benchmarks/training.py` times against each other.

Each takes a `Case` and calls `tick()` after every step. All compute on one thread and read their pictures in the
training process, so that its CPU time is all there is. Peers have torch's own response normalisation, which is what one
has who does not write another; the loss, auxiliary heads included, is the same for all.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count as count_up
from itertools import repeat
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import timm.data
import timm.optim
import timm.utils
import torch
import torchmetrics
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms
from torchvision.transforms import v2

from lit_cnns.classifier import LitClassifier
from lit_cnns.commands.training import plan
from lit_cnns.data import ImageData, ImageFolder
from lit_cnns.data.memory import TensorSet
from lit_cnns.fast import keep_memory
from lit_cnns.features import count
from lit_cnns.lineage import LINEAGE
from lit_cnns.models import LocalResponseNorm

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Tick = Callable[[], None]


class Case(NamedTuple):
    """A network, its batch, and its pictures: a folder of JPEG, or none for random ones of 32 pixels in memory."""

    network: str
    batch: int
    folder: str | None
    evaluate: bool = False

    @property
    def channels(self) -> int:
        return 1 if self.network.startswith("lenet") else 3


def forever(batches: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from batches


# ---- the pictures ----------------------------------------------------------------------------------------------------


def random_bytes(channels: int, count: int = 10_000) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, channels), dtype=np.uint8)


class Arrays(Dataset):
    """What torchvision's CIFAR-10 and MNIST do: arrays in memory, each made a PIL picture for its transforms."""

    def __init__(self, channels: int, transform: Callable) -> None:
        self.images, self.transform = random_bytes(channels).squeeze(), transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.images[index])), index % 10


class Bytes(ImageData):
    """The same pictures as a DataModule of ours."""

    def __init__(self, channels: int, **common: Any) -> None:
        super().__init__(**common)
        self.channels = channels

    @property
    def class_names(self) -> list[str]:
        return [*"0123456789"]

    @property
    def preprocessing(self) -> dict[str, Any]:
        mean, std = (MEAN, STD) if self.channels == 3 else ((0.5,), (0.5,))
        return {"channels": self.channels, "resize": 32, "crop": 32, "pad": 0, "mean": list(mean), "std": list(std)}

    def read(self, split: str) -> TensorSet:
        images = torch.from_numpy(random_bytes(self.channels)).permute(0, 3, 1, 2).contiguous()
        return TensorSet(images, torch.arange(len(images)) % 10)


def _small_crop(case: Case, kind: Any) -> list[Any]:
    return [kind.RandomCrop(32, padding=4), kind.RandomHorizontalFlip()] if case.channels == 3 else []


def torchvision_set(case: Case, kind: Any, last: list[Any]) -> Dataset:
    """Torchvision's data set; `kind` is its first or second version of transforms, `last` what follows the crop."""
    if case.folder is None:
        return Arrays(case.channels, kind.Compose([*([] if case.evaluate else _small_crop(case, kind)), *last]))
    crop = (
        [kind.Resize(256), kind.CenterCrop(224)]
        if case.evaluate
        else [kind.RandomResizedCrop(224), kind.RandomHorizontalFlip()]
    )
    split = "val" if case.evaluate else "train"
    return datasets.ImageFolder(f"{case.folder}/{split}", kind.Compose([*crop, *last]))


def _statistics(case: Case) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return (MEAN, STD) if case.channels == 3 else ((0.5,), (0.5,))


def usual_loader(case: Case) -> DataLoader:
    pictures = torchvision_set(case, transforms, [transforms.ToTensor(), transforms.Normalize(*_statistics(case))])
    return DataLoader(pictures, case.batch, shuffle=not case.evaluate, drop_last=True)


# ---- the network -----------------------------------------------------------------------------------------------------


def module(case: Case, ours: bool) -> LitClassifier:
    """The network with its loss; for peers in torch's usual memory format and with torch's response normalisation."""
    cls, arguments = LINEAGE[case.network]
    made = cls(num_classes=10, in_channels=case.channels, **arguments, channels_last=ours)
    for parent in () if ours else [*made.net.modules()]:
        for name, child in parent.named_children():
            if isinstance(child, LocalResponseNorm):
                setattr(parent, name, nn.LocalResponseNorm(child.size, child.alpha, child.beta, child.k))
    return made.train(not case.evaluate)


def sgd(net: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)


# ---- the contestants -------------------------------------------------------------------------------------------------


def plain(case: Case, tick: Tick) -> None:
    """The smallest plain PyTorch loop."""
    net, batches = module(case, ours=False), forever(usual_loader(case))
    if case.evaluate:
        right = 0
        with torch.no_grad():
            for images, labels in batches:
                right += int((net(images).argmax(1) == labels).sum())
                tick()
    optimizer = sgd(net)
    for images, labels in batches:
        loss = net.loss(images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tick()


def torchvision_style(case: Case, tick: Tick) -> None:
    """Torchvision's transforms in the order of its reference script, whose loop reads loss, top-1 and top-5 a step."""
    last = [v2.PILToTensor(), v2.ToDtype(torch.float, scale=True), v2.Normalize(*_statistics(case)), v2.ToPureTensor()]
    pictures = torchvision_set(case, v2, last)
    net, criterion = module(case, ours=False), nn.CrossEntropyLoss()
    optimizer, meters = sgd(net), {name: timm.utils.AverageMeter() for name in ("loss", "top1", "top5")}
    with torch.set_grad_enabled(not case.evaluate):
        for images, labels in forever(DataLoader(pictures, case.batch, shuffle=not case.evaluate, drop_last=True)):
            if case.evaluate:
                logits = net(images)
                loss = criterion(logits, labels)
            else:
                logits, loss = _both(net, images, labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            top1, top5 = timm.utils.accuracy(logits, labels, (1, 5))
            for name, value in zip(meters, (loss, top1, top5), strict=True):
                meters[name].update(value.item(), len(images))
            tick()


def _both(net: LitClassifier, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The main logits of the forward pass that gives the training loss."""
    seen: list[Tensor] = []
    kept = net.criterion
    net.criterion = lambda logits, *rest: (seen.append(logits.detach()), kept(logits, *rest))[1]  # type: ignore
    loss = net.loss(images, labels)
    del net.criterion
    return seen[-1], loss


def timm_style(case: Case, tick: Tick) -> None:
    """Timm's loader (random crop and flip, no colour jitter, so that all do the same) and the loop of its script."""
    if case.folder is None:
        batches: Any = usual_loader(case)  # its loader crops to a share of the area, which is no recipe for 32 pixels
    else:
        batches = timm.data.create_loader(
            timm.data.create_dataset("", f"{case.folder}/{'val' if case.evaluate else 'train'}"),
            input_size=(3, 224, 224),
            batch_size=case.batch,
            is_training=not case.evaluate,
            use_prefetcher=False,
            color_jitter=None,
            interpolation="bilinear",
            num_workers=0,
            persistent_workers=False,
            pin_memory=False,
            device=torch.device("cpu"),
        )
    net, criterion = module(case, ours=False), nn.CrossEntropyLoss()
    optimizer = timm.optim.create_optimizer_v2(net, "sgd", lr=1e-3, momentum=0.9, weight_decay=1e-4)
    losses, top1s = timm.utils.AverageMeter(), timm.utils.AverageMeter()
    with torch.set_grad_enabled(not case.evaluate):
        for images, labels in forever(batches):
            if case.evaluate:
                logits = net(images)
                losses.update(criterion(logits, labels).item(), len(images))
                top1s.update(timm.utils.accuracy(logits, labels, (1, 5))[0].item(), len(images))
            else:
                loss = net.loss(images, labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.update(loss.item(), len(images))
            tick()


class Naive(L.LightningModule):
    """A LightningModule as the first page of a tutorial has it."""

    def __init__(self, net: LitClassifier) -> None:
        super().__init__()
        self.net, self.accuracy = net, torchmetrics.Accuracy("multiclass", num_classes=10)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        logits, loss = _both(self.net, *batch)
        self.log("train_loss", loss, prog_bar=True)
        self.accuracy(logits, batch[1])
        self.log("train_accuracy", self.accuracy, prog_bar=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        logits = self.net(batch[0])
        self.log("val_loss", nn.functional.cross_entropy(logits, batch[1]), prog_bar=True)
        self.accuracy(logits, batch[1])
        self.log("val_accuracy", self.accuracy, prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return sgd(self.net)


class Clock(L.Callback):
    def __init__(self, tick: Tick) -> None:
        self.tick = tick

    def on_train_batch_end(self, *_: Any) -> None:
        self.tick()

    on_validation_batch_end = on_train_batch_end


def naive_lightning(case: Case, tick: Tick) -> None:
    """A naive LightningModule and Trainer() as it is."""
    module_ = Naive(module(case, ours=False))
    trainer = L.Trainer(accelerator="cpu", max_epochs=-1, callbacks=[Clock(tick)], num_sanity_val_steps=0)
    while case.evaluate:
        trainer.validate(module_, usual_loader(case), verbose=False)
    trainer.fit(module_, usual_loader(case))


def our_data(case: Case) -> ImageData:
    common: dict[str, Any] = {"global_batch_size": case.batch}
    if case.folder is None:
        return Bytes(case.channels, **common, **({"crop_padding": 4, "flip": True} if case.channels == 3 else {}))
    return ImageFolder(case.folder, num_workers=0, **common)


def ours(case: Case, tick: Tick, *options: str) -> None:
    """`lit-cnns fit` (or `validate`) with its default callbacks and loggers, in a process that keeps its memory."""
    keep_memory()
    words = ["--model", case.network, "--data", "CIFAR10" if case.channels == 3 else "MNIST"]
    limits = ["--trainer.accelerator=cpu", "--trainer.max_epochs=-1", "--trainer.limit_val_batches=0"]
    if case.evaluate:
        limits[-1] = "--trainer.limit_val_batches=1.0"
    if case.folder:
        words = [*words[:3], "ImageFolder", "--data.root", case.folder]
        words += ["--data.num_workers=0", f"--data.global_batch_size={case.batch}"]
    cli = plan([*options, *words, *limits])
    cli.trainer.callbacks.append(Clock(tick))
    data = cli.datamodule if case.folder else our_data(case)
    while case.evaluate:
        cli.trainer.validate(cli.model, data, verbose=False)
    cli.trainer.fit(cli.model, data)


def ours_fast(case: Case, tick: Tick) -> None:
    """The same with `--config trainer/fast`."""
    ours(case, tick, "--config", "trainer/fast")


def kept(case: Case, tick: Tick) -> None:
    """The smallest plain loop in a process that keeps the memory it frees: what page faults cost it."""
    keep_memory()
    plain(case, tick)


def our_settings(case: Case, tick: Tick) -> None:
    """The smallest plain loop with our pictures, network, memory format, fused SGD and kept memory."""
    data = our_data(case)
    data.setup("fit")
    _train(case, tick, (data.prepare_batch(batch, train=True) for batch in forever(data.train_dataloader())))


def network_alone(case: Case, tick: Tick) -> None:
    """The same on one batch again and again: what is left where pictures cost nothing."""
    data = our_data(case)
    data.setup("fit")
    _train(case, tick, repeat(data.prepare_batch(next(iter(data.train_dataloader())), train=True)))


def multiplications(case: Case, tick: Tick) -> None:
    """As many multiplications as the network has (in training thrice, for the gradients), at the best rate there is.

    They are done by a convolution of 3x3 over 256 maps of 14x14 pixels, which a processor's library is written for: no
    loop that multiplies in float32 as often can take less time.
    """
    size = 224 if case.folder else 32
    macs = count(module(case, ours=True).net, (case.channels, size, size)).macs
    needed = macs * case.batch * (1 if case.evaluate else 3)
    maps = torch.randn(8, 256, 14, 14).to(memory_format=torch.channels_last)
    conv = nn.Conv2d(256, 256, 3, padding=1, bias=False).to(memory_format=torch.channels_last)
    done, each = 0, maps.numel() * conv.weight[0].numel()
    with torch.no_grad():
        for step in count_up(1):
            while done < step * needed:
                conv(maps)
                done += each
            tick()


def _train(case: Case, tick: Tick, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    keep_memory()
    net = module(case, ours=True)
    optimizer = net.new_optimizer()
    for images, labels in batches:
        loss = net.loss(images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tick()


TRAINING = {
    "plain loop": plain,
    "plain loop, memory kept": kept,
    "torchvision's script": torchvision_style,
    "timm's loop": timm_style,
    "naive Lightning": naive_lightning,
    "plain, our settings": our_settings,
    "the network alone": network_alone,
    "its multiplications alone": multiplications,
    "lit-cnns": ours,
    "lit-cnns fast": ours_fast,
}
EVALUATION = {name: loop for name, loop in TRAINING.items() if loop not in (our_settings, network_alone)}
