"""Networks of the shelf on many pictures; the page is unknown here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lit_cnns import features
from lit_cnns.data import Gallery, to_batch
from lit_cnns.evaluation import Comparison, Contestant, comparing, groups

from .network import Entry, Network
from .panels import Refusal
from .shelf import Shelf

MOST = 10_000  # pictures at a time
AT_ONCE, LARGE_AT_ONCE, LARGE = 64, 8, 64  # pictures a batch; fewer where a network's are larger than so many pixels


@dataclass(frozen=True)
class Contest:
    """How far a comparison has come.

    Args:
        entries: the networks that take part, by id.
        refusals: those that cannot.
        numbers: of the pictures shown so far.
        asked: how many are to be shown.
        left_out: how many of those so far could not be read.
        comparison: what was found.
    """

    entries: dict[str, Entry]
    refusals: list[Refusal]
    numbers: list[int]
    asked: int
    left_out: int
    comparison: Comparison

    @property
    def done(self) -> bool:
        return len(self.numbers) + self.left_out == self.asked

    @property
    def foreign(self) -> list[str]:
        """The networks that know none of the data's classes."""
        known = len(self.comparison.class_names)
        return [id for id, lacking in self.comparison.strangers.items() if lacking == known > 0]

    @property
    def groups(self) -> list[list[str]]:
        """The networks that can be compared with each other."""
        known = {id: one.class_names for id, one in self.comparison.answers.items() if id not in self.foreign}
        return groups(known)

    def agreement(self) -> list[dict[str, Any]]:
        """For each group, on how many pictures all say the same, and each pair, in plain values."""
        same = self.comparison.agreement
        return [
            {
                "networks": group,
                "all": same(group)[0],
                "pairs": [[same([one, other])[0] for other in group] for one in group],
            }
            for group in self.groups
        ]


def contest(shelf: Shelf, entries: list[Entry], gallery: Gallery, most: float | None = None) -> Iterator[Contest]:
    """Show a set of pictures, or a part drawn without looking, to networks; after each batch, what is known.

    Args:
        shelf: where the networks are loaded.
        entries: the networks.
        gallery: the pictures.
        most: how many of them at most; None and what is beyond it are `MOST`.

    Raises:
        ValueError: no network can be loaded, no picture read, or `most` is no number from 1.
    """
    if most is not None and (not isinstance(most, (int, float)) or not most >= 1):
        raise ValueError(f"How many pictures at most is a number from 1 to {MOST:,}, not {most!r}.")
    networks, refusals = _load(shelf, entries)
    if not networks:
        raise ValueError(refusals[0].sentence if refusals else "A comparison needs one network or more.")
    size = LARGE_AT_ONCE if max(one.size for one in networks.values()) > LARGE else AT_ONCE
    chosen = gallery.sample(int(min(most or MOST, MOST)))
    shown: list[int] = []
    seen = 0

    def batches() -> Iterator[tuple[list[Tensor], Tensor]]:
        nonlocal seen
        for numbers, pictures, labels in gallery.batches(chosen, size):
            seen = min(seen + size, len(chosen))
            shown.extend(numbers)
            if numbers:
                yield pictures, labels

    contestants = {id: contestant(network) for id, network in networks.items()}
    playing = {id: network.entry for id, network in networks.items()}
    now = None
    for comparison in comparing(contestants, batches(), gallery.class_names):
        now = Contest(playing, refusals, [*shown], len(chosen), seen - len(shown), comparison)
        yield now
    if now is None:
        raise ValueError(f"None of the {len(chosen):,} pictures of {gallery.title} could be read.")
    if not now.done:  # the last batch had nothing but broken files
        yield replace(now, left_out=len(chosen) - len(shown))


def contestant(network: Network) -> Contestant:
    """A network as `evaluation.comparing` wants it: from pictures as they are to logits."""

    def answer(pictures: list[Tensor]) -> Tensor:
        batch = to_batch(pictures, network.preprocessing)
        with features.exclusive(network.net), torch.inference_mode():
            return network.net(batch)

    return Contestant(answer, network.class_names)


def _load(shelf: Shelf, entries: list[Entry]) -> tuple[dict[str, Network], list[Refusal]]:
    networks, refusals = {}, []
    for entry in entries:
        try:
            networks[entry.id] = shelf.network(entry)
        except ValueError as error:
            refusals.append(Refusal(entry, str(error)))
    return networks, refusals
