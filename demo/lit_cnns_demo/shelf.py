"""The checkpoints the lab knows: found in folders, known to the browser by an id, loaded when first used."""

import hashlib
import tempfile
import threading
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from .network import Entry, Network, Stamp, load

SHIPPED = Path(__file__).resolve().parent / "checkpoints"
SUFFIXES = (".ckpt", ".safetensors")
LARGEST_GUEST = 150_000_000  # parameters: VGG has 144 million
MOST_GUESTS = 8
STILL_WRITING = 10  # seconds: a run may not have finished a file that is younger


class Shelf:
    """The checkpoints below some folders, newest first, and those that ship, oldest paper first.

    Args:
        folders: folders or files; one that does not exist yet is looked at again each time.
        memory: how many bytes of weights stay loaded; the one in use stays in any case.

    Guests of torchvision and timm that a visitor invites are checkpoints in a folder of their own, which goes with
    the shelf.

    Attributes:
        refused: a sentence for each file that is damaged or carries code, and for sound files of other programs that
            were given by name; others of those are passed over, and so are those that `trainer/every_epoch` keeps,
            which the tab over time goes through.
    """

    def __init__(self, folders: Iterable[str | Path] = (), memory: int = 2 << 30) -> None:
        self.folders = [Path(folder) for folder in folders]
        self.memory = memory
        self.version = 0
        self.refused: list[str] = []
        self._entries: dict[str, Entry] = {}
        self._seen: dict[Path, Stamp] | None = None
        self._loaded: OrderedDict[str, Network] = OrderedDict()
        self._loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()  # around what is loaded; never held while something is read
        self._looking = threading.Lock()
        self._rooms = tempfile.TemporaryDirectory(prefix="lit-cnns-guests-", ignore_cleanup_errors=True)
        self.guests = Path(self._rooms.name).resolve()

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    @property
    def labels(self) -> dict[str, str]:
        """What to call each id in a list: its title, with as much of its place as tells it from others."""
        labels: dict[str, str] = {}
        for parts in range(1 + max((entry.place.count("/") + 1 for entry in self.entries), default=0)):
            rest = [entry for entry in self.entries if entry.id not in labels]
            titles = Counter(entry.title(parts) for entry in rest)
            labels |= {entry.id: entry.title(parts) for entry in rest if titles[entry.title(parts)] == 1}
        return {entry.id: labels.get(entry.id, entry.id) for entry in self.entries}

    def first_choice(self, count: int) -> list[str]:
        """The first checkpoint of each network on the shelf, a run's best before its last, for a page just opened."""
        chosen: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.path.is_relative_to(self.guests):
                continue  # another visitor's
            if entry.name not in chosen or (chosen[entry.name].path.parent == entry.path.parent and _is_best(entry)):
                chosen[entry.name] = entry
        return [entry.id for entry in [*chosen.values()][:count]]

    def refresh(self) -> None:
        """Look for checkpoints again; `version` grows if anything has changed since the last time."""
        with self._looking:
            seen = self._stamps()
            if seen == self._seen:
                return
            from lit_cnns.checkpoints import CheckpointError, ForeignCheckpoint

            read = {(entry.path, entry.stamp): entry for entry in self.entries}
            found, refused, settled = [], [], dict(seen)
            named = {folder.resolve() for folder in self.folders}
            for path, stamp in seen.items():
                try:
                    found.append(read.get((path, stamp)) or self._entry(path, stamp))
                except ForeignCheckpoint as error:
                    if path in named:
                        refused.append(str(error).replace(str(path), self._place(path)))
                except CheckpointError as error:
                    if time.time() - stamp[0] / 1e9 > STILL_WRITING:
                        refused.append(str(error).replace(str(path), self._place(path)))
                    else:
                        del settled[path]
            self._entries = {entry.id: entry for entry in _in_order(found)}
            self.refused = sorted(refused)
            self._seen = settled
            self.version += 1

    def pick(self, ids: Sequence[str] | None) -> list[Entry]:
        """The entries of these ids.

        Raises:
            ValueError: an id is not on the shelf.
        """
        if not isinstance(ids, list | tuple | None):
            raise ValueError(f"Networks are a list of ids, not {ids!r}.")
        for id in ids or ():
            if not isinstance(id, str) or id not in self._entries:
                raise ValueError(f"There is no network '{id}' here; press Refresh, then choose from the list.")
        return [self._entries[id] for id in dict.fromkeys(ids or ())]

    def named(self, id: str) -> Network:
        """Load the network of an id that a program sends, which may be of a file that has come since.

        Raises:
            ValueError: an id is not on the shelf, or its file cannot be loaded.
        """
        self.refresh()
        return self.network(self.pick([id])[0])

    def network(self, entry: Entry) -> Network:
        """Load a network, or take it from memory.

        Raises:
            ValueError: the file cannot be loaded any more, or takes pictures no file can give.
        """
        with self._lock:
            loading = self._loading[entry.id]
        with loading:
            with self._lock:
                loaded = self._loaded.get(entry.id)
            if loaded is None or loaded.entry.stamp != entry.stamp:
                loaded = load(entry)
            with self._lock:
                self._loaded[entry.id] = loaded
                self._loaded.move_to_end(entry.id)
                while len(self._loaded) > 1 and sum(network.bytes for network in self._loaded.values()) > self.memory:
                    self._loaded.popitem(last=False)
        return loaded

    @property
    def loaded(self) -> list[Network]:
        """The networks in memory, the one used last at the end."""
        with self._lock:
            return [*self._loaded.values()]

    def invite(self, name: str, trained: bool) -> str:
        """Put a network of torchvision or timm on the shelf; its id. Beyond `MOST_GUESTS` the first one leaves.

        Args:
            name: `torchvision/NAME` or `timm/NAME`.
            trained: with the weights its library offers, which are downloaded unless they are on this machine;
                otherwise with random weights, and nothing is asked for.

        Raises:
            ValueError: no such network, one that is too large, or weights that are out of reach.
        """
        from lit_cnns import weights
        from lit_cnns.checkpoints import save_slim

        if (size := weights.guest_size(name)) > LARGEST_GUEST:
            raise ValueError(f"{name} has {size:,} parameters; the lab takes guests of at most {LARGEST_GUEST:,}.")
        module = weights.guest(name)[0] if trained else weights.untrained(name)
        path = self.guests / f"{'trained' if trained else 'untrained'}-{name.replace('/', '-')}.ckpt"
        save_slim(module, path, half=False)
        for earlier in sorted(self.guests.glob("*.ckpt"), key=lambda one: one.stat().st_mtime_ns)[:-MOST_GUESTS]:
            earlier.unlink(missing_ok=True)
        self.refresh()
        return next(entry.id for entry in self.entries if entry.path == path)

    def _stamps(self) -> dict[Path, Stamp]:
        from lit_cnns.runs import is_of_an_epoch

        stamps = {}
        for folder in (*self.folders, self.guests, SHIPPED):
            files = [folder] if folder.is_file() else (p for s in SUFFIXES for p in folder.rglob(f"*{s}"))
            for path in files:
                if (path == folder or not is_of_an_epoch(path)) and (stamp := _stamp(path)):
                    stamps[path.resolve()] = stamp
        return stamps

    def _entry(self, path: Path, stamp: Stamp) -> Entry:
        from lit_cnns.checkpoints import describe, network_name

        description = describe(path)
        name = network_name(description)
        if path.is_relative_to(SHIPPED):
            return Entry(path.stem, path, stamp, name, "ships with the lab", description)
        if path.is_relative_to(self.guests):
            return Entry(path.stem, path, stamp, name, "invited to the lab", description)
        place = self._place(path)
        return Entry(f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}", path, stamp, name, place, description)

    def _place(self, path: Path) -> str:
        parts = _below(path, self.folders).with_suffix("").parts
        return "/".join(part for part in parts if part != "checkpoints")


def _in_order(entries: list[Entry]) -> list[Entry]:
    """Order a user's own, newest first, before what ships, which stands as in the lineage."""
    from lit_cnns import LINEAGE

    place = {name: number for number, name in enumerate(LINEAGE)}

    def order(entry: Entry) -> tuple[bool, int]:
        ships = entry.path.is_relative_to(SHIPPED)
        return ships, place.get(entry.name, len(place)) if ships else -entry.stamp[0]

    return sorted(entries, key=order)


def _is_best(entry: Entry) -> bool:
    return entry.path.stem.startswith("best")


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def _below(path: Path, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if path.is_relative_to(folder.resolve()) and folder.is_dir():
            return path.relative_to(folder.resolve())
    return Path(path.name)
