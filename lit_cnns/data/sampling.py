"""Which picture goes where: training order and global batches, exact evaluation shares, and loaders that resume."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from lit_cnns.data.randomness import order
from lit_cnns.evaluation import NOT_COUNTED

Batch = tuple[Tensor, Tensor, Tensor]  # images uint8 (B, C, H, W), labels int64 (B,), indices int64 (B,)
ScaledBatch = tuple[list[list[Tensor]], Tensor, Tensor]  # in place of images, each picture at several scales


class Source(Protocol):
    """What a loader draws from, a batch at a time."""

    def __len__(self) -> int: ...

    def __getitems__(self, request: tuple[int, Tensor]) -> Batch | ScaledBatch | ValueError:
        """The pictures of `request` = (epoch, indices), or why they cannot be had."""

    def blank(self) -> Tensor | list[Tensor]:
        """A black picture of this set's shape, (C, H, W), or at its scales."""


class PictureSet(Protocol):
    """Numbered pictures."""

    def __len__(self) -> int: ...

    def __getitems__(self, request: tuple[int, Tensor]) -> Batch | ValueError:
        """The pictures of `request` = (epoch, indices), or why they cannot be had."""

    def whole(self, indices: Tensor) -> tuple[list[Tensor], Tensor] | ValueError:
        """Pictures as they are, uint8 (C, H, W) of any shape, and their labels; or why they cannot be had."""

    def blank(self) -> Tensor:
        """A black picture of this set's shape, (C, H, W)."""

    def name(self, index: int) -> str:
        """Where a picture came from."""


@dataclass(frozen=True)
class Division:
    """How a global batch is divided: over processes, and over the steps whose gradients are accumulated."""

    processes: int = 1
    rank: int = 0
    accumulate: int = 1

    @property
    def parts(self) -> int:
        """Into how many a global batch is divided."""
        return self.processes * self.accumulate

    def per_device(self, global_batch_size: int) -> int:
        """Pictures a process sees at once.

        Raises:
            ValueError: the global batch cannot be divided evenly, or is none.
        """
        if global_batch_size < 1:
            raise ValueError(f"global_batch_size is 1 picture or more, not {global_batch_size}.")
        if global_batch_size % self.parts:
            raise ValueError(
                f"A global batch of {global_batch_size} pictures cannot be divided evenly over {self.processes} "
                f"process(es) x {self.accumulate} accumulated step(s): choose a global_batch_size that {self.parts} "
                "divides."
            )
        return global_batch_size // self.parts


class Batches(Protocol):
    """One process's batches of an epoch, from batch `start` on, as (epoch, indices)."""

    epoch: int
    start: int

    def __len__(self) -> int:
        """Of the whole epoch."""

    def __iter__(self) -> Iterator[tuple[int, Tensor]]: ...


class TrainBatches:
    """One process's batches of an epoch: the same global batches for any number of processes.

    The order is a function of (seed, epoch). The last incomplete global batch is dropped. Iterating gives
    (epoch, indices) from batch `start` on.

    Args:
        size: pictures of the set.
        global_batch_size: pictures an optimiser step sees.
        division: which of them are this process's.
        seed: decides the order.
        shuffle: whether there is one.
        ordered: the numbers of an epoch's pictures, where the data has an order of its own.
    """

    def __init__(
        self,
        size: int,
        global_batch_size: int,
        division: Division,
        seed: int,
        shuffle: bool = True,
        ordered: Callable[[int], Tensor] | None = None,
    ) -> None:
        self.size, self.seed, self.division, self.shuffle = size, seed, division, shuffle
        self.ordered = ordered or (lambda epoch: order(seed, epoch, size))
        self.global_batch_size = global_batch_size
        self.per_device = division.per_device(global_batch_size)
        self.epoch, self.start = 0, 0

    def __len__(self) -> int:
        return self.size // self.global_batch_size * self.division.accumulate

    def __iter__(self) -> Iterator[tuple[int, Tensor]]:
        epoch = self.epoch
        places = self.ordered(epoch) if self.shuffle else torch.arange(self.size)
        whole = self.size // self.global_batch_size * self.global_batch_size
        shape = (-1, self.division.processes, self.per_device)
        for indices in places[:whole].view(shape)[self.start :, self.division.rank]:
            yield epoch, indices


