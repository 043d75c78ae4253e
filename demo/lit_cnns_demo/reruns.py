"""Claims that are run again from the page: one at a time, a few wait, each in a folder that is gone afterwards."""

import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .waiting import BETWEEN, Line, waiting

MOST_WAITING = 3
LONGEST = 3600  # seconds; a `quick` run takes minutes
PUBLISHED = "cifar-10-batches-py"  # the folder of CIFAR-10's own files
NO_DATA = (
    "This claim is checked on pictures: open the lab with --data FOLDER, a folder with CIFAR-10, or with train/ and "
    "test/ of class folders."
)
QUEUE_FULL = "Another run is under way, and others wait for it. Try again when it is done."


@dataclass(frozen=True)
class Rerun:
    """How far a run has come.

    Args:
        state: it waits, runs, is done, or was stopped.
        ahead: runs before it, while it waits.
        lines: what has been done, in its own words.
        steps: how many lines there will be, as far as it knows; None while it waits.
        seconds: since it began.
        kept: its results, as a claim leaves them, once it is done.
        figure: its figure, an SVG.
    """

    state: Literal["waiting", "running", "done", "stopped"]
    ahead: int = 0
    lines: list[str] = field(default_factory=list)
    steps: int | None = None
    seconds: float = 0.0
    kept: dict[str, Any] | None = None
    figure: str = ""


class Reruns:
    """The queue of runs, and the pictures that claims may be trained on.

    Args:
        folders: those given when the lab was opened; only those that hold what a claim trains on are offered.
    """

    def __init__(self, folders: Iterable[str | Path] = ()) -> None:
        fitting = [Path(f) for f in folders if any((Path(f) / part).is_dir() for part in (PUBLISHED, "train"))]
        self.folders: dict[str, Path] = {}
        for folder in fitting:
            place = folder.resolve()
            name = f"{place.parent.name}/{place.name}" if place.name in self.folders else place.name
            self.folders[name] = folder
        self._line = Line(MOST_WAITING, QUEUE_FULL)

    def run(self, id: str, pictures: str | None, stopped: threading.Event) -> Iterator[Rerun]:
        """Run a claim at its quick budget, telling how far it has come.

        Args:
            id: of the claim.
            pictures: the name of one of the folders; the first unless told.
            stopped: ends it early.

        Raises:
            ValueError: no such claim or folder, too many wait, or the run ended with an error.
        """
        from lit_cnns import claims

        claim = claims.claim(id)
        data = self._pick(pictures) if claim.needs_data else None
        with self._line.place() as ahead:
            for before in waiting(ahead, stopped):
                yield Rerun("waiting", before)
            yield from _counted(claim) if claim.kind == "counting" else _apart(claim, data, stopped)

    def _pick(self, pictures: str | None) -> Path:
        if not self.folders:
            raise ValueError(NO_DATA)
        if pictures and pictures not in self.folders:
            raise ValueError(
                f"There are no pictures '{pictures[:40]}' to train on here, but {', '.join(self.folders)}."
            )
        return self.folders[pictures or next(iter(self.folders))]


def _counted(claim: Any) -> Iterator[Rerun]:
    """Count, which takes a moment."""
    from lit_cnns import claims

    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        lines: list[str] = []
        claims.run(claim, claims.Settings(Path(folder), report=lines.append))
        yield _done(Path(folder), lines, time.monotonic() - start)


def _apart(claim: Any, data: Path | None, stopped: threading.Event) -> Iterator[Rerun]:
    """Run a claim by its command, in a process of its own that can be stopped at any time."""
    from lit_cnns import claims

    folder = Path(tempfile.mkdtemp())
    asked = [claim.id, "--folder", str(folder), *(["--data", str(data)] if data else [])]
    start = time.monotonic()
    lines: list[str] = []
    steps = claim.steps(claims.Settings(folder))
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "lit_cnns", "claim", *asked], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        said: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_listen, args=(process, said), daemon=True).start()
        while process.poll() is None:
            seconds = time.monotonic() - start
            if stopped.is_set() or seconds > LONGEST:
                yield Rerun("stopped", lines=lines, steps=steps, seconds=seconds)
                return
            yield Rerun("running", lines=[*lines], steps=steps, seconds=seconds)
            if heard := _heard(said, claim.id):
                lines += [line for line, _ in heard]
                steps = heard[-1][1]
        if process.returncode:
            raise ValueError(_reason(folder / "errors", data))
        yield _done(folder, lines, time.monotonic() - start)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _listen(process: "subprocess.Popen[str]", said: "queue.Queue[str]") -> None:
    assert process.stdout
    for line in process.stdout:
        said.put(line)


def _heard(said: "queue.Queue[str]", id: str) -> list[tuple[str, int]]:
    """What the claim has reported since, and how many lines it knows of, after a moment's wait for the first."""
    heard = []
    try:
        heard.append(said.get(timeout=BETWEEN))
        while True:
            heard.append(said.get_nowait())
    except queue.Empty:
        reports = [re.match(rf"{id}, \d+ of (\d+): (.*)", line) for line in heard]
        return [(report[2].strip(), int(report[1])) for report in reports if report]


def _reason(errors: Path, data: Path | None) -> str:
    """The last line of what went wrong, without a path of this machine."""
    lines = errors.read_text().strip().splitlines() or ["The run ended without a word."]
    reason = lines[-1].removeprefix("lit-cnns: error: ")
    return reason.replace(str(data), data.name) if data else reason


def _done(folder: Path, lines: list[str], seconds: float) -> Rerun:
    from lit_cnns import claims

    figure = (folder / "figure.svg").read_text(encoding="utf-8")
    return Rerun("done", lines=lines, seconds=seconds, kept=claims.read(folder), figure=figure)
