"""Long work for visitors, one at a time: the others wait in a line, hear how long it is, and can leave it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from . import cards
from .wiring import PRIVATE

BETWEEN = 0.5  # seconds between two looks at the line
MOST_WAITING = 15
# more than may wait, so that Gradio's own queue, which says nothing, is never waited in
IN_LINE: dict[str, Any] = {"concurrency_limit": MOST_WAITING + 2, "show_progress": "hidden", **PRIVATE}
FULL = "Too many wait for this already. Try again in a while."
LEFT = "It was stopped before it began."


class Stops:
    """Which pages have asked their work to stop."""

    def __init__(self) -> None:
        self._events: dict[str, threading.Event] = {}

    def begin(self, request: gr.Request) -> threading.Event:
        """Note that a page's work begins; an earlier one of it ends."""
        self.stop(request)
        event = self._events[str(request.session_hash)] = threading.Event()
        return event

    def stop(self, request: gr.Request) -> None:
        """Stop the page's work, if there is any."""
        if event := self._events.pop(str(request.session_hash), None):
            event.set()


class Line:
    """A line before work that is done for one visitor at a time.

    Args:
        most: how many may wait.
        full: what the next one is told.
    """

    def __init__(self, most: int = MOST_WAITING, full: str = FULL) -> None:
        self.most, self.full = most, full
        self._places: list[object] = []
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[Callable[[], int]]:
        """Take a place, and give it back when the work is done; what is given counts those ahead.

        Raises:
            ValueError: too many wait.
        """
        mine = object()
        with self._lock:
            if len(self._places) > self.most:
                raise ValueError(self.full)
            self._places.append(mine)
        try:
            yield lambda: self._places.index(mine)
        finally:
            self._places.remove(mine)

    def shown(self, work: Iterator[str], stopped: threading.Event) -> Iterator[str]:
        """What work shows when its turn has come, and until then that it waits.

        Args:
            work: HTML, again and again; it is not begun before.
            stopped: leaves the line.
        """
        try:
            with self.place() as ahead:
                for before in waiting(ahead, stopped):
                    yield cards.notice(f"One at a time: {before} before this one. It begins by itself; “Stop” ends it.")
                if stopped.is_set():
                    yield cards.notice(LEFT)
                else:
                    yield from work
        except ValueError as error:
            yield cards.notice(str(error), "alert")


def waiting(ahead: Callable[[], int], stopped: threading.Event) -> Iterator[int]:
    """How many are ahead, twice a second, until nobody is or the work is stopped."""
    while (before := ahead()) and not stopped.is_set():
        yield before
        stopped.wait(BETWEEN)
