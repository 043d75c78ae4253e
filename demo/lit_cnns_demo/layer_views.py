"""What the lab computes of layers: their maps, one map over the picture, lateral inhibition, auxiliary heads."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from lit_cnns import features
from lit_cnns.data import fit_image, to_batch
from lit_cnns.features import Inhibition, MapStatistics

from .network import Network, stride_name

Scale = Literal["map", "layer"]
Order = Literal["network", "mean", "active", "largest"]
Point = tuple[float, float]


@dataclass(frozen=True)
class LayerView:
    """One layer of one network for one picture.

    Args:
        layer: its name.
        picture: all its maps, in `order`.
        caption: what they are.
        order: the maps' numbers as they stand in the picture.
        channel: the chosen map.
        one: the chosen map, enlarged or over the picture; None for a fully connected layer.
        one_caption: its number and values.
        statistics: of every map, in the network's order.
        inhibition: what the chosen map's neighbours do to it, in response normalisation.
    """

    layer: str
    picture: np.ndarray
    caption: str
    order: list[int]
    channel: int
    one: np.ndarray | None
    one_caption: str
    statistics: MapStatistics
    inhibition: Inhibition | None


def look(
    network: Network,
    image: Tensor,
    layer: str,
    channel: int | Point | None = None,
    scale: Scale = "map",
    order: Order = "network",
    over: bool = False,
) -> LayerView:
    """Draw the maps of one layer, and one of them enlarged.

    Args:
        network: the network.
        image: the picture, as it was read.
        layer: a name of `network.layers`.
        channel: the number of a map, a point (x, y) of the composed picture, or None for the first in `order`.
        scale: what black and white are.
        order: how the maps are sorted.
        over: lay the one map over the picture.

    Raises:
        ValueError: the network has no such layer, or there is no such order or scale.
    """
    if scale not in get_args(Scale):
        raise ValueError(f"Black to white spans each map or the whole layer (scale: map or layer), not '{scale}'.")
    maps, given = _maps(network, image, layer)
    ranked = features.ranking(maps, order)
    if isinstance(channel, tuple):
        place = features.layout(tuple(maps.shape)).channel_at(*channel)
        channel = None if place is None else ranked[place]
    chosen = ranked[0] if channel is None else min(max(channel, 0), len(maps) - 1)
    found = features.statistics(maps)
    mark = ranked.index(chosen) if len(maps) > 1 else None
    return LayerView(
        layer=layer,
        picture=features.grid(maps if order == "network" else maps[ranked], scale, mark=mark),
        caption=_caption(network, layer, maps, found),
        order=ranked,
        channel=chosen,
        one=_one(network, image, layer, maps[chosen], over),
        one_caption=_one_caption(layer, chosen, maps[chosen], found),
        statistics=found,
        inhibition=None if given is None else features.inhibition(network.net.get_submodule(layer), given, chosen),
    )


def heads(network: Network, image: Tensor) -> dict[str, list[tuple[str, float]]]:
    """What each auxiliary head of a network predicts beside the main one: head to the likeliest classes.

    Raises:
        ValueError: the network has none.
    """
    if not has_heads(network):
        raise ValueError(f"{network.entry.name} has no auxiliary heads, or was built without them (aux: false).")
    with features.exclusive(network.net), torch.inference_mode():
        logits = network.net.all_logits(to_batch([image], network.preprocessing))  # type: ignore[operator]
    return {head: features.top(one[0].softmax(0), network.class_names) for head, one in logits.items()}


def has_heads(network: Network) -> bool:
    """Whether a network was built with auxiliary heads."""
    return hasattr(network.net, "all_logits") and any(
        name.startswith("aux") for name, _ in network.net.named_children()
    )


def number(value: float) -> str:
    """Three digits, with a real minus."""
    return f"{value:.3g}".replace("-", "−")


def _maps(network: Network, image: Tensor, layer: str) -> tuple[Tensor, Tensor | None]:
    """What a layer puts out, and what it is given if it is response normalisation."""
    if layer not in network.layers:
        some = ", ".join(list(network.layers)[:6])
        raise ValueError(f"{network.entry.name} has no layer '{layer}' to look at; it has {some} …")
    batch = to_batch([image], network.preprocessing)
    norms = [layer] if features.is_response_norm(network.net.get_submodule(layer)) else []
    with (
        features.capture(network.net, norms, inputs=True) as given,
        features.capture(network.net, [layer]) as maps,
        torch.inference_mode(),
    ):
        network.net(batch)
    return maps[layer][0], given[layer][0] if norms else None


def _one(network: Network, image: Tensor, layer: str, one: Tensor, over: bool) -> np.ndarray | None:
    if one.ndim != 2 or (one.numel() == 1 and not over):
        return None
    if not over:
        return features.enlarge(one)
    return features.overlay(fit_image(image, network.preprocessing), one, network.fields[layer])


def _caption(network: Network, layer: str, maps: Tensor, found: MapStatistics) -> str:
    dead = int(features.dead(maps).sum())
    size = f"{len(maps)} maps of {maps.shape[1]} × {maps.shape[2]}" if maps.ndim == 3 else f"{len(maps)} units"
    scale = f" at {stride_name(network.fields[layer].stride)}" if maps.ndim == 3 and network.at_strides else ""
    silent = (
        f"{dead} dead (zero everywhere)" if dead and maps.ndim == 3 else f"{dead} dead (zero)" if dead else "none dead"
    )
    values = f"mean {number(found.mean.mean().item())}, {found.active.mean().item():.0%} not zero"
    return f"**{layer}** · {size}{scale} · {silent} · {values}, largest {number(found.largest.max().item())}"


def _one_caption(layer: str, channel: int, one: Tensor, found: MapStatistics) -> str:
    if one.numel() == 1:
        return f"{'Map' if one.ndim else 'Unit'} {channel} of {layer} · value {number(one.item())}"
    low, high = number(one.min().item()), number(one.max().item())
    values = f"mean {number(found.mean[channel].item())}, {found.active[channel].item():.0%} not zero"
    return f"Map {channel} of {layer} · {low} (lowest) to {high} (largest) · {values}"
