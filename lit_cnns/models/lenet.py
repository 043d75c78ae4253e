"""LeNet-5.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner,
Gradient-Based Learning Applied to Document Recognition, Proceedings of the IEEE 86(11), 1998.
"""

from collections import Counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lit_cnns.models.network import Network

# Table I: which of the six maps of S2 each of the sixteen maps of C3 sees
TABLE_I = [
    [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5],
    [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5],
    [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5],
]  # fmt: skip

# Figure 3's idea, drawn anew: each digit as 7 x 12 pixels
BITMAPS = """
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
.#####. ...##.. .#####. .#####. #....## ####### ..####. ####### .#####. .#####.
##...## ..###.. ##...## ##...## #....## ##..... .##.... ####### ##...## ##...##
##...## .####.. #....## .....## #....## ##..... ##..... .....## ##...## ##...##
##...## ...##.. .....## .....## #....## ##..... ##..... .....## .##.##. ##...##
##...## ...##.. ....##. ..####. ##...## ######. ######. ....##. ..###.. .######
##...## ...##.. ...##.. .....## ####### .....## ##...## ...##.. .##.##. .....##
##...## ...##.. ..##... .....## .....## .....## ##...## ..##... ##...## .....##
##...## ...##.. .##.... ##...## .....## ##...## ##...## ..##... ##...## ....##.
.#####. .###### ####### .#####. .....## .#####. .#####. ..##... .#####. .####..
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
....... ....... ....... ....... ....... ....... ....... ....... ....... .......
"""


def output_codes(num_classes: int) -> Tensor:
    """The code of each class, (num_classes, 84) of +1 and -1: the bitmaps for ten, seeded coin tosses otherwise."""
    if num_classes == 10:
        rows = [line.split() for line in BITMAPS.split("\n") if line]
        digits = ["".join(row[digit] for row in rows) for digit in range(10)]
        return torch.tensor([[1.0 if pixel == "#" else -1.0 for pixel in digit] for digit in digits], device="cpu")
    coins = torch.Generator().manual_seed(1998)
    return torch.randint(0, 2, (num_classes, 84), generator=coins, device="cpu") * 2.0 - 1.0


class ScaledTanh(nn.Module):
    """The squashing function A tanh(S x), A = 1.7159, S = 2/3 (Appendix A)."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * (2 / 3))


class Subsampling(nn.Module):
    """The sum of each 2 x 2 square, times a trained coefficient, plus a trained bias; one of each per map."""

    kernel_size = stride = 2

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((maps,), 0.25))  # starts as a mean
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2) * (4 * self.coefficient[:, None, None]) + self.bias[:, None, None]


class TableConv2d(nn.Module):
    """A convolution in which each output map sees the input maps of its row in a table, and no others."""

    places: Tensor

    def __init__(self, table: list[list[int]], kernel_size: int) -> None:
        super().__init__()
        self.table, self.maps, self.kernel_size = table, 1 + max(map(max, table)), kernel_size
        places = [out * self.maps + seen for out, row in enumerate(table) for seen in row]
        self.weight = nn.Parameter(torch.empty(len(places), kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(len(table)))
        # as fractions: averaged weights bring averaged buffers, and whole numbers would be rounded down
        self.register_buffer("places", torch.tensor(places, dtype=torch.float32))
        bound = (kernel_size**2 * len(places) / len(table)) ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)

    def fan_in(self) -> Tensor:
        """The inputs of the map that each kernel belongs to, in the shape of `weight` but for its sides."""
        counts = [len(row) * self.weight[0].numel() for row in self.table for _ in row]
        return torch.tensor(counts, device=self.weight.device)[:, None, None]

    def fan_out(self) -> Tensor:
        """The outputs that an input of the map under each kernel reaches, in that shape, too."""
        rows = Counter(seen for row in self.table for seen in row)
        counts = [rows[seen] * self.weight[0].numel() for row in self.table for seen in row]
        return torch.tensor(counts, device=self.weight.device)[:, None, None]

    def forward(self, x: Tensor) -> Tensor:
        size = self.weight.shape[1:]
        dense = self.weight.new_zeros(len(self.table) * self.maps, *size)
        dense = dense.index_copy(0, self.places.round().long(), self.weight)
        return F.conv2d(x, dense.view(len(self.table), self.maps, *size), self.bias)

    def macs(self, output: Tensor) -> int:
        return self.weight.numel() * output.shape[2] * output.shape[3]


class RBF(nn.Module):
    """Minus the squared distance to the code of each class, so that the nearest code has the largest logit."""

    weight_layers = 1
    codes: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.register_buffer("codes", output_codes(num_classes).to(torch.get_default_device()))

    def forward(self, x: Tensor) -> Tensor:
        return -(x[:, None] - self.codes).square().sum(2)

    def macs(self, output: Tensor) -> int:
        return self.codes.numel()


class LeNet5(Network):
    """LeNet-5 as published.

    Shapes: (B, in_channels, 32, 32) -> (B, num_classes), minus squared distances.
    Parameters: 60,000 for ten classes, as the paper counts, and 840 code values set by hand.

    Departs from the paper: the codes' bitmaps are drawn anew; other than ten classes get seeded codes of +1 and -1.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__(
            [
                ("C1", nn.Conv2d(in_channels, 6, 5)),  # 6 x 28 x 28
                ("tanh1", ScaledTanh()),
                ("S2", Subsampling(6)),  # 6 x 14 x 14
                ("tanh2", ScaledTanh()),
                ("C3", TableConv2d(TABLE_I, 5)),  # 16 x 10 x 10
                ("tanh3", ScaledTanh()),
                ("S4", Subsampling(16)),  # 16 x 5 x 5
                ("tanh4", ScaledTanh()),
                ("C5", nn.Conv2d(16, 120, 5)),  # 120 x 1 x 1
                ("tanh5", ScaledTanh()),
                ("flatten", nn.Flatten()),
                ("F6", nn.Linear(120, 84)),
                ("tanh6", ScaledTanh()),
                ("output", RBF(num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=32,
            largest=32,
        )


class LeNet5Modern(Network):
    """LeNet-5 as it is taught: C3 sees all maps, pooling has no parameters, the output is a trained layer.

    Shapes: (B, in_channels, 32, 32) -> (B, num_classes).
    Parameters: 61,706 for ten classes.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__(
            [
                ("C1", nn.Conv2d(in_channels, 6, 5)),  # 6 x 28 x 28
                ("tanh1", nn.Tanh()),
                ("S2", nn.AvgPool2d(2)),  # 6 x 14 x 14
                ("C3", nn.Conv2d(6, 16, 5)),  # 16 x 10 x 10
                ("tanh3", nn.Tanh()),
                ("S4", nn.AvgPool2d(2)),  # 16 x 5 x 5
                ("C5", nn.Conv2d(16, 120, 5)),  # 120 x 1 x 1
                ("tanh5", nn.Tanh()),
                ("flatten", nn.Flatten()),
                ("F6", nn.Linear(120, 84)),
                ("tanh6", nn.Tanh()),
                ("output", nn.Linear(84, num_classes)),
            ],
            num_classes=num_classes,
            in_channels=in_channels,
            image_size=32,
            largest=32,
        )
