"""The papers' test protocols as data: at which scales, on which views a picture is tested."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

PAPERS_SIDE = 224  # the papers' crops, which their shorter sides belong to


class Window(NamedTuple):
    """A square of a picture, in pixels; larger than the network's crop, it is scaled down to it."""

    top: int
    left: int
    side: int


@dataclass(frozen=True)
class Protocol:
    """Which views of a picture are tested. What is averaged over them is the softmax.

    Args:
        sides: shorter sides that the picture is scaled to, for crops of 224 pixels; none: the data's own `resize`.
        squares: 1 for the middle square of the scaled picture, 3 for those at its ends too.
        crops: of each square: its "centre", its four "corners", and "whole", the square scaled to the crop's size.
        mirror: each view also mirrored.
        dense: no crops: the network slides over the whole scaled picture, and its logits are averaged over the places.
    """

    sides: tuple[int, ...] = ()
    squares: int = 1
    crops: tuple[str, ...] = ("centre",)
    mirror: bool = False
    dense: bool = False

    @property
    def views(self) -> int:
        """How many views a picture has; a dense one counts once for each scale and mirror."""
        crops = 1 if self.dense else self.squares * sum({"corners": 4}.get(kind, 1) for kind in self.crops)
        return len(self.sides) * crops * (1 + self.mirror)


PROTOCOLS = {
    # the view that training validates on
    "center": Protocol(),
    # Krizhevsky et al. 2012, Section 4.1
    "ten_crop": Protocol(crops=("corners", "centre"), mirror=True),
    # Simonyan, Zisserman 2014, Section 3.2
    "dense": Protocol(mirror=True, dense=True),
    # the same at several scales; these are of He et al. 2015, Section 3.4
    "multi_scale": Protocol((224, 256, 384, 480, 640), mirror=True, dense=True),
    # Szegedy et al. 2014, Section 7
    "crops_144": Protocol((256, 288, 320, 352), 3, ("corners", "centre", "whole"), mirror=True),
}


def protocol(name: str, side: int, resize: int, scales: Sequence[int] = ()) -> Protocol:
    """A protocol for crops of `side` pixels.

    Args:
        name: one of `PROTOCOLS`.
        side: of the network's crop.
        resize: the shorter side where neither `scales` nor the protocol names any.
        scales: shorter sides in place of the protocol's.

    Raises:
        ValueError: an unknown name, or a shorter side that the crop, or more than one, does not fit into.
    """
    if name not in PROTOCOLS:
        near = difflib.get_close_matches(name, PROTOCOLS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"A protocol is one of {', '.join(PROTOCOLS)}, not {name!r}.{hint}")
    chosen = PROTOCOLS[name]
    sides = tuple(scales) or tuple(round(s * side / PAPERS_SIDE) for s in chosen.sides) or (resize,)
    if min(sides) < side:
        raise ValueError(f"{name} on crops of {side} pixels takes shorter sides from {side} on, not {min(sides)}.")
    if min(sides) == side and "corners" in chosen.crops:
        raise ValueError(
            f"{name} cuts several crops of {side} pixels out of a picture, and its shorter side is {side}: "
            f"give a larger one, e.g. scales: [{round(side * 8 / 7)}]."
        )
    return replace(chosen, sides=sides)


def windows(height: int, width: int, side: int, protocol: Protocol) -> list[Window]:
    """Where the views of a scaled picture are, before they are mirrored.

    Args:
        height: of the scaled picture.
        width: of the scaled picture.
        side: of the network's crop.
        protocol: which squares and crops; not a dense one.
    """
    short = min(height, width)
    down, right = height - short, width - short
    thirds = [(down // 2, right // 2)] if protocol.squares == 1 else [(0, 0), (down // 2, right // 2), (down, right)]
    room = short - side
    crops = {
        "centre": [Window(room // 2, room // 2, side)],
        "corners": [Window(top, left, side) for top in (0, room) for left in (0, room)],
        "whole": [Window(0, 0, short)],
    }
    return [
        Window(top + crop.top, left + crop.left, crop.side)
        for top, left in thirds
        for kind in protocol.crops
        for crop in crops[kind]
    ]
