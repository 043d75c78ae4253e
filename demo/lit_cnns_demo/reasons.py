"""Why a network says what it says: a picture and a network go in, maps and numbers come out, without a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from lit_cnns import features
from lit_cnns.data import fit_image, prepare, to_batch

from .network import Network
from .worlds import outside

Method = Literal["grad_cam", "hires_cam", "cam", "saliency"]
AT_A_LAYER = {"grad_cam": features.grad_cam, "hires_cam": features.hires_cam, "cam": features.cam}
DRAWN_SIDE = 256  # a small picture's heat is drawn smooth at this size
SHOWN_CLASSES = 5


@dataclass(frozen=True)
class Reason:
    """How much each place of a picture matters for one class.

    Args:
        seen: the picture as the network gets it, uint8 `[C, S, S]`.
        heat: the map in colour over the same picture, uint8 `[H, W, 3]`.
        values: the map's own numbers, `[h, w]`.
        bounds: the values of the first and the last colour.
        unit: of the values.
        word: the class.
        probability: what the network gives it.
        layer: where the map was taken, or None for the picture itself.
        done: share of the work that is done.
        remark: what else is to be said.
    """

    seen: Tensor
    heat: np.ndarray
    values: Tensor
    bounds: tuple[float, float]
    unit: str
    word: str
    probability: float
    layer: str | None = None
    done: float = 1.0
    remark: str = ""


@dataclass(frozen=True)
class Projection:
    """What the strongest unit of one map answers to.

    Args:
        seen: the picture as the network gets it, uint8 `[C, S, S]`.
        patch: the part of it that the unit sees, uint8 `[C, h, w]`.
        drawn: the reconstruction there, uint8 `[C, h, w]`; mid-grey is 0.
        found: the numbers.
        layer: whose map it is.
    """

    seen: Tensor
    patch: Tensor
    drawn: Tensor
    found: features.Reconstruction
    layer: str


@dataclass(frozen=True)
class Varying:
    """How one class's probability varies over dropout masks: its mean, the bounds of nine in ten, and without masks."""

    word: str
    mean: float
    low: float
    high: float
    plain: float


def layers_with_maps(network: Network) -> list[str]:
    """The layers that a map can be taken of, in running order."""
    return [name for name, layer in network.layers.items() if len(layer.shape) == 3]


def best_layer(network: Network) -> str:
    """The layer that is taken where none is named.

    Raises:
        ValueError: the network has no layer with maps.
    """
    if best := features.last_maps([*network.layers.values()]):
        return best
    raise ValueError(f"{network.entry.name} has no layer with maps of more than one place.")


def class_number(network: Network, word: str | None) -> int | None:
    """The place of a class among the logits; None, for the likeliest, where no class is named.

    Raises:
        ValueError: the network has no such class.
    """
    if not word:
        return None
    if word not in network.class_names:
        some = ", ".join(network.class_names[:6])
        raise ValueError(f"{network.entry.name} has no class '{word}'; it has {some} …")
    return network.class_names.index(word)


def explain(network: Network, image: Tensor, method: Method, layer: str = "", word: str = "") -> Reason:
    """Draw which places speak for a class, by one of the quick methods.

    Raises:
        ValueError: the network has no such layer or class, or the method does not fit it.
    """
    target, batch = class_number(network, word), to_batch([image], network.preprocessing)
    if method == "saliency":
        found, where = features.saliency(network.net, batch, target), None
    elif method in AT_A_LAYER:
        where = layer or best_layer(network)
        found = AT_A_LAYER[method](network.net, batch, where, target)
    else:
        raise ValueError(f"The quick methods are {', '.join([*AT_A_LAYER, 'saliency'])}, not '{method}'.")
    low, high = min(0.0, found.values.min().item()), found.values.max().item()
    remark = "" if high > 0 else "Nothing here speaks for this class."
    unit = "logits per unit of brightness" if where is None else "logits"
    seen = fit_image(image, network.preprocessing)
    heat = features.paint(found.values, low, high, _drawn_size(seen))
    known = network.class_names[found.target]
    return Reason(seen, heat, found.values, (low, high), unit, known, found.probability, where, remark=remark)


