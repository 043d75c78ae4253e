"""What claims by looking share: networks in the CIFAR form at any depth, pictures to show them, and a few steps."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lit_cnns.data import Digits
from lit_cnns.initialisation import initialise
from lit_cnns.models.resnet import BasicBlock, PlainBlock
from lit_cnns.models.resnet_cifar import MAPS

ACTIVATIONS = {"ReLU": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
SIDE = 16  # pixels of the digits: a quarter of the work of the paper's 32


@cache
def digits(split: str = "train", side: int = SIDE) -> tuple[Tensor, Tensor]:
    """Scikit-learn's handwritten digits, normalised: `[N, 1, side, side]` and their labels."""
    data = Digits(image_size=side)
    pictures, mean, std = data.read(split), data.mean[0], data.std[0]
    images, labels, _ = pictures.__getitems__((0, torch.arange(len(pictures))))
    if images.shape[-1] != side:
        images = F.interpolate(images.float(), size=(side, side), mode="bilinear")
    return (images.float() / 255 - mean) / std, labels.long()


def cifar_form(
    depth: int,
    residual: bool = False,
    batch_norm: bool = True,
    activation: str = "ReLU",
    init: str = "he_fan_in",
    channels: int = 1,
) -> nn.Sequential:
    """The network of He et al. 2015, Section 4.2, at any depth, and what it is without parts.

    6n + 2 layers are the paper's; other depths give the earlier stages a block more, odd ones a second convolution
    before the blocks.

    Args:
        depth: layers with weights, 8 or more.
        residual: with shortcuts, option A.
        batch_norm: as in the paper, or with biases in its place.
        activation: ReLU as in the paper, tanh or sigmoid.
        init: of its weights.
        channels: of the pictures.

    Raises:
        ValueError: there is no block for each stage.
    """
    if depth < 8:
        raise ValueError(f"The CIFAR form has a block of two layers in each of three stages: 8 or more, not {depth}.")
    layers: list[nn.Module] = []
    for inputs in (channels, 16)[: 1 + depth % 2]:
        layers += [nn.Conv2d(inputs, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    inputs, blocks = 16, (depth - 2) // 2
    for stage, maps in enumerate(MAPS):
        for place in range((blocks + 2 - stage) // 3):
            stride = 2 if stage and not place else 1
            layers.append(BasicBlock(inputs, maps, stride, "A") if residual else PlainBlock(inputs, maps, stride))
            inputs = maps
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.ReLU) and activation != "ReLU":
                setattr(parent, name, ACTIVATIONS[activation]())
            if isinstance(layer, nn.BatchNorm2d) and not batch_norm:
                setattr(parent, name, nn.Identity())
            if isinstance(layer, nn.Conv2d) and not batch_norm:
                layer.bias = nn.Parameter(torch.zeros(layer.out_channels))
    initialise(net, init)
    return net


def batches(images: Tensor, labels: Tensor, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Pass over the pictures again and again, in an order drawn anew for each pass; a rest is left out."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        for numbers in torch.randperm(len(labels), generator=generator).split(size):
            if len(numbers) == size:
                yield images[numbers], labels[numbers]


@contextmanager
def without_denormals() -> Iterator[None]:
    """Let numbers below 1e-38, which take a processor many times as long, be zero."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def train(
    net: nn.Module,
    pictures: Iterable[tuple[Tensor, Tensor]],
    steps: int,
    rate: float,
    decay: float = 1e-4,
    decays_to: float = 1.0,
) -> None:
    """Stochastic gradient descent with momentum 0.9; the rate falls along a cosine to `decays_to` of itself."""
    optimiser = torch.optim.SGD(net.parameters(), rate, 0.9, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1), rate * decays_to)
    net.train()
    for _, (images, labels) in zip(range(steps), pictures, strict=False):
        optimiser.zero_grad(set_to_none=True)
        F.cross_entropy(net(images), labels).backward()
        optimiser.step()
        schedule.step()


def error(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Percent of the pictures that a network gets wrong."""
    net.eval()
    with torch.no_grad():
        return 100 * float((net(images).argmax(1) != labels).float().mean())
