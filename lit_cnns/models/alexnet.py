"""AlexNet, and its authors' networks for CIFAR-10.

A. Krizhevsky, I. Sutskever, G. E. Hinton,
ImageNet Classification with Deep Convolutional Neural Networks, NIPS 25, 2012.
"""

from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from lit_cnns.models.network import Network


def _window_sum(x: Tensor, size: int) -> Tensor:
    """The sum over `size` neighbouring maps, (B, towers, C, H, W)."""
    total = x.clone()
    for distance in range(1, size // 2 + 1):
        total[:, :, distance:] += x[:, :, :-distance]
        total[:, :, :-distance] += x[:, :, distance:]
    return total


def _power(base: Tensor, beta: float) -> Tensor:
    if beta != 0.75:
        return base.pow(-beta)
    root = base.rsqrt()
    return root.sqrt().mul_(root)  # base^-0.75, several times faster than pow


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, alpha: float, beta: float, k: float, towers: int) -> Tensor:
        maps = x.unflatten(1, (towers, -1))
        wide = maps.float() if maps.dtype in (torch.float16, torch.bfloat16) else maps
        base = _window_sum(wide.square().mul_(alpha / size), size).add_(k)
        ctx.save_for_backward(maps, base)
        ctx.size, ctx.alpha, ctx.beta = size, alpha, beta
        return _power(base, beta).mul_(wide).flatten(1, 2).to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        maps, base = ctx.saved_tensors
        direct = _power(base, ctx.beta).mul_(gradient.unflatten(1, maps.shape[1:3]))
        neighbours = _window_sum((direct * maps).div_(base), ctx.size)
        found = torch.addcmul(direct, maps.to(base.dtype), neighbours, value=-2 * ctx.alpha * ctx.beta / ctx.size)
        return found.flatten(1, 2).to(gradient.dtype), None, None, None, None, None


@cache
def _on_gpu() -> Any:
    """The same with one kernel each way, where Triton is there and compiles it."""
    from torch.utils._triton import has_triton

    if not has_triton():
        return _Normalise
    from lit_cnns.models.response_norm_gpu import NormaliseOnGPU, runs

    return NormaliseOnGPU if runs() else _Normalise