def hide(network: Network, image: Tensor, word: str = "", share: float = 0.25) -> Iterator[Reason]:
    """Slide a grey square over the picture; the map so far, until all of it is there.

    Args:
        network: whom to ask.
        image: uint8 `[C, H, W]`.
        word: the class; by default the likeliest.
        share: the square's side, as a share of the picture's.

    Raises:
        ValueError: the network has no such class, or the share is none.
    """
    if not 0 < share <= 1:
        raise ValueError(f"The square's side is a share of the picture's, above 0 and at most 1, not {share}.")
    seen, target = fit_image(image, network.preprocessing), class_number(network, word)
    label = torch.zeros(1, dtype=torch.long)  # `prepare` takes what a DataModule yields
    grey = prepare((torch.full_like(seen, 128)[None], label, label), network.preprocessing, train=False)[0]
    side = min(network.size, max(1, round(share * network.size)))
    for so_far in features.occlude(network.net, to_batch([image], network.preprocessing), target, side, grey=grey):
        known = so_far.fall[so_far.likeliest >= 0]
        bounds = min(0.0, known.min().item()), max(known.max().item(), 1e-6)
        heat = features.paint(so_far.fall, *bounds, _drawn_size(seen))
        known_word = network.class_names[so_far.target]
        remark = _worst(network, so_far)
        yield Reason(
            seen, heat, so_far.fall, bounds, "probability", known_word, so_far.probability, None, so_far.done, remark
        )


def project(network: Network, image: Tensor, layer: str = "", channel: int | None = None) -> Projection:
    """Project the strongest unit of a map back to the picture, by a deconvnet.

    Raises:
        ValueError: the network has no such layer or map.
    """
    layer = layer or best_layer(network)
    seen = fit_image(image, network.preprocessing)
    found = features.deconvnet(network.net, to_batch([image], network.preprocessing), layer, channel)
    signal = found.crop(found.picture)
    largest = signal.abs().max().clamp(min=torch.finfo(torch.float32).tiny)
    drawn = (127.5 + 127.5 * signal / largest).round().to(torch.uint8)
    return Projection(seen, found.crop(seen), drawn, found, layer)


def vary(network: Network, image: Tensor, masks: int = 64) -> tuple[list[Varying], int]:
    """Say how the likeliest classes vary over random dropout masks, and under how many the first is another.

    Raises:
        ValueError: the network has no dropout, or no mask is to be drawn.
    """
    spread = features.dropout_spread(network.net, to_batch([image], network.preprocessing), masks)
    low, high = spread.interval()
    first = spread.mean.topk(min(SHOWN_CLASSES, len(spread.mean))).indices.tolist()
    rows = [
        Varying(network.class_names[i], *(float(part[i]) for part in (spread.mean, low, high, spread.plain)))
        for i in first
    ]
    return rows, int((spread.probabilities.argmax(1) != spread.plain.argmax()).sum())


def warning(network: Network, image: Tensor) -> str | None:
    """Say why a picture cannot be one that the network knows, or None."""
    return outside(image, network.entry.description)


def _drawn_size(seen: Tensor) -> tuple[int, int]:
    zoom = max(1, DRAWN_SIDE // max(seen.shape[1:]))
    return seen.shape[1] * zoom, seen.shape[2] * zoom


def _worst(network: Network, so_far: features.Occlusion) -> str:
    if so_far.done < 1:
        return ""
    worst = int(so_far.fall.argmax())
    least, instead = so_far.probabilities.flatten()[worst].item(), int(so_far.likeliest.flatten()[worst])
    others = int((so_far.likeliest != so_far.target).sum())
    total = so_far.likeliest.numel()
    return (
        f"In its worst place the square of {so_far.side} pixels leaves {100 * least:.1f}\N{NO-BREAK SPACE}%, and "
        f"{network.class_names[instead]} is likeliest; at {others} of {total} places it is another class."
    )
