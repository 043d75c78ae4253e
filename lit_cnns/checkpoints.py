"""Checkpoints that describe themselves.

A checkpoint is Lightning's own `.ckpt` with one key more, `lit_cnns`, in plain values:
`{format, class, args, class_names, preprocessing, data, metrics, ema, versions}`. It is read without running anything
of it, and only classes of the lineage, guests, or classes of packages that registered under the entry-point group
`lit_cnns.models` are ever built from it.
"""

import inspect
import json
import pickle
import re
import zipfile
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor

from lit_cnns.checkpoint_io import write_whole
from lit_cnns.classifier import LitClassifier
from lit_cnns.guests import GUESTS
from lit_cnns.lineage import LINEAGE, row_of
from lit_cnns.sharded import ShardingError, is_sharded, read_sharded

__all__ = [
    "CheckpointError",
    "ForeignCheckpoint",
    "as_json",
    "assemble",
    "describe",
    "lay_out",
    "load",
    "network_name",
    "progress",
    "save_slim",
]

LARGEST = {"num_classes": 100_000, "image_size": 1024, "in_channels": 64}
LARGEST_SIDE = 4096  # of a picture, in pixels
PARTS = {"class": str, "args": dict, "class_names": list, "preprocessing": dict, "data": dict, "metrics": dict}


class CheckpointError(ValueError):
    """A file that is not a checkpoint of ours, in one sentence."""


class ForeignCheckpoint(CheckpointError):
    """A sound checkpoint that another program wrote.

    Args:
        sentence: that says so.
        of_lightning: whether a Trainer can go on with it.
    """

    def __init__(self, sentence: str, of_lightning: bool = False) -> None:
        super().__init__(sentence)
        self.of_lightning = of_lightning


def buildable() -> dict[str, type[LitClassifier]]:
    """The classes a checkpoint may name: of the lineage, guests, and of the entry-point group `lit_cnns.models`."""
    ours = {cls.__name__: cls for cls in (*(cls for cls, _ in LINEAGE.values()), *GUESTS.values())}
    others = {point.name: point for point in entry_points(group="lit_cnns.models")}
    return {**{name: point.load() for name, point in others.items()}, **ours}


def _read(path: Path, mmap: bool) -> dict[str, Any]:
    if is_sharded(path):
        try:
            return read_sharded(path)
        except ShardingError as error:
            raise CheckpointError(str(error)) from None
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint at {path}.")
    if path.stat().st_size == 0:
        raise CheckpointError(f"{path} is empty (0 bytes): the run that wrote it was cut, or the disk was full.")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if not zipfile.is_zipfile(path):
        raise CheckpointError(
            f"{path} is cut short or is no checkpoint: a .ckpt or .safetensors of lit-cnns is needed."
        )
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} holds something other than tensors and plain values{_named_in(error)}; it was not executed."
        ) from None
    except Exception as error:  # whatever damaged bytes lead the reader into
        raise CheckpointError(f"{path} is damaged or cut short ({_first_line(error)}).") from None
    if not isinstance(contents, dict):
        raise CheckpointError(f"{path} holds a {type(contents).__name__}, not a checkpoint.")
    return contents


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            description = json.loads((file.metadata() or {}).get("lit_cnns", "null"))
            return {"lit_cnns": description, "state_dict": {name: file.get_tensor(name) for name in file.keys()}}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or cut short ({_first_line(error)}).") from None


def _named_in(error: Exception) -> str:
    # torch's own words go on to say how the file could be run all the same
    found = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f" ({found[1]})" if found else ""


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def _described(contents: dict[str, Any], path: Path) -> dict[str, Any]:
    description = contents.get("lit_cnns")
    if not isinstance(description, dict):
        raise ForeignCheckpoint(
            f"{path} was not written by lit-cnns: it has no `lit_cnns` entry. Weights alone come in by --init_from, or "
            "by lit-cnns convert.",
            of_lightning={"state_dict", "pytorch-lightning_version"} <= contents.keys(),
        )
    if description.get("format") != 1:
        raise CheckpointError(f"{path} has format {description.get('format')!r}; this version reads format 1.")
    for name, kind in PARTS.items():
        if not isinstance(description.get(name), kind):
            raise CheckpointError(f"{path} is damaged: its `{name}` is not a {kind.__name__}.")
    _check_preprocessing(description["preprocessing"], path)
    if not isinstance(contents.get("state_dict"), dict):
        raise CheckpointError(f"{path} is damaged: it has no weights.")
    return description


def _check_preprocessing(preprocessing: dict[str, Any], path: Path) -> None:
    if not preprocessing:  # trained on data that say nothing of it
        return
    for key, smallest in (("channels", 1), ("resize", 1), ("crop", 1), ("pad", 0)):
        value = preprocessing.get(key)
        if value is None and key in ("resize", "crop"):
            continue
        if not isinstance(value, int) or not smallest <= value <= LARGEST_SIDE:
            raise CheckpointError(f"{path} is damaged: its preprocessing has {key}={value!r}.")
    for key in ("mean", "std"):
        if not isinstance(preprocessing.get(key), (list, Tensor)):
            raise CheckpointError(f"{path} is damaged: its preprocessing has no {key}.")


def is_there(path: Path) -> bool:
    """Whether there is a file, or a folder that a sharded run has written in a checkpoint's place."""
    return path.is_file() or is_sharded(path)


