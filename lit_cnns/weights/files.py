"""Weights in a file on this machine: `.pth`, `.th`, `.pt`, `.bin`, `.ckpt`, `.safetensors`, `.caffemodel`."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lit_cnns.checkpoints import CheckpointError, load
from lit_cnns.weights.caffe import from_caffe
from lit_cnns.weights.source import Source

INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")  # where training scripts put the tensors
WRAPPERS = ("module.", "model.", "net.", "backbone.", "_orig_mod.", "encoder.")  # what they wrap networks in


def from_file(path: Path) -> Source:
    """The tensors of a file; nothing in it is executed.

    Raises:
        ValueError: the file is missing, damaged, carries code, or holds no tensors.
    """
    if path.is_dir() and (own := _own(path)):  # of a sharded run
        return own
    if not path.is_file():
        raise ValueError(
            f"There is no file {path}; a source is torchvision/<name>, timm/<name>, or a file that ends in "
            f"{', '.join(READERS)}."
        )
    if path.suffix not in READERS:
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'}; weights are read from {', '.join(READERS)}.")
    return READERS[path.suffix](path)


def _from_torch(path: Path) -> Source:
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds something other than tensors and plain values, or is damaged ({_first_line(error)}); "
            "nothing of it was executed. Save its network's state_dict() alone."
        ) from None
    except Exception as error:  # whatever damaged bytes lead the reader into
        raise ValueError(f"{path} is damaged or cut short ({_first_line(error)}).") from None
    return _own(path) or Source(str(path), _unwrapped(_tensors(contents, path)))


def _from_safetensors(path: Path) -> Source:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is damaged or cut short ({_first_line(error)}).") from None
    return _own(path) or Source(str(path), _unwrapped(weights))


READERS: dict[str, Callable[[Path], Source]] = {
    **dict.fromkeys((".pth", ".th", ".pt", ".bin", ".ckpt"), _from_torch),
    ".safetensors": _from_safetensors,
    ".caffemodel": from_caffe,
}


def _own(path: Path) -> Source | None:
    """A checkpoint of ours, which says what it is."""
    try:
        module = load(path)
    except CheckpointError:
        return None
    return Source(str(path), module.net.state_dict(), module.preprocessing, module.class_names, built=module)


def _tensors(contents: Any, path: Path) -> dict[str, Tensor]:
    for key in INSIDE:
        if isinstance(contents, dict) and isinstance(contents.get(key), dict):
            contents = contents[key]
            break
    tensors = {k: v for k, v in contents.items() if isinstance(v, Tensor)} if isinstance(contents, dict) else {}
    if not tensors:
        raise ValueError(f"{path} holds no tensors by name; save a network's state_dict() in it.")
    return {str(name): value for name, value in tensors.items()}


def _unwrapped(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without what all their names begin with."""
    for prefix in WRAPPERS:
        if all(name.startswith(prefix) for name in weights):
            return _unwrapped({name.removeprefix(prefix): value for name, value in weights.items()})
    return weights


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__
