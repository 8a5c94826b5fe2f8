"""The signals that end a run, while processes are started."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait

ENDING = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
"""Signals that end a run, which the same command takes up again later."""

_HAS_MASKS = hasattr(signal, "pthread_sigmask")


@contextmanager
def signals_held() -> Iterator[None]:
    """Holds back the signals that end a run, for as long as it takes to start a process.

    The process starts with them held back too; it would otherwise die of them, with a traceback, while it imports what
    it needs. It would also die of a main process that stops before it has told it what to do.
    """
    came: list[int] = []
    ours = {}
    if threading.current_thread() is threading.main_thread():
        # a mask alone does not do: the system gives the signal to another thread, and Python brings it back to this one
        ours = {number: signal.signal(number, lambda number, frame: came.append(number)) for number in ENDING}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING) if _HAS_MASKS else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in ours.items():
            signal.signal(number, handler)
        for arrived in came:
            signal.raise_signal(arrived)


def end_with_parent() -> None:
    """Leaves it to the main process to decide what a signal means, and ends this one when that is gone.

    Ctrl-C, timeout(1) and the like signal the whole process group, so this process leaves it. A main process that was
    killed must not leave its workers waiting for ever.
    """
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def forget_held_signals() -> None:
    """Drops what arrived while this process started, and lets SIGTERM, by which the pool ends it, through again."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if _HAS_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
