"""Putting tensors into a built network, and saying of each what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

KEPT, ONE_CHANNEL, MORE_CHANNELS = (
    "loaded as they are",
    "its 3 channels summed",
    "3 channels kept, zeros for the others",
)
FEWER = "a third for each of 3 channels"
RESHAPED = "a convolution over the whole map as a full connection, or the other way round"


class Unfit(ValueError):
    """Tensors that are not those of a network, with the first that differs."""


@dataclass
class Fit:
    """What became of each tensor: `loaded` are those to put in, `fate` says it by our names, `left` by theirs."""

    loaded: dict[str, Tensor] = field(default_factory=dict)
    fate: dict[str, str] = field(default_factory=dict)
    left: dict[str, Tensor] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def table(self) -> str:
        """One row for each fate: tensors, values, and the layers they belong to."""
        rows = [("what", "tensors", "values", "layers")]
        for fate in dict.fromkeys(self.fate.values()):
            names = [name for name, its in self.fate.items() if its == fate]
            values = sum(self.sizes[name] for name in names)
            rows.append((fate, str(len(names)), f"{values:,}", _span(names)))
        if self.left:
            values = sum(value.numel() for value in self.left.values())
            rows.append(("left out: no such layer here", str(len(self.left)), f"{values:,}", _span(self.left)))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}" for a, b, c, d in rows)


def _span(names: Iterable[str]) -> str:
    layers = list(dict.fromkeys(name.split(".")[0] for name in names))
    return ", ".join(layers) if len(layers) <= 4 else f"{layers[0]}, {layers[1]} ... {layers[-1]}"


def adapt_channels(weight: Tensor, channels: int) -> tuple[Tensor, str]:
    """The kernels of a first convolution for pictures of another number of channels.

    From 3 to 1 they are summed: what the network answers to a grey picture shown as colour. From 3 to more, the first
    three are kept and the others start at zero: the network answers as before, whatever the others hold. From 1 to 3
    each gets a third. Others are refused.

    Returns:
        the kernels, and what was done in words.

    Raises:
        Unfit: no sensible way.
    """
    there = weight.shape[1]
    if (there, channels) == (3, 1):
        return weight.sum(1, keepdim=True), ONE_CHANNEL
    if (there, channels) == (1, 3):
        return weight.expand(-1, 3, -1, -1) / 3, FEWER
    if there == 3 and channels > 3:
        more = weight.new_zeros(len(weight), channels - 3, *weight.shape[2:])
        return torch.cat([weight, more], 1), MORE_CHANNELS
    raise Unfit(f"its first convolution takes {there} channels and this network {channels}: 3 go into 1 or more than 3")


def fit(net: nn.Module, weights: dict[str, Tensor], num_classes: int) -> Fit:
    """Match tensors with the layers of a network; the network itself is not changed.

    A head for another number of classes stays as it is in the network, a first convolution for another number of
    channels is adapted, side heads may be missing on either side. Everything else must be there, in its shape.

    Args:
        net: the network.
        weights: the tensors, under its own names.
        num_classes: how many classes the network tells apart.

    Raises:
        Unfit: a layer is missing or of another shape.
    """
    expected, result = net.state_dict(), Fit()
    result.sizes = {name: value.numel() for name, value in expected.items()}
    first = next(name for name, value in expected.items() if value.ndim == 4)
    for name, value in expected.items():
        found = weights.get(name)
        if found is None:
            if not (is_side(name) or name.endswith("num_batches_tracked")):
                raise Unfit(f"it has no {name}")
            result.fate[name] = "new: the source has no such head" if is_side(name) else "counted anew"
        elif found.shape == value.shape:
            result.loaded[name], result.fate[name] = found, KEPT
        elif name == first and found.ndim == 4 and found[:, 0].shape == value[:, 0].shape:
            result.loaded[name], result.fate[name] = adapt_channels(found, value.shape[1])
        elif value.ndim and len(value) == num_classes and found.shape[1:] == value.shape[1:]:
            result.fate[name] = f"new: {len(found)} classes there, {num_classes} here"
        elif len(found) == len(value) and found.numel() == value.numel():
            result.loaded[name], result.fate[name] = found.reshape(value.shape), RESHAPED
        else:
            raise Unfit(f"its {name} is {_by(found)} and this network's is {_by(value)}")
    result.left = {name: value for name, value in weights.items() if name not in expected}
    if wrong := next((name for name in result.left if not is_side(name)), None):
        raise Unfit(f"this network has no {wrong}")
    return result


def fit_layers(net: nn.Module, weights: dict[str, Tensor], layers: Sequence[str]) -> Fit:
    """Match some layers alone with those of another network; the others stay as they are.

    Args:
        net: the network.
        weights: the other's tensors, under the names that both have.
        layers: the names, such as `conv1_1`.

    Raises:
        Unfit: a layer is missing on either side, or of another shape.
    """
    expected, result = net.state_dict(), Fit()
    result.sizes = {name: value.numel() for name, value in expected.items()}
    for layer in layers:
        names = [name for name in expected if name.startswith(f"{layer}.")]
        if not names or not all(name in weights for name in names):
            raise Unfit(f"{'it' if names else 'this network'} has no {layer}")
        for name in names:
            if weights[name].shape != expected[name].shape:
                raise Unfit(f"its {name} is {_by(weights[name])} and this network's is {_by(expected[name])}")
            result.loaded[name], result.fate[name] = weights[name], KEPT
    result.fate |= dict.fromkeys((name for name in expected if name not in result.loaded), "new: not asked for")
    return result


def is_side(name: str) -> bool:
    """Whether a tensor belongs to an auxiliary head, which no answer passes through."""
    return name.lower().startswith(("aux", "loss1", "loss2"))


def _by(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"


def put(net: nn.Module, found: Fit) -> None:
    """Copy the tensors into the network."""
    with torch.no_grad():
        own = net.state_dict()
        for name, value in found.loaded.items():
            own[name].copy_(value)
