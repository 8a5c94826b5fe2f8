"""The first thing that the command ``changen`` runs: what must be so before anything slow is imported.

Importing takes half a second, in which Ctrl-C would give a traceback of whatever is being imported. And how PyTorch's
threads wait is read from the environment once, when it is loaded.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import FrameType

KIND_TO_NEIGHBOURS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Environment of PyTorch's threads: those that wait sleep.

By default they spin, for up to 0.2 s at each meeting, on cores that other processes need; beside one busy process every
operation then waits for a thread that waits for a core (benchmarks/shared_machine.py).
"""

_STOPPED = b"changen: interrupted; nothing was begun\n"


def prepare_environment() -> None:
    """Sets what PyTorch reads when it is loaded, unless the user has set it."""
    for name, value in KIND_TO_NEIGHBOURS.items():
        os.environ.setdefault(name, value)


def main() -> None:
    """Runs the command line; never returns."""
    prepare_environment()
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    ours = [number for name in names if (number := getattr(signal, name, None)) is not None and _is_plain(number)]
    before = {number: signal.signal(number, _stop) for number in ours}
    from changen_cli.cli.main import main as run  # slow: that is why it stands here

    for number, handler in before.items():
        signal.signal(number, handler)
    run()


def _is_plain(number: int) -> bool:
    """Tells whether nobody else, such as nohup, has said what a signal does."""
    return signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)


def _stop(number: int, frame: FrameType | None) -> None:
    """Ends the process at once: there is nothing to tidy up, and an import cannot be relied on to pass an error on."""
    with suppress(OSError):  # a terminal that is gone
        os.write(2, _STOPPED)
    os._exit(130)
