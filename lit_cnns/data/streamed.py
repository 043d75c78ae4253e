"""Sets larger than a disk: read in chunks from object storage, in an order that suits chunks."""

import functools
import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from torch import Tensor

from lit_cnns.data.decoding import Decode, Shrink
from lit_cnns.data.files import FileSet, Stock
from lit_cnns.data.folder import ImageFolder
from lit_cnns.data.layout import Layout
from lit_cnns.data.prepared import AGAIN, MANIFEST, Manifest, Packed, manifest_of
from lit_cnns.data.randomness import order
from lit_cnns.data.sampling import Batches, Loader
from lit_cnns.data.storage import ChunkCache, Storage, cache_home

_FETCHING = 4  # chunks that are fetched at a time, ahead of their use
_SPLITS = ("train", "val", "test")


class Streamed(Packed):
    """The pictures of one split, whose chunks come from a storage when they are wanted."""

    cache: ChunkCache

    def picture(self, index: int, decode: Decode, shrink: Shrink | None = None) -> Tensor:
        """One picture, uint8 (C, H, W); ImageError if it cannot be read, StorageError if it cannot be had."""
        row = self.index[index]
        record = self.cache.read(self.chunk(int(row["part"])), int(row["start"]), int(row["bytes"]))
        return decode(record, self.name(index), shrink)

    def chunk(self, part: int) -> str:
        """The name of a chunk below the set."""
        return f"{self.folder.name}/{part:05}.bin"

    def chunks(self, indices: Tensor) -> set[str]:
        """The names of the chunks of some pictures."""
        return {self.chunk(part) for part in self.parts[indices].tolist()}

    def subset(self, indices: Tensor) -> "Streamed":
        """Some of the pictures, renumbered."""
        return streamed(self.folder, self.cache, self.index[indices.numpy()])


def streamed(folder: Path, cache: ChunkCache, index: Any) -> Streamed:
    """Pictures of a split whose index is known."""
    stock = Streamed(folder, index, pixels=False)
    stock.cache = cache
    return stock


def chunked_order(parts: Tensor, lanes: int, global_batch_size: int, seed: int, epoch: int) -> Tensor:
    """An epoch's order in which few chunks are open at a time: a function of seed and epoch, of nothing else.

    Chunks are shuffled, and the pictures within each. What follows is cut into `lanes` equal parts, read side by side:
    a global batch takes the same number of pictures from each, in the order of the lanes, so that processes that divide
    it read different lanes.

    Args:
        parts: the chunk of each picture, (N,).
        lanes: a divisor of global_batch_size.
        global_batch_size: pictures a step.
        seed: decides, with the epoch, the order.
        epoch: which.

    Returns:
        numbers of pictures, whole global batches one behind the other.
    """
    places = order(seed, epoch, len(parts))
    rank = order(seed, epoch, int(parts.max()) + 1).argsort()
    places = places[rank[parts[places]].argsort(stable=True)]
    length, each = len(parts) // lanes, global_batch_size // lanes
    steps = length // each
    return (
        places[: lanes * length]
        .view(lanes, length)[:, : steps * each]
        .view(lanes, steps, each)
        .transpose(0, 1)
        .reshape(-1)
    )


