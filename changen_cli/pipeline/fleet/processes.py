"""Workers that are processes of this machine, one for each device."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

import torch

from changen_cli.device import cores
from changen_cli.errors import UsageError
from changen_cli.pipeline.engines.signals import end_with_parent, forget_held_signals, signals_held
from changen_cli.pipeline.fleet.crew import DiedError, Message
from changen_cli.pipeline.fleet.work import Order, work
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.store.share import Share

PROCESSES = 8
"""Most processes that read and write for one GPU."""


class DeviceProcesses:
    """A process for each device, started afresh: the first has threads, and perhaps a device of its own.

    Attributes:
        size: How many.
    """

    def __init__(self, options: GenerateOptions) -> None:
        """Chooses the devices; nothing is started.

        Args:
            options: Of the run; ``devices`` of them are used.

        Raises:
            UsageError: If there are not so many, or one device was named.
        """
        self._devices = choose_devices(options, torch.cuda.device_count() if torch.cuda.is_available() else 0)
        self.size = len(self._devices)
        self._options = options
        self._context = multiprocessing.get_context("spawn")

    def start(self, share: Share) -> DeviceProcess:
        """Starts the process of a share."""
        device = self._devices[share.worker]
        order = Order(self._options, device, torch.get_num_threads(), self._helpers(device))
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_run, args=(theirs, order, share))
        with signals_held():
            process.start()
        theirs.close()
        return DeviceProcess(process, ours)

    def close(self) -> None:
        """Does nothing: every process has ended or was ended."""

    def _helpers(self, device: str) -> int:
        if self._options.workers != "auto":
            return int(self._options.workers)
        return 0 if device == "cpu" else max(1, min(PROCESSES, (cores() - 1) // self.size))


class DeviceProcess:
    """One process."""

    def __init__(self, process: multiprocessing.process.BaseProcess, pipe: Connection) -> None:
        self.process, self._pipe = process, pipe
        self._ended = False

    def news(self) -> list[Message]:
        """Returns what it has told; see :class:`~changen_cli.pipeline.fleet.crew.Worker`."""
        alive = self.process.is_alive()  # before the pipe is looked at: what it said last is there then
        found: list[Message] = []
        try:
            while self._pipe.poll():
                found.append(self._pipe.recv())
        except (EOFError, OSError):
            alive = False
        self._ended = self._ended or any(kind in ("done", "error") for kind, _ in found)
        if not found and not alive and not self._ended:
            self.process.join()
            raise DiedError(f"exit code {self.process.exitcode}")
        return found

    def stop(self) -> None:
        """Ends it: whatever it was writing is whole, or not there."""
        self.process.kill()
        self.process.join()
        self._pipe.close()


def choose_devices(options: GenerateOptions, gpus: int) -> list[str]:
    """Chooses the device of each worker.

    Args:
        options: Of the run.
        gpus: GPUs of this machine.

    Raises:
        UsageError: If there are not so many, or one device was named.
    """
    cpu = options.device == "cpu" or (options.device == "auto" and not gpus)
    if not cpu and options.device not in ("auto", "cuda"):
        raise UsageError(f"--device {options.device} and --devices {options.devices}: leave out one of the two")
    wanted = (1 if cpu else gpus) if options.devices == "auto" else int(options.devices)
    if cpu:
        return ["cpu"] * wanted
    if wanted > gpus:
        raise UsageError(f"--devices {wanted}: this machine has {gpus} GPUs; give {gpus}, or auto")
    return [f"cuda:{number}" for number in range(wanted)]


def _run(pipe: Connection, order: Order, share: Share) -> None:
    """Is the process."""
    end_with_parent()
    forget_held_signals()
    work(order, share, pipe.send)
    pipe.close()