class LocalResponseNorm(nn.Module):
    """x / (k + alpha/size * sum of squares of `size` neighbouring maps)^beta, within each tower (Section 3.3).

    alpha is divided by the window's size, as the authors' own code does and the printed formula does not.
    Equal to `nn.LocalResponseNorm`, several times faster forward and backward.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0, towers: int = 1) -> None:
        super().__init__()
        if size % 2 == 0:
            raise ValueError(f"The window has a map in its middle, so its size is odd, not {size}.")
        self.size, self.alpha, self.beta, self.k, self.towers = size, alpha, beta, k, towers

    def forward(self, x: Tensor) -> Tensor:
        # torch.compile makes kernels of its own
        single = x.is_cuda and x.dtype != torch.float64 and not torch.compiler.is_compiling()
        normalise = _on_gpu() if single else _Normalise
        return normalise.apply(x, self.size, self.alpha, self.beta, self.k, self.towers)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}, towers={self.towers}"


class CeilConv2d(nn.Conv2d):
    """A convolution whose last step may hang over the right and bottom edge, where it sees zeros."""

    def forward(self, x: Tensor) -> Tensor:
        over = [(self.kernel_size[i] - x.shape[2 + i]) % self.stride[i] for i in (0, 1)]
        return super().forward(F.pad(x, (0, over[1], 0, over[0])))


class Maps(NamedTuple):
    """The kernels of each layer, how many towers the network has, and how it normalises."""

    conv1: int
    conv2: int
    conv3: int
    conv4: int
    conv5: int
    towers: int
    apart: bool = True  # each tower normalised by itself
    k: float = 2.0
    pool_first: bool = False


VARIANTS = {  #          conv1 conv2 conv3 conv4 conv5 towers
    "two_towers": Maps(     96,  256,  384,  384,  256, 2),  # Figure 2
    "ungrouped": Maps(      96,  256,  384,  384,  256, 1),  # not in the paper
    "one_gpu_half": Maps(   48,  128,  192,  192,  256, 1),  # Section 3.2, footnote
    "bvlc": Maps(           96,  256,  384,  384,  256, 2, apart=False, k=1.0),  # Caffe's replication
    "caffenet": Maps(       96,  256,  384,  384,  256, 2, apart=False, k=1.0, pool_first=True),  # and its own order
}  # fmt: skip
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def _choice(kind: str, name: str, allowed: dict[str, Any]) -> Any:
    if name not in allowed:
        raise ValueError(f"AlexNet has {kind} {[*allowed]}, not {name!r}.")
    return allowed[name]


class AlexNet(Network):
    """AlexNet: two towers that meet at conv3 and from fc6 on.

    Maps 0 to 47 of conv1 are the first tower's, 48 to 95 the second's.

    Shapes: (B, in_channels, 224, 224) -> (B, num_classes); 227 is the same grid without its overhang.
    Parameters: 60,965,224 for 1000 classes; ungrouped 62,378,344; one_gpu_half 59,798,312.

    Departs from the paper: in two places its authors' code is followed, the grid of conv1 and the alpha of the response
    normalisation. BVLC's "bvlc" normalises across both towers with k = 1, and so does "caffenet", after pooling:
    trained weights of both are about, and have these functions.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        variant: "two_towers", "ungrouped", "one_gpu_half" (half the kernels in conv1 to conv4), "bvlc" or "caffenet".
        activation: relu or tanh.
        dropout: share of fc6 and fc7 that is dropped.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        variant: str = "two_towers",
        activation: str = "relu",
        dropout: float = 0.5,
    ) -> None:
        w: Maps = _choice("variants", variant, VARIANTS)
        act = _choice("activations", activation, ACTIVATIONS)
        towers = w.towers

        def shrink(place: int) -> list[tuple[str, nn.Module]]:
            norm = LocalResponseNorm(5, k=w.k, towers=towers if w.apart else 1)
            both = [(f"norm{place}", norm), (f"pool{place}", nn.MaxPool2d(3, 2))]
            return both[::-1] if w.pool_first else both

        super().__init__(
            [
                ("conv1", CeilConv2d(in_channels, w.conv1, 11, stride=4)),  # 96 x 55 x 55
                (f"{activation}1", act()),
                *shrink(1),  # 96 x 27 x 27
                ("conv2", nn.Conv2d(w.conv1, w.conv2, 5, padding=2, groups=towers)),  # 256 x 27 x 27
                (f"{activation}2", act()),
                *shrink(2),  # 256 x 13 x 13
                ("conv3", nn.Conv2d(w.conv2, w.conv3, 3, padding=1)),  # 384 x 13 x 13
                (f"{activation}3", act()),
                ("conv4", nn.Conv2d(w.conv3, w.conv4, 3, padding=1, groups=towers)),  # 384 x 13 x 13
                (f"{activation}4", act()),
                ("conv5", nn.Conv2d(w.conv4, w.conv5, 3, padding=1, groups=towers)),  # 256 x 13 x 13
                (f"{activation}5", act()),
                ("pool5", nn.MaxPool2d(3, 2)),  # 256 x 6 x 6
                ("flatten", nn.Flatten()),
                ("fc6", nn.Linear(w.conv5 * 6 * 6, 4096)),
                (f"{activation}6", act()),
                ("drop6", nn.Dropout(dropout)),
                ("fc7", nn.Linear(4096, 4096)),
                (f"{activation}7", act()),
                ("drop7", nn.Dropout(dropout)),
                ("fc8", nn.Linear(4096, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=224,
            largest=227,
        )


class LocalConv2d(nn.Module):
    """A convolution without shared weights: each place of the map has kernels and biases of its own."""

    def __init__(self, in_channels: int, out_channels: int, side: int, kernel_size: int, padding: int) -> None:
        super().__init__()
        self.side, self.kernel_size, self.padding = side, kernel_size, padding
        self.window = (kernel_size, 1, padding)
        inputs = in_channels * kernel_size**2
        self.weight = nn.Parameter(torch.empty(side * side, out_channels, inputs))
        self.bias = nn.Parameter(torch.zeros(side * side, out_channels))
        nn.init.uniform_(self.weight, -(inputs**-0.5), inputs**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        patches = F.unfold(x, self.kernel_size, padding=self.padding).permute(2, 0, 1)  # (places, B, inputs)
        maps = torch.bmm(patches, self.weight.transpose(1, 2)) + self.bias[:, None]
        return maps.permute(1, 2, 0).unflatten(2, (self.side, self.side))

    def fan_in(self) -> Tensor:
        """The inputs that one output sees."""
        return torch.tensor(self.weight.shape[2], device=self.weight.device)

    def fan_out(self) -> Tensor:
        """The outputs that one input reaches, away from the border."""
        return torch.tensor(self.weight.shape[1] * self.kernel_size**2, device=self.weight.device)

    def macs(self, output: Tensor) -> int:
        return self.weight.numel()


CIFAR_VARIANTS = {"13pct": (False, 32), "11pct": (True, 64)}  # response normalisation, maps of local3


class AlexNetCifar(Network):
    """The networks of Section 3.3 for CIFAR-10, by the configurations their authors released.

    Shapes: (B, in_channels, image_size, image_size) -> (B, num_classes).
    Parameters: 1,116,490 ("13pct") and 2,112,970 ("11pct") for ten classes at 24 pixels.

    Args:
        num_classes: width of the logits.
        in_channels: channels of the pictures.
        variant: "13pct" or "11pct", after their error.
        activation: relu or tanh.
        image_size: side of the crops; the locally connected layers are built for it.
    """

    weight_layers = 4  # the paper's count leaves fc10 out

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        variant: str = "13pct",
        activation: str = "relu",
        image_size: int = 24,
    ) -> None:
        normalised, local3 = _choice("CIFAR variants", variant, CIFAR_VARIANTS)
        act = _choice("activations", activation, ACTIVATIONS)
        if image_size < 8:
            raise ValueError(f"AlexNetCifar takes pictures of 8 and more pixels a side, not {image_size}.")
        side = image_size // 4  # after two pools of 3 x 3 and stride 2 that round up
        pool1, rnorm1 = ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)), ("rnorm1", LocalResponseNorm(9, 1e-3, k=1.0))
        pool2, rnorm2 = ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)), ("rnorm2", LocalResponseNorm(9, 1e-3, k=1.0))
        layers: list[tuple[str, nn.Module]] = [
            ("conv1", nn.Conv2d(in_channels, 64, 5, padding=2)),  # 64 x 24 x 24
            (f"{activation}1", act()),
            *([pool1, rnorm1] if normalised else [pool1]),  # 64 x 12 x 12
            ("conv2", nn.Conv2d(64, 64, 5, padding=2)),
            (f"{activation}2", act()),
            *([rnorm2, pool2] if normalised else [pool2]),  # 64 x 6 x 6
            ("local3", LocalConv2d(64, local3, side, 3, padding=1)),  # 32 or 64 x 6 x 6
            (f"{activation}3", act()),
            ("local4", LocalConv2d(local3, 32, side, 3, padding=1)),  # 32 x 6 x 6
            (f"{activation}4", act()),
            ("flatten", nn.Flatten()),
            ("fc10", nn.Linear(32 * side * side, num_classes)),
        ]
        super().__init__(
            layers, num_classes=num_classes, in_channels=in_channels, image_size=image_size, largest=image_size
        )
