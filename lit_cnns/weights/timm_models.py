"""The lineage in timm's registry: importing this file registers it, then `timm.create_model("alexnet.lit")` builds it.

timm looks for no plug-ins by itself. A network goes by its name in `LINEAGE`; a name that timm has already keeps its
meaning there and ours begins with `lit_`: `lit_resnet50`. Weights have the same names as in `lit_cnns.models`.
"""

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import timm
import torch
from timm.models import FeatureListNet, build_model_with_cfg, generate_default_cfgs, register_model
from torch import Tensor, nn

from lit_cnns import papers
from lit_cnns.lineage import LINEAGE
from lit_cnns.models.network import Network
from lit_cnns.weights.fitting import is_side
from lit_cnns.weights.timm_network import TimmNetwork

__all__ = ["REGISTERED", "shaping"]

TAG = "lit"
REGISTERED = {name: f"lit_{name}" if timm.is_model(name) else name for name in LINEAGE}
SAID_OTHERWISE = {"num_classes": "num_classes", "in_channels": "in_chans", "image_size": "img_size", "aux": "nothing"}


def shaping(name: str) -> set[str]:
    """The arguments of a network's class that change it, besides those that timm has a word for."""
    parameters = inspect.signature(LINEAGE[name][0]).parameters.values()
    return {p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD} - set(SAID_OTHERWISE)


def plain(
    name: str, num_classes: int, in_chans: int, img_size: Any = None, init: str = "paper", **arguments: Any
) -> Network:
    """A network of the lineage without side heads, which no answer passes through.

    Raises:
        TypeError: an argument that the network does not have.
        ValueError: pictures that are not square.
    """
    cls, row = LINEAGE[name]
    if unknown := set(arguments) - shaping(name):
        raise TypeError(f"{name} has the arguments {sorted(shaping(name))}, not {sorted(unknown)}.")
    parameters = inspect.signature(cls).parameters
    given: dict[str, Any] = {**row, **arguments, "num_classes": num_classes, "in_channels": in_chans}
    given |= {"init": init, "channels_last": False}
    if "aux" in parameters:
        given["aux"] = False
    if "image_size" in parameters and img_size:
        given["image_size"] = _side(img_size)
    net: Any = cls(**given).net
    if img_size:
        net.check(torch.empty(1, in_chans, *2 * [_side(img_size)], device="meta"))
    return net


def _side(size: Any) -> int:
    sides = {size} if isinstance(size, int) else set(size)
    if len(sides) != 1:
        raise ValueError(f"img_size is the side of square pictures, not {size}.")
    return int(sides.pop())


def _create(
    name: str,
    num_classes: int = 1000,
    in_chans: int = 3,
    img_size: Any = None,
    global_pool: str | None = None,
    drop_rate: float | None = None,
    device: Any = None,
    dtype: Any = None,
    **arguments: Any,
) -> TimmNetwork:
    with torch.device(device or torch.get_default_device()):
        net = TimmNetwork(plain(name, max(num_classes, 1), in_chans, img_size, **arguments), drop_rate)
    if num_classes == 0 or global_pool is not None:
        net.reset_classifier(num_classes, global_pool)
    return net.to(dtype) if dtype else net


@functools.cache
def _laid_out(name: str) -> TimmNetwork:
    row = papers.rows()[name]
    with torch.device("meta"):
        return TimmNetwork(plain(name, row["output_size"][0], row["input_size"][0], init="torch"))


def told(net: TimmNetwork) -> dict[str, Any]:
    """What timm keeps of a network beside its pictures."""
    smallest = [net.in_channels, net.smallest, net.smallest]
    return {
        "first_conv": net.first_conv,
        "classifier": net.classifier if isinstance(net.get_classifier(), (nn.Linear, nn.Conv2d)) else None,
        "pool_size": net.pool_size,
        "fixed_input_size": net.largest is not None,
        "min_input_size": None if net.largest is not None else tuple(smallest),
    }


def _ours(weights: dict[str, Tensor], net: TimmNetwork) -> dict[str, Tensor]:
    """The weights of a checkpoint under the layers' own names, without side heads; codes set by hand stay as here."""
    own = net.state_dict()
    bare = {name.removeprefix("net."): value for name, value in weights.items()}
    return {name: own.get(name, v) if name.endswith(".codes") else v for name, v in bare.items() if not is_side(name)}


def _config(name: str) -> dict[str, Any]:
    row = papers.rows()[name]
    channels, side, _ = row["input_size"]
    grey = {} if channels == 3 else {"mean": (0.5,) * channels, "std": (0.5,) * channels}
    averaged = any(layer["op"] in ("gap", "avgpool") and layer["out"][1:] == [1, 1] for layer in row["layers"])
    return {
        "url": "",
        "num_classes": row["output_size"][0],
        "input_size": (channels, side, side),
        "fixed_input_size": not averaged,
        "interpolation": "bilinear",
        "crop_pct": 0.875 if side > 64 else 1.0,
        **grey,
    }


def _entrypoint(name: str) -> Callable[..., nn.Module]:
    def network(
        pretrained: bool = False, pretrained_cfg: Any = None, pretrained_cfg_overlay: Any = None, **kwargs: Any
    ) -> nn.Module:
        measured = _laid_out(name)
        known = {} if isinstance(pretrained_cfg, dict) else told(measured)
        return build_model_with_cfg(
            functools.partial(_create, name),
            REGISTERED[name],
            pretrained,
            pretrained_cfg=pretrained_cfg,
            pretrained_cfg_overlay={**known, **(pretrained_cfg_overlay or {})},
            feature_cfg={"out_indices": tuple(range(len(measured.feature_info))), "feature_cls": FeatureListNet},
            pretrained_filter_fn=_ours,
            **kwargs,
        )

    network.__name__ = network.__qualname__ = REGISTERED[name]
    network.__doc__ = LINEAGE[name][0].__doc__
    return network


default_cfgs = generate_default_cfgs({f"{REGISTERED[name]}.{TAG}": _config(name) for name in LINEAGE})
for _name in LINEAGE:
    setattr(sys.modules[__name__], REGISTERED[_name], register_model(_entrypoint(_name)))
