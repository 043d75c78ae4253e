"""A checkpoint: what it says of itself, and its network once it is loaded."""

from collections import deque
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from lit_cnns.features import LayerInfo, ReceptiveField

TIMES_KEPT = 9
SAME_EVERYWHERE = {"Dropout", "Flatten", "Identity"}  # layers whose output in eval mode is their input

Stamp = tuple[int, int]


@dataclass(frozen=True)
class Entry:
    """A checkpoint on the shelf.

    Args:
        id: what the browser sends; a path is never taken from it.
        path: where the file lies.
        stamp: time of change and size, so that a file written anew is loaded anew.
        name: the network's name, as in the papers' tables.
        place: where among the folders it was found, for people.
        description: what the checkpoint says of itself.
    """

    id: str
    path: Path
    stamp: Stamp
    name: str
    place: str
    description: dict[str, Any] = field(repr=False)

    def accuracy(self, what: str = "") -> str:
        """The checkpoint's own top-1 and of which split: the test set if it has been tested.

        Args:
            what: a word between the split and the number.
        """
        for split in ("test", "val"):
            top1 = self.description["metrics"].get(f"{split}/top1")
            if isinstance(top1, float) and 0 <= top1 <= 1:  # a damaged one may be NaN
                return " ".join(part for part in (split, what, f"{100 * top1:.1f}\N{NO-BREAK SPACE}%") if part)
        return ""

    def title(self, parts_of_place: int = 0) -> str:
        """Name, data, accuracy and the end of its place, for a list."""
        from .worlds import data_name

        place = "/".join(self.place.split("/")[-parts_of_place:]) if parts_of_place else ""
        return " · ".join(part for part in (self.name, data_name(self.description), self.accuracy(), place) if part)


@dataclass(frozen=True, eq=False)
class Network:
    """A loaded checkpoint.

    Args:
        entry: its place on the shelf.
        net: the plain network, in eval mode on the CPU.
        class_names: one for each logit.
        preprocessing: what a picture goes through before it.
        times: milliseconds of its latest forward passes of one picture, all but the first after loading.
    """

    entry: Entry
    net: "nn.Module"
    class_names: list[str]
    preprocessing: dict[str, Any]
    times: deque[float] = field(default_factory=partial(deque, maxlen=TIMES_KEPT), repr=False)

    @property
    def size(self) -> int:
        """The side of its pictures."""
        side = self.preprocessing["crop"] or self.preprocessing["resize"]
        return int(side + 2 * self.preprocessing["pad"])

    @property
    def input_size(self) -> tuple[int, int, int]:
        return self.preprocessing["channels"], self.size, self.size

    @cached_property
    def world(self) -> str:
        """Which pictures the network knows, in a sentence."""
        from .worlds import world

        return world(self.entry.description)

    @cached_property
    def layers(self) -> dict[str, "LayerInfo"]:
        """The layers that can be looked at, by name."""
        from lit_cnns import features

        found = features.layers(self.net, self.input_size)
        return {layer.name: layer for layer in found if layer.has_maps and layer.kind not in SAME_EVERYWHERE}

    @cached_property
    def fields(self) -> "dict[str, ReceptiveField]":
        """What a unit of each layer sees of the picture.

        Raises:
            ValueError: the network enlarges its maps.
        """
        from lit_cnns import features

        return features.receptive_fields(self.net, self.input_size)

    @cached_property
    def at_strides(self) -> dict[str, str]:
        """The last layer at each stride: `1/8` to its name. Empty if the network's maps have no one stride."""
        from lit_cnns import features

        try:
            found = features.last_at_strides(self.layers.values(), self.fields)
        except ValueError:
            return {}
        return {stride_name(stride): layer.name for stride, layer in found.items()}

    @cached_property
    def costs(self) -> tuple[int, int]:
        """Parameters and multiply-accumulates."""
        from lit_cnns import features

        return tuple(features.count(self.net, self.input_size))

    @cached_property
    def bytes(self) -> int:
        tensors = (*self.net.parameters(), *self.net.buffers())
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def stride_name(stride: tuple[int, int]) -> str:
    """How much smaller than the picture a layer's maps are: `1/8`, or `1/8 × 1/4` of height and width."""
    height, width = stride
    return f"1/{height}" if height == width else f"1/{height} × 1/{width}"


def load(entry: Entry) -> Network:
    """Load an entry's network.

    Raises:
        ValueError: the file cannot be loaded any more, or its network takes pictures that no file can give.
    """
    from lit_cnns import checkpoints

    try:
        module = checkpoints.load(entry.path)
    except checkpoints.CheckpointError as error:
        raise ValueError(str(error).replace(str(entry.path), entry.place or entry.path.name)) from error
    preprocessing = module.preprocessing or _plain_preprocessing(module.net)
    if preprocessing["channels"] not in (1, 3):
        raise ValueError(f"{entry.name} takes {preprocessing['channels']} channels; a picture has 1 or 3.")
    names = [str(name) for name in module.class_names]
    if len(names) != module.num_classes:
        names = [f"class {number}" for number in range(module.num_classes)]
    return Network(entry, module.net, names, preprocessing)


def _plain_preprocessing(net: Any) -> dict[str, Any]:
    """Values from 0 to 1 at the network's own size, for a checkpoint whose data did not say."""
    channels, side = net.in_channels, net.image_size
    plain = {"interpolation": "bilinear", "pad": 0, "ink": None, "mean": [0.0] * channels, "std": [1.0] * channels}
    return {"channels": channels, "resize": side, "crop": side, **plain}
