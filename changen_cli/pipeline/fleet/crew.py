"""What workers there are, where they run, and the loop that looks after them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from changen_cli import errors
from changen_cli.errors import ChangenError, StoreError
from changen_cli.reporter import Progress, Reporter
from changen_cli.store.share import Share

RETRIES = 3
"""How often a worker that died is started again."""

POLL = 0.2
"""Seconds between two looks at the workers."""

Message: TypeAlias = (
    tuple[Literal["progress"], Progress]
    | tuple[Literal["say", "warn"], str]
    | tuple[Literal["done"], None]
    | tuple[Literal["error"], tuple[str, str]]
)
"""What a worker tells: as a :class:`~changen_cli.reporter.Reporter` is told; that it is done; the class and the message
of the error that ended it."""


class DiedError(Exception):
    """A worker is gone without a word; its message says what is known of why."""


class Worker(Protocol):
    """One worker that is under way."""

    def news(self) -> list[Message]:
        """Returns what it has told since the last time, at once.

        Raises:
            DiedError: If it is gone, and its last word was no end.
        """
        ...

    def stop(self) -> None:
        """Ends it, whatever it does."""
        ...


class Crew(Protocol):
    """Where workers run.

    Attributes:
        size: How many there are.
    """

    size: int

    def start(self, share: Share) -> Worker:
        """Starts the worker of a share."""
        ...

    def close(self) -> None:
        """Gives back what it took."""
        ...


def look_after(crew: Crew, reporter: Reporter, retries: int = RETRIES) -> None:
    """Has every worker do its share; one that dies is started again.

    Args:
        crew: The workers.
        reporter: Told how far all are together.
        retries: How often one worker is started again.

    Raises:
        ChangenError: If a worker ended with an error, or died too often. All others are ended then.
    """
    shares = [Share(worker, crew.size) for worker in range(crew.size)]
    deaths: Counter[Share] = Counter()
    told: dict[Share, Progress] = {}
    workers: dict[Share, Worker] = {}
    try:
        for share in shares:
            workers[share] = crew.start(share)
        while workers:
            for share, worker in list(workers.items()):
                try:
                    news = worker.news()
                except DiedError as error:
                    deaths[share] += 1
                    if deaths[share] > retries:
                        raise StoreError(
                            f"worker {share} died {deaths[share]} times ({error}), most likely out of memory; run the "
                            "same command again with fewer --devices or --workers, it goes on where it stopped"
                        ) from error
                    reporter.warn(f"worker {share} died ({error}); it is started again, and goes on where it stopped")
                    worker.stop()
                    workers[share] = crew.start(share)
                    continue
                for message in news:
                    if _hear(message, share, told, reporter):
                        workers.pop(share).stop()
            time.sleep(POLL)
    finally:
        for worker in workers.values():
            worker.stop()


def _hear(message: Message, share: Share, told: dict[Share, Progress], reporter: Reporter) -> bool:
    """Takes a message; tells whether the worker is done."""
    if message[0] == "progress":
        told[share] = message[1]
        reporter.progress(add_up(told, share.workers))
    elif message[0] == "say":
        reporter.say(f"worker {share}: {message[1]}")
    elif message[0] == "warn":
        reporter.warn(f"worker {share}: {message[1]}")
    elif message[0] == "error":
        name, text = message[1]
        kind = getattr(errors, name, ChangenError)
        raise kind(text) if issubclass(kind, ChangenError) else ChangenError(text)
    return message[0] == "done"


def add_up(told: Mapping[Share, Progress], size: int) -> Progress:
    """Adds up how far the workers are; of those that have said nothing yet, only that they are there.

    Args:
        told: The last word of each.
        size: How many there are.
    """
    parts = list(told.values())
    values: Counter[str] = Counter()
    for part in parts:
        values.update(part.values)
    left = [part.seconds_left for part in parts if part.seconds_left is not None]
    rate = values["tile_steps_per_second"]
    return Progress(
        task=parts[0].task,
        done=sum(part.done for part in parts),
        total=round(sum(part.total for part in parts) * size / len(parts)),
        unit=parts[0].unit,
        note=f"{rate:.1f} tile-steps/s, workers: {size}",
        seconds_left=max(left) if left else None,
        values=dict(values),
    )
