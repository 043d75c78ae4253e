"""torch and Lightning, which take seconds to import: after the page is up, and by one thread at a time.

Two threads that import them at once, from two ends, trip over the circle in which their modules import each other.
"""

import threading
from importlib import import_module

from anyio import to_thread

SLOW = ("lit_cnns.checkpoints", "lit_cnns_demo.panels")
_importing = threading.Lock()
_imported = threading.Event()


def import_the_slow() -> None:
    """Import what takes long, or wait until another thread has."""
    with _importing:
        for module in SLOW:
            import_module(module)
        _imported.set()


async def ready() -> None:
    """Let an event wait for what takes long to import, and the server go on meanwhile."""
    if not _imported.is_set():
        await to_thread.run_sync(import_the_slow)
