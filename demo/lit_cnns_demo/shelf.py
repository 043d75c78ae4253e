"""The checkpoints the lab knows: found in folders, known to the browser by an id, loaded when first used."""

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from lit_cnns.features import LayerInfo

SHIPPED = Path(__file__).parent / "checkpoints"
SUFFIXES = (".ckpt", ".safetensors")
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

    @property
    def accuracy(self) -> str:
        """The checkpoint's own top-1 and of which split: the test set if it has been tested."""
        for split in ("test", "val"):
            if (top1 := self.description["metrics"].get(f"{split}/top1")) is not None:
                return f"{split} {100 * top1:.1f}\N{NO-BREAK SPACE}%"
        return ""

    def title(self, parts_of_place: int = 0) -> str:
        """Name, data, accuracy and the end of its place, for a list."""
        data = self.description["data"].get("class") or "unknown data"
        place = "/".join(self.place.split("/")[-parts_of_place:]) if parts_of_place else ""
        return " · ".join(part for part in (self.name, str(data), self.accuracy, place) if part)


@dataclass(frozen=True, eq=False)
class Network:
    """A loaded checkpoint.

    Args:
        entry: its place on the shelf.
        net: the plain network, in eval mode on the CPU.
        class_names: one for each logit.
        preprocessing: what a picture goes through before it.
    """

    entry: Entry
    net: "nn.Module"
    class_names: list[str]
    preprocessing: dict[str, Any]

    @property
    def size(self) -> int:
        """The side of its pictures."""
        side = self.preprocessing["crop"] or self.preprocessing["resize"]
        return int(side + 2 * self.preprocessing["pad"])

    @property
    def input_size(self) -> tuple[int, int, int]:
        return self.preprocessing["channels"], self.size, self.size

    @cached_property
    def layers(self) -> dict[str, "LayerInfo"]:
        """The layers that can be looked at, by name."""
        from lit_cnns import features

        found = features.layers(self.net, self.input_size)
        return {layer.name: layer for layer in found if layer.has_maps and layer.kind not in SAME_EVERYWHERE}

    @cached_property
    def costs(self) -> tuple[int, int]:
        """Parameters and multiply-accumulates."""
        from lit_cnns import features

        return tuple(features.count(self.net, self.input_size))

    @property
    def bytes(self) -> int:
        tensors = (*self.net.parameters(), *self.net.buffers())
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class Shelf:
    """The checkpoints below some folders and those that ship, newest first.

    Args:
        folders: folders or files; one that does not exist yet is looked at again each time.
        memory: how many bytes of weights stay loaded; the one in use stays in any case.
    """

    def __init__(self, folders: Iterable[str | Path] = (), memory: int = 2 << 30) -> None:
        self.folders = [Path(folder) for folder in folders]
        self.memory = memory
        self.version = 0
        self._entries: dict[str, Entry] = {}
        self._seen: dict[Path, Stamp] | None = None
        self._loaded: OrderedDict[str, Network] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    @property
    def labels(self) -> dict[str, str]:
        """What to call each id in a list: its title, with as much of its place as tells it from others."""
        labels: dict[str, str] = {}
        for parts in range(1 + max((entry.place.count("/") + 1 for entry in self.entries), default=0)):
            rest = [entry for entry in self.entries if entry.id not in labels]
            titles = Counter(entry.title(parts) for entry in rest)
            labels |= {entry.id: entry.title(parts) for entry in rest if titles[entry.title(parts)] == 1}
        return {entry.id: labels.get(entry.id, entry.id) for entry in self.entries}

    def first_choice(self, count: int) -> list[str]:
        """The first checkpoint of each network on the shelf, a run's best before its last, for a page just opened."""
        chosen: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.name not in chosen or (chosen[entry.name].path.parent == entry.path.parent and _is_best(entry)):
                chosen[entry.name] = entry
        return [entry.id for entry in [*chosen.values()][:count]]

    def refresh(self) -> None:
        """Look for checkpoints again; `version` grows if anything has changed since the last time."""
        with self._lock:
            seen = self._stamps()
            if seen == self._seen:
                return
            from lit_cnns import runs

            paths = runs.find_checkpoints(*self.folders, SHIPPED)
            found = [entry for path in paths if (entry := self._entry(path))]
            found.sort(key=lambda entry: (entry.path.is_relative_to(SHIPPED), -entry.stamp[0]))
            self._entries = {entry.id: entry for entry in found}
            self._seen = seen
            self.version += 1

    def pick(self, ids: Sequence[str] | None) -> list[Entry]:
        """The entries of these ids.

        Raises:
            ValueError: an id is not on the shelf.
        """
        for id in ids or ():
            if id not in self._entries:
                raise ValueError(f"There is no network '{id}' here; press Refresh, then choose from the list.")
        return [self._entries[id] for id in dict.fromkeys(ids or ())]

    def network(self, entry: Entry) -> Network:
        """Load a network, or take it from memory.

        Raises:
            ValueError: the file cannot be loaded any more, or takes pictures no file can give.
        """
        with self._lock:
            loaded = self._loaded.pop(entry.id, None)
            if loaded is None or loaded.entry.stamp != entry.stamp:
                loaded = _load(entry)
            self._loaded[entry.id] = loaded
            while len(self._loaded) > 1 and sum(network.bytes for network in self._loaded.values()) > self.memory:
                self._loaded.popitem(last=False)
            return loaded

    def _stamps(self) -> dict[Path, Stamp]:
        stamps = {}
        for folder in (*self.folders, SHIPPED):
            files = [folder] if folder.is_file() else (p for s in SUFFIXES for p in folder.rglob(f"*{s}"))
            for path in files:
                if stamp := _stamp(path):
                    stamps[path] = stamp
        return stamps

    def _entry(self, path: Path) -> Entry | None:
        """Read one file; None if the run that writes it has just replaced it."""
        from lit_cnns import checkpoints

        stamp = _stamp(path)
        if stamp is None:
            return None
        try:
            description = checkpoints.describe(path)
        except checkpoints.CheckpointError:
            return None
        name = network_name(description)
        if path.is_relative_to(SHIPPED):
            return Entry(path.stem, path, stamp, name, "ships with the lab", description)
        place = "/".join(part for part in _below(path, self.folders).with_suffix("").parts if part != "checkpoints")
        return Entry(f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}", path, stamp, name, place, description)


def network_name(description: dict[str, Any]) -> str:
    """The row of the lineage that a checkpoint's class and arguments are, or else the class's name."""
    import inspect

    from lit_cnns import LINEAGE

    rows = {name: (cls, row) for name, (cls, row) in LINEAGE.items() if cls.__name__ == description["class"]}
    telling = {key for _, row in rows.values() for key in row}
    for name, (cls, row) in rows.items():
        defaults = {key: p.default for key, p in inspect.signature(cls).parameters.items()}
        if all(description["args"].get(key, defaults[key]) == row.get(key, defaults[key]) for key in telling):
            return name
    return str(description["class"])


def _is_best(entry: Entry) -> bool:
    return entry.path.stem.startswith("best")


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def _below(path: Path, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if path.is_relative_to(folder.resolve()) and folder.is_dir():
            return path.relative_to(folder.resolve())
    return Path(path.name)


def _load(entry: Entry) -> Network:
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
