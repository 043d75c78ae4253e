"""The weights that torchvision and timm offer: what they are, how large, and how they come here."""

import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from torch import nn

from lit_cnns.guests import check_name
from lit_cnns.weights.source import Source

PATIENCE = 5.0  # seconds until a host that does not answer counts as out of reach


def from_torchvision(name: str) -> Source:
    """Weights of torchvision by `<network>` or `<network>.<weights>`, e.g. `vgg16.IMAGENET1K_V1`.

    Raises:
        ValueError: no such network or weights, or they are not here and their host cannot be reached.
    """
    import torch
    from torchvision import models

    network, _, version = name.partition(".")
    check_name("torchvision", network, models.list_models(module=models))
    offered: Any = models.get_model_weights(network)
    if version and version not in offered.__members__:
        raise ValueError(f"torchvision has the weights {', '.join(offered.__members__)} of {network}, not {version!r}.")
    weights = offered[version] if version else offered.DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rpartition("/")[2]
    if not file.is_file():
        announce(f"torchvision/{network}.{weights.name}", weights.url, file)
    state = weights.get_state_dict(progress=sys.stderr.isatty(), check_hash=True)
    preprocessing, class_names = torchvision_form(weights)
    return Source(f"torchvision/{network}.{weights.name}", state, preprocessing, class_names)


def torchvision_form(weights: Any) -> tuple[dict[str, Any], list[str]]:
    """What pictures go through before a set of torchvision's weights, and what their classes are."""
    crop = weights.transforms()
    preprocessing = {
        "resize": crop.resize_size[0],
        "crop": crop.crop_size[0],
        "interpolation": crop.interpolation.value,
        "mean": list(crop.mean),
        "std": list(crop.std),
    }
    return preprocessing, list(weights.meta["categories"])


def from_timm(name: str) -> Source:
    """Weights of timm by `<network>` or `<network>.<weights>`, e.g. `resnet50.a1_in1k`.

    Raises:
        ValueError: no such network or weights, or they are not here and their host cannot be reached.
    """
    import timm

    check_name("timm", name, {*timm.list_models(), *timm.list_pretrained()})
    config = timm.models.get_pretrained_cfg(name)
    if config is None or not config.architecture:
        raise ValueError(f"timm has no trained weights of {name}; `timm.list_pretrained()` lists what it has.")
    full = f"{config.architecture}.{config.tag}" if config.tag else str(config.architecture)
    overlay = {"file": str(_timm_file(full, config)), "custom_load": False}
    net = timm.create_model(full, pretrained=True, pretrained_cfg_overlay=overlay)
    return Source(f"timm/{full}", net.state_dict(), timm_preprocessing(net), timm_class_names(net))


def timm_preprocessing(net: nn.Module) -> dict[str, Any]:
    """What pictures go through before a network of timm."""
    from timm.data import resolve_data_config

    told = resolve_data_config({}, model=net)
    side = told["input_size"][-1]
    return {
        "resize": int(side / told["crop_pct"]),
        "crop": side,
        "interpolation": told["interpolation"],
        "mean": list(told["mean"]),
        "std": list(told["std"]),
    }


def _timm_file(name: str, config: Any) -> Path:
    """The file of timm's weights on this machine, fetched where it is not there yet."""
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    if not config.hf_hub_id:
        raise ValueError(f"timm keeps the weights of {name} outside the Hugging Face Hub; take others of timm's.")
    files = ["model.safetensors", "pytorch_model.bin"]
    for file in files:
        if isinstance(found := try_to_load_from_cache(config.hf_hub_id, file), str):
            return Path(found)
    url = f"{constants.ENDPOINT}/{config.hf_hub_id}/resolve/main/{files[0]}"
    announce(f"timm/{name}", url, Path(constants.HF_HUB_CACHE), offline=constants.HF_HUB_OFFLINE)
    return Path(hf_hub_download(config.hf_hub_id, files[0]))


def timm_class_names(net: nn.Module) -> list[str]:
    """What the classes of a network of timm are, where they are ImageNet's."""
    from timm.data import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset(net)
    return [*ImageNetInfo(subset).label_descriptions()] if subset else []


def announce(name: str, url: str, kept: Path, offline: bool = False) -> None:
    """Say size and source of what is about to be downloaded, once its host has answered.

    Raises:
        ValueError: the host cannot be reached.
    """
    host = urllib.request.urlparse(url).hostname  # type: ignore[attr-defined]
    advice = f"download {url} where there is a network and put it to {kept}, or give a file in place of {name}"
    if kept.suffix == "":
        advice = f"fetch {name} where there is a network and bring its folder below {kept} along, or give a file"
    if offline:
        raise ValueError(f"{name} is not on this machine and HF_HUB_OFFLINE forbids to fetch it: {advice}.")
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PATIENCE) as answer:
            size = int(answer.headers.get("Content-Length") or 0)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise ValueError(f"{name} is not on this machine and {host} cannot be reached ({reason}): {advice}.") from None
    amount = f"{size / 1e6:,.0f} MB" if size else "of unknown size"
    print(f"{name}: {amount} from {url}, kept in {kept if kept.suffix == '' else kept.parent}", file=sys.stderr)
