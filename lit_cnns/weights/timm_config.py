"""What a `config.json` of timm says, as the description that a checkpoint of ours has; nothing in it is trusted."""

import inspect
import math
from pathlib import Path
from typing import Any

from lit_cnns.checkpoints import CheckpointError
from lit_cnns.lineage import LINEAGE
from lit_cnns.weights.identifying import PLAIN

HARMLESS = {"num_classes", "in_chans", "drop_rate", "drop_path_rate"}  # arguments that leave a network what it is


def describe(config: dict[str, Any], path: Path) -> dict[str, Any]:
    """The description of a network that timm wrote: one of ours that it trained, or a guest.

    Args:
        config: what is in the file.
        path: where it is from.

    Raises:
        CheckpointError: something is missing, or is not allowed.
    """
    told, given = config.get("pretrained_cfg", config), config.get("model_args") or {}
    classes = config.get("num_classes", told.get("num_classes")) if isinstance(told, dict) else None
    architecture = config.get("architecture")
    if not isinstance(architecture, str) or not isinstance(given, dict) or not isinstance(classes, int):
        raise CheckpointError(f"{path} does not say which network of timm it is, and of how many classes.")
    preprocessing = _preprocessing(told, path)
    cls, arguments = _network(architecture, given, preprocessing["crop"], path)
    names = config.get("label_names", told.get("label_names"))
    return {
        "format": 1,
        "class": cls,
        "args": {**arguments, "num_classes": classes, "in_channels": preprocessing["channels"]},
        "class_names": list(map(str, names)) if isinstance(names, list) and len(names) == classes else [],
        "preprocessing": preprocessing,
        "data": {},
        "metrics": {},
    }


def _network(architecture: str, given: dict[str, Any], side: int, path: Path) -> tuple[str, dict[str, Any]]:
    """The name of the class and its arguments, without those of its data."""
    import timm

    from lit_cnns.weights.timm_models import REGISTERED, shaping

    name = {theirs: ours for ours, theirs in REGISTERED.items()}.get(architecture)
    if name is None and not timm.is_model(architecture):
        raise CheckpointError(f"{path} names {architecture!r}, and timm has no such network.")
    own = shaping(name) if name else set()
    if unknown := sorted(set(given) - own - HARMLESS - ({"img_size"} if name else set())):
        raise CheckpointError(f"{path} was built with {', '.join(unknown)}, which is not taken here.")
    if name is None:
        return "LitTimm", {"name": architecture}
    cls, row = LINEAGE[name]
    fixed = {"aux": False, "image_size": side}
    here = {key: value for key, value in fixed.items() if key in inspect.signature(cls).parameters}
    return cls.__name__, {**row, **{key: given[key] for key in own & set(given)}, **here}


def _preprocessing(told: dict[str, Any], path: Path) -> dict[str, Any]:
    size, share = told.get("input_size"), told.get("crop_pct", 0.875)
    if not isinstance(size, list) or len(size) != 3 or not all(isinstance(n, int) and n > 0 for n in size):
        raise CheckpointError(f"{path} says nothing of the size of its pictures.")
    channels, height, width = size
    if height != width or not isinstance(share, (int, float)) or not 0 < share <= 1:
        raise CheckpointError(f"{path} asks for pictures of {height} x {width} pixels, {share} of what there is.")
    words = {"bilinear", "bicubic", "nearest"}
    return {
        **PLAIN,
        "channels": channels,
        "resize": math.floor(height / share),
        "crop": height,
        "interpolation": told["interpolation"] if told.get("interpolation") in words else "bilinear",
        "mean": _numbers(told, "mean", channels, path),
        "std": _numbers(told, "std", channels, path),
    }


def _numbers(told: dict[str, Any], key: str, channels: int, path: Path) -> list[float]:
    values = told.get(key)
    if not isinstance(values, list) or not all(isinstance(v, (int, float)) for v in values) or len(values) != channels:
        raise CheckpointError(f"{path} has no {key} of {channels} numbers.")
    return [float(value) for value in values]
