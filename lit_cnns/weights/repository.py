"""A checkpoint as a repository in timm's form, and back: config.json, model.safetensors, README.md."""

import inspect
import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lit_cnns.checkpoints import CheckpointError, as_json, assemble
from lit_cnns.classifier import LitClassifier
from lit_cnns.guests import LitTimm
from lit_cnns.lineage import LINEAGE
from lit_cnns.weights.card import card
from lit_cnns.weights.exporting import require, written
from lit_cnns.weights.library import timm_class_names
from lit_cnns.weights.timm_config import describe

CONFIG, WEIGHTS, README = "config.json", "model.safetensors", "README.md"
LARGEST_CONFIG = 64_000_000  # bytes: that of a network with a mean picture has a few million
SAID = ("first_conv", "classifier", "pool_size", "fixed_input_size", "min_input_size")


def write(module: LitClassifier, folder: Path, name: str, licence: str = "unknown") -> None:
    """Write the repository of a checkpoint into a folder.

    Args:
        module: of the lineage, or a guest of timm's.
        folder: it is made.
        name: what the repository is called, for its README.
        licence: of the weights, by the Hub's short name.

    Raises:
        ValueError: a network that timm cannot be told to build, or nothing known of its pictures.
    """
    from safetensors.torch import save

    require("safetensors")
    config = as_json(configuration(module))
    own = {key: value.detach().cpu() for key, value in module.net.state_dict().items()}
    weights = {key: value.clone(memory_format=torch.contiguous_format) for key, value in own.items()}
    contents = {
        CONFIG: config.encode(),
        WEIGHTS: save(weights, {"format": "pt"}),
        README: card(module, name, licence).encode(),
    }
    for file, data in contents.items():
        with written(folder / file) as part:
            part.write_bytes(data)


def configuration(module: LitClassifier) -> dict[str, Any]:
    """What timm builds the network by, and under `lit_cnns` what the checkpoint says of itself.

    Raises:
        ValueError: see `write`.
    """
    if not module.preprocessing:
        raise ValueError(
            "The checkpoint does not say how its pictures were prepared; set `preprocessing` on the network."
        )
    architecture, arguments, said = _for_timm(module)
    pictures = _pictures(module)
    return {
        "architecture": architecture,
        "num_classes": module.num_classes,
        **({"label_names": module.class_names} if module.class_names else {}),
        **({"model_args": arguments} if arguments else {}),
        "pretrained_cfg": {
            "tag": "lit",
            "custom_load": False,
            "num_classes": module.num_classes,
            **pictures,
            **{key: said.get(key) for key in SAID},
        },
        "lit_cnns": module.describe(),
    }


def _for_timm(module: LitClassifier) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Its name in timm, the arguments that are not the name's own, and what timm keeps of a network."""
    net: Any = module.net
    if isinstance(module, LitTimm):
        return net.pretrained_cfg["architecture"], {}, net.pretrained_cfg
    from lit_cnns.weights.timm_models import REGISTERED, plain, told
    from lit_cnns.weights.timm_network import TimmNetwork

    name, arguments = named(module)
    size = module.arguments.get("image_size")
    with torch.device("meta"):
        there = TimmNetwork(plain(name, module.num_classes, net.in_channels, size, init="torch", **arguments))
    return REGISTERED[name], arguments, told(there)


def named(module: LitClassifier) -> tuple[str, dict[str, Any]]:
    """The row of the lineage that a network is, and the arguments in which it differs from that.

    Raises:
        ValueError: it is of no row.
    """
    from lit_cnns.weights.timm_models import shaping

    cls, given = type(module), module.arguments
    fitting = {
        name: sum(given.get(key) == value for key, value in row.items())
        for name, (row_cls, row) in LINEAGE.items()
        if row_cls is cls and all(given.get(key) == value for key, value in row.items() if key in shaping(name))
    }
    if not fitting:
        raise ValueError(
            f"timm has no network like {cls.__name__}: networks of the lineage and timm's own can be pushed; "
            "`lit-cnns export --format safetensors` writes any."
        )
    name = max(fitting, key=lambda name: fitting[name])
    own = {key: parameter.default for key, parameter in inspect.signature(cls).parameters.items()}
    usual = {**own, **LINEAGE[name][1]}
    return name, {key: given[key] for key in sorted(shaping(name)) if key in given and given[key] != usual[key]}


def _pictures(module: LitClassifier) -> dict[str, Any]:
    net: Any = module.net
    told = module.preprocessing
    crop = told["crop"] or told["resize"] or net.image_size
    side = crop + 2 * told.get("pad", 0)
    mean = torch.as_tensor(told["mean"], dtype=torch.float64)
    share = crop / (told["resize"] or crop)
    if math.floor(crop / share) != (told["resize"] or crop):  # as timm reckons back
        share = math.nextafter(share, 0)
    return {
        "input_size": [told["channels"], side, side],
        "interpolation": told.get("interpolation", "bilinear"),
        "crop_pct": share,
        "crop_mode": "center",
        "mean": (mean if mean.ndim == 1 else mean.mean((1, 2))).tolist(),  # timm knows no mean pictures
        "std": torch.as_tensor(told["std"], dtype=torch.float64).tolist(),
    }


def read(folder: Path) -> LitClassifier:
    """The network of a repository, ours or one of timm's own networks; nothing in it is executed.

    Raises:
        CheckpointError: a file is missing or damaged, or says something that is not allowed.
    """
    config, weights = _config(folder / CONFIG), _weights(folder / WEIGHTS)
    description = config.get("lit_cnns") or describe(config, folder / CONFIG)
    state = {f"net.{name}": value for name, value in weights.items()}
    module = assemble({"lit_cnns": description, "state_dict": state}, folder)
    if isinstance(module, LitTimm) and not module.class_names:
        module.class_names = timm_class_names(module.net)
    return module


def _config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CheckpointError(f"{path.parent} has no {CONFIG}: it is no repository of a network in timm's form.")
    if path.stat().st_size > LARGEST_CONFIG:
        raise CheckpointError(f"{path} has {path.stat().st_size:,} bytes; at most {LARGEST_CONFIG:,} are read.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise CheckpointError(f"{path} is damaged: it is not JSON.") from None
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} is damaged: it is no JSON object.")
    return config


def _weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise CheckpointError(f"{path.parent} has no {WEIGHTS}; weights in other files are not opened.")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged or cut short ({error}).") from None
