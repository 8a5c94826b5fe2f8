"""How the thread ends that zarr-python reads and writes in.

zarr-python stops the event loop of that thread when the interpreter ends, waits 0.2 s for the thread and then closes
the loop, ended or not. On a busy machine that is "Cannot close a running event loop", a traceback after a run that went
well. What is registered later runs earlier: the thread is waited for here, and zarr-python finds it ended.
"""

from __future__ import annotations

import atexit
from asyncio import AbstractEventLoop
from functools import cache
from threading import Thread

from zarr.core import sync

PATIENCE = 10.0
"""Most seconds that are waited for the thread; what hangs for longer is broken, and may say so."""


@cache
def end_loop_in_time() -> None:
    """Sees to it, once for a process, that zarr-python's thread has ended before its event loop is closed."""
    atexit.register(_end_thread)


def _end_thread() -> None:
    """Stops the loop and waits for its thread; the loop itself is zarr-python's to close."""
    # no public names: a release that renames them has its own way of ending, which is then left alone
    loops: list[AbstractEventLoop | None] = getattr(sync, "loop", [None])
    threads: list[Thread | None] = getattr(sync, "iothread", [None])
    loop, thread = loops[0], threads[0]
    if loop is None or thread is None or not thread.is_alive():
        return
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
