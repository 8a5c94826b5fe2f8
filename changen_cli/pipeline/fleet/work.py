"""What one worker does: a run of its share, told to whoever started it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch

from changen_cli.errors import ChangenError
from changen_cli.pipeline.fleet.crew import Message
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.reporter import Progress
from changen_cli.store.share import Share


@dataclass(frozen=True)
class Order:
    """What a worker is to do; picklable.

    Attributes:
        options: Of the whole run.
        device: What it computes on.
        threads: Threads of PyTorch, on which the last bits of sums depend, so that all workers have the same.
        workers: Processes that read and write for it.
    """

    options: GenerateOptions
    device: str
    threads: int
    workers: int | Literal["auto"]


class _Relay:
    """A reporter that sends on what it is told."""

    def __init__(self, tell: Callable[[Message], None]) -> None:
        self._tell = tell

    def progress(self, progress: Progress) -> None:
        self._tell(("progress", progress))

    def say(self, line: str) -> None:
        self._tell(("say", line))

    def warn(self, line: str) -> None:
        self._tell(("warn", line))


def work(order: Order, share: Share, tell: Callable[[Message], None]) -> None:
    """Makes the shards of a share, and tells how it goes; the last message is "done" or "error".

    Args:
        order: What to do.
        share: Which part of it.
        tell: Takes every message, at once.
    """
    tell(("say", f"process {os.getpid()} of {socket.gethostname()}, device {order.device}"))
    torch.set_num_threads(order.threads)
    options = replace(
        order.options, shard=str(share), device=order.device, workers=order.workers, engine="local", devices=1
    )
    try:
        generate(options, _Relay(tell))
    except ChangenError as error:
        tell(("error", (type(error).__name__, str(error))))
    else:
        tell(("done", None))