class Ahead:
    """Batches whose chunks are fetched by threads before a worker wants them.

    Args:
        batches: what a loader asks for.
        chunks: the chunks of some pictures.
        fetch: brings one to this disk.
        by: so many batches ahead.
    """

    def __init__(
        self,
        batches: Batches,
        chunks: Callable[[Tensor], set[str]],
        fetch: Callable[[str], Any],
        by: int,
    ) -> None:
        self.batches, self.chunks, self.fetch, self.by = batches, chunks, fetch, by
        self.epoch, self.start = 0, 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[int, Tensor]]:
        self.batches.epoch, self.batches.start = self.epoch, self.start
        waiting: deque[tuple[int, Tensor]] = deque()
        asked: set[str] = set()
        pool = ThreadPoolExecutor(_FETCHING)
        try:
            for request in self.batches:
                now = self.chunks(request[1])
                for name in sorted(now - asked):
                    pool.submit(self.fetch, name)  # what fails here fails again, and is told, where it is read
                asked = now
                waiting.append(request)
                if len(waiting) > self.by:
                    yield waiting.popleft()
            yield from waiting
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class StreamedImages(ImageFolder):
    """A set that `lit-cnns data prepare ROOT s3://BUCKET/FOLDER` wrote, read in chunks that pass through a cache.

    What is seen, in which batches, is a function of seed and epoch alone, as everywhere here: for any number of
    processes, workers and restarts. The order is not ImageFolder's: it keeps few chunks open at a time.

    Args:
        root: s3://BUCKET/FOLDER, or a folder that was prepared with `--form chunks`.
        storage_options: of boto3's S3 client: endpoint_url, region_name ...; credentials come from the environment.
        cache_dir: where chunks are kept; default: ~/.cache/lit-cnns (or below XDG_CACHE_HOME).
        cache_gb: gigabytes of chunks kept on each machine.
        lanes: places of the set that are read side by side, so many that divide the batch: more mix better and need
            more cache. Processes whose number divides it read different chunks.
        **common: the arguments of `ImageFolder` and `ImageData`.

    Raises:
        ValueError: arguments that contradict each other, or a cache that is too small for the lanes.
        StorageError: the storage cannot be reached, refuses, or has no such set.
    """

    def __init__(
        self,
        root: str = "data",
        storage_options: dict[str, Any] | None = None,
        cache_dir: str | None = None,
        cache_gb: float = 50.0,
        lanes: int = 64,
        **common: Any,
    ) -> None:
        super().__init__(root, **common)
        self.save_hyperparameters(logger=False)
        self.storage = Storage(root, storage_options) if "://" in root else None
        self.cache_dir = Path(cache_dir).expanduser() if cache_dir else cache_home()
        self.limit = int(cache_gb * 1e9)
        if lanes < 1:
            raise ValueError(f"lanes are the places of the set that are read side by side, 1 or more, not {lanes}.")
        self.lanes = math.gcd(lanes, self.global_batch_size)

    @functools.cached_property
    def manifest(self) -> Manifest:
        if self.storage:
            manifest = Manifest.parse(self.storage.read(MANIFEST).decode(), f"{self.storage.url}/{MANIFEST}")
        elif found := manifest_of(self.root):
            manifest = found
        else:
            raise ValueError(
                f"{self.root} has no {MANIFEST}: write one by `{AGAIN} PICTURES {self.root} --form chunks`."
            )
        if manifest.form != "chunks":
            raise ValueError(f"{self.hparams['root']} is prepared as {manifest.form}; streaming needs `--form chunks`.")
        self._warn_of_enlarging(manifest)
        return manifest

    @functools.cached_property
    def cache(self) -> ChunkCache | None:
        """Where chunks pass through; None where all are in a folder of this machine."""
        if self.storage is None:
            return None
        files = self.manifest.files
        digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()  # not those of an older set
        return ChunkCache(self.storage, self.cache_dir / digest[:16], files, self.limit)

    @functools.cached_property
    def layout(self) -> Layout:
        folder = self.cache.folder if self.cache else self.root
        return Layout(*(folder / split if split in self.manifest.counts else None for split in _SPLITS))

    @property
    def class_names(self) -> list[str]:
        return [self.manifest.words.get(name, name) for name in self.classes]

    def list_folder(self, folder: Path) -> tuple[Stock, Tensor]:
        if self.cache is None:
            return super().list_folder(folder)
        self._check_room(self.cache)
        for name in ("index.npy", "names.json"):
            self.cache.fetch(f"{folder.name}/{name}")
        packed, labels = Packed.open(folder, pixels=False)
        return streamed(folder, self.cache, packed.index), labels

    def _check_room(self, cache: ChunkCache) -> None:
        sizes = [size for name, (size, _) in cache.files.items() if name.endswith(".bin")]
        needed = min(sum(sizes), 2 * self.lanes * max(sizes))  # of each lane the open chunk and the next
        if self.limit < needed:
            raise ValueError(
                f"cache_gb: {self.limit / 1e9:g} cannot hold two chunks of each of {self.lanes} lanes: give it "
                f"{needed / 1e9:.3g} or more, or fewer lanes."
            )

    def _stays_in_memory(self, count: int) -> bool:
        return bool(self.in_memory)

    def _order(self, epoch: int) -> Tensor:
        stock = self._stock("train")
        if stock is None:
            return super()._order(epoch)
        return chunked_order(stock.parts, self.lanes, self.global_batch_size, self.seed, epoch)

    def _stock(self, split: str) -> Packed | None:
        """Where the pictures of a split lie; None once they are in memory."""
        pictures = self.sets[split]
        stock = pictures.stock if isinstance(pictures, FileSet) else None
        return stock if isinstance(stock, Packed) else None

    def _loader(self, split: str, batches: Batches, position: Callable[[], tuple[int, int]] | None) -> Loader:
        stock = self._stock(split)
        if isinstance(stock, Streamed):
            chunk = int(stock.parts.bincount().max())
            at_once, repeated = self._evaluation_batch * self.division.processes, 1
            if split == "train":  # as many pictures of each lane
                at_once, repeated = self.global_batch_size // self.lanes, self.division.accumulate
            batches = Ahead(batches, stock.chunks, stock.cache.fetch, -(-chunk // at_once) * repeated)
        return super()._loader(split, batches, position)