class EvaluationBatches:
    """One process's share of a set, unpadded: sizes differ by at most one, and every picture is in one share.

    The length is that of the largest share: processes that hold a network together go through as many batches.
    """

    def __init__(self, size: int, batch_size: int, division: Division) -> None:
        self.share = torch.arange(size)[division.rank :: division.processes]
        self.most = -(-size // division.processes)  # pictures of a share
        self.batch_size = batch_size
        self.epoch, self.start = 0, 0

    def __len__(self) -> int:
        return -(-self.most // self.batch_size)

    def __iter__(self) -> Iterator[tuple[int, Tensor]]:
        for first in range(self.start * self.batch_size, len(self.share), self.batch_size):
            yield 0, self.share[first : first + self.batch_size]


class Loader:
    """Batches of a set, in an order that can be taken up again in the middle of an epoch.

    Not a `torch.utils.data.DataLoader`, so that Lightning leaves its sampler alone; it drives one. Each iteration
    asks `position` for (epoch, batches done) when its first batch is wanted; without it, `set_epoch` and
    `load_state_dict` say so. A share with fewer batches than another yields black pictures labelled -100 in their
    place, so that its process takes part in all of them.

    Args:
        pictures: the set.
        batches: `TrainBatches` or `EvaluationBatches` over it.
        num_workers: processes that decode; 0 decodes in this one.
        position: (epoch, batches of it already done), asked at the start of each iteration.
        on_batch: called with each batch, in the order of iteration.
        pin_memory: give batches in memory from which a GPU copies while it computes.
    """

    def __init__(
        self,
        pictures: Source,
        batches: Batches,
        num_workers: int = 0,
        position: Callable[[], tuple[int, int]] | None = None,
        on_batch: Callable[[Batch | ScaledBatch], None] | None = None,
        pin_memory: bool = False,
    ) -> None:
        self.pictures, self.batches = pictures, batches
        self.position, self.on_batch = position, on_batch
        self._epoch, self._start, self._done = 0, 0, 0
        self._batches: DataLoader = DataLoader(
            pictures,  # type: ignore[arg-type]
            batch_sampler=batches,  # type: ignore[arg-type]
            num_workers=num_workers,
            collate_fn=_as_it_is,
            pin_memory=pin_memory,
            persistent_workers=num_workers > 0,
            generator=torch.Generator(),  # else each epoch would draw from the generator that dropout uses
        )

    def __len__(self) -> int:
        return max(1, len(self.batches))

    def __iter__(self) -> Iterator[Batch | ScaledBatch]:
        if self.position:
            self._epoch, self._start = self.position()
        self.batches.epoch, self.batches.start = self._epoch, self._start
        self._done, self._start = self._start, 0
        for batch in self._batches:
            if isinstance(batch, ValueError):  # raised in a worker, its sentence would drown in a stack trace
                raise batch
            self._done += 1
            if self.on_batch:
                self.on_batch(batch)
            yield batch
        while self._done < len(self):
            self._done += 1
            blank = self.pictures.blank()
            uncounted = torch.tensor([NOT_COUNTED]), torch.tensor([-1])
            yield (blank[None], *uncounted) if isinstance(blank, Tensor) else ([blank], *uncounted)

    @property
    def _iterator(self) -> Any:
        # where Lightning looks for workers to end with the run
        return self._batches._iterator

    @_iterator.setter
    def _iterator(self, value: Any) -> None:
        self._batches._iterator = value

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration is, where no Trainer does."""
        self._epoch = epoch

    def state_dict(self) -> dict[str, Any]:
        """Where this loader is: the epoch, and how many of its batches were given out."""
        return {"epoch": self._epoch, "batches": self._done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up where `state_dict` was: the next iteration gives what was left of the epoch."""
        self._epoch, self._start = state["epoch"], state["batches"]


def _as_it_is(batch: Any) -> Any:
    return batch
