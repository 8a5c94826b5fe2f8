"""What an engine is: it has shards prepared and committed, wherever that is done."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Protocol, TypeVar

from changen_cli.errors import StoreError
from changen_cli.pipeline.prepare import Prepared
from changen_cli.store.base import Outcome
from changen_cli.store.formats.base import Format
from changen_cli.store.records import ShardSummary
from changen_cli.tracing import span

T = TypeVar("T")


class Workers(Protocol):
    """What prepares shards and commits them: an engine.

    Attributes:
        ahead: Most shards that wait, prepared, behind the one that is wanted next, and most that wait to be written.
    """

    ahead: int

    def prepare(self, shard: int) -> Future[list[Prepared]]:
        """Prepares a shard."""
        ...

    def commit(self, writer: Format, shard: int, outcomes: list[Outcome]) -> Future[ShardSummary]:
        """Writes a shard and records it."""
        ...

    def __enter__(self) -> Workers: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def result_of(future: Future[T]) -> T:
    """Waits for a worker.

    Raises:
        StoreError: If its process died.
        ChangenError: Whatever the work itself raised.
    """
    try:
        if future.done():
            return future.result()
        with span("wait"):
            return future.result()
    except BrokenProcessPool as error:
        raise worker_died() from error


def worker_died() -> StoreError:
    """Returns the error for a worker process that is gone."""
    return StoreError(
        "a worker process died, most likely out of memory; run the same command again with fewer --workers, "
        "it goes on where it stopped"
    )