def describe(path: str | Path) -> dict[str, Any]:
    """What a checkpoint says of itself, without building its network or reading its weights.

    Raises:
        CheckpointError: the file is missing, empty, cut short, carries code, or is not ours.
    """
    path = Path(path)
    return _described(_read(path, mmap=True), path)


def network_name(description: dict[str, Any]) -> str:
    """What to call the network that a checkpoint describes: its row of the lineage, a guest's name, or its class's."""
    name, arguments = description["class"], description["args"]
    library = {"LitTorchvision": "torchvision/", "LitTimm": "timm/"}.get(name)
    return f"{library}{arguments.get('name')}" if library else row_of(name, arguments, exactly=False) or str(name)


def progress(path: str | Path) -> tuple[int, int] | None:
    """How far the run was that wrote a checkpoint: (epochs begun, optimiser steps); None where the file does not say.

    Raises:
        CheckpointError: see `describe`.
    """
    contents = _read(Path(path), mmap=True)
    _described(contents, Path(path))
    epoch, step = contents.get("epoch"), contents.get("global_step")
    return (epoch + 1, step) if isinstance(epoch, int) and isinstance(step, int) else None


def load(path: str | Path) -> LitClassifier:
    """The network of a checkpoint with its weights, on the CPU and in evaluation mode.

    It is laid out without memory first and its shapes compared with the file's, so that a hostile file cannot ask
    for more than it brings.

    Args:
        path: a `.ckpt` of a run, its slim form, the folder of a sharded run, or a `.safetensors` that carries the
            description.

    Raises:
        CheckpointError: the file is missing, empty, cut short, carries code, or is not ours.
    """
    path = Path(path)
    return assemble(_read(path, mmap=False), path)


def assemble(contents: dict[str, Any], path: Path) -> LitClassifier:
    """The network of what a checkpoint holds, as `load` gives it.

    Args:
        contents: `lit_cnns`, the description, and `state_dict`, the weights.
        path: where they are from.

    Raises:
        CheckpointError: see `load`.
    """
    description = _described(contents, path)
    module = lay_out(description, path)
    state = contents["state_dict"]
    expected = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in state.items() if isinstance(value, Tensor)}
    if wrong := sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name)):
        raise CheckpointError(
            f"{path} does not fit its own description: {len(wrong)} weights differ, the first is {wrong[0]} "
            f"({found.get(wrong[0], 'missing')} in the file, {expected.get(wrong[0], 'none')} in the network)."
        )
    if any(buffer.is_meta for name, buffer in module.named_buffers() if name not in state):
        module = lay_out(description, path, "cpu")  # it keeps tables that no checkpoint holds
    module.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()}, assign=True)
    for parameter in module.parameters():
        parameter.requires_grad_(True)
    if module.channels_last:
        module.net.to(memory_format=torch.channels_last)
    module.on_load_checkpoint({"lit_cnns": description})
    return module.eval()


def _class_of(description: dict[str, Any], path: Path) -> type[LitClassifier]:
    classes, name = buildable(), description["class"]
    if name not in classes:
        raise CheckpointError(f"{path} names the class {name!r}; this installation builds {sorted(classes)}.")
    return classes[name]


def lay_out(description: dict[str, Any], path: Path, device: str = "meta") -> LitClassifier:
    """The network of a description, by default without memory for its weights.

    Raises:
        CheckpointError: a class that is not ours, or arguments that are absurd or build nothing.
    """
    cls, arguments = _class_of(description, path), dict(description["args"])
    for key, largest in LARGEST.items():
        value = arguments.get(key, 1)
        if not isinstance(value, int) or not 1 <= value <= largest:
            raise CheckpointError(f"{path} asks for {key}={value!r}; 1 to {largest} is allowed.")
    known = {key for base in cls.__mro__ for key in inspect.signature(base.__init__).parameters}  # type: ignore[misc]
    try:
        with torch.device(device):
            return cls(**{key: value for key, value in arguments.items() if key in known})
    except NotImplementedError:  # torchvision's RegNets reckon with tensors; their size is known by their name
        return lay_out(description, path, "cpu")
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path} describes a {cls.__name__} that cannot be built: {_first_line(error)}") from None


def save_slim(module: LitClassifier, path: str | Path, half: bool = True) -> None:
    """Write a checkpoint without optimiser state, weight matrices in half precision.

    Args:
        module: the network to write.
        path: a `.ckpt` file, or a `.safetensors`, which has the description as JSON; written whole or not at all. Its
            folder is made.
        half: False keeps float32. Biases and batch statistics are kept in float32 either way.
    """
    state = {
        name: value.detach().cpu().contiguous().half()
        if half and value.ndim > 1 and value.is_floating_point()
        else value
        for name, value in module.state_dict().items()
    }
    description = module.describe()
    if Path(path).suffix == ".safetensors":
        from safetensors.torch import save

        # each tensor for itself: the form knows neither shared memory nor strides
        whole = {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in state.items()
        }
        return write_whole(save(whole, {"format": "pt", "lit_cnns": as_json(description)}), path)
    contents = {
        "lit_cnns": description,
        "state_dict": state,
        "hyper_parameters": description["args"],
        "pytorch-lightning_version": L.__version__,
    }
    return write_whole(contents, path)


def as_json(description: dict[str, Any]) -> str:
    """A description, or a part of one, as JSON; a mean picture is written out in numbers."""
    return json.dumps(description, default=Tensor.tolist)
