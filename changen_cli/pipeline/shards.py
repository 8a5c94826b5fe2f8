"""Shards on their way through a run: prepared ahead, synthesised sample by sample, written while others are made."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace

from changen_cli.errors import TileError
from changen_cli.pipeline.engines.base import Workers, result_of
from changen_cli.pipeline.prepare import Prepared
from changen_cli.store.base import Outcome, Series, Status
from changen_cli.store.formats.base import Format
from changen_cli.store.records import ShardSummary
from changen_cli.synthesis.engine import Engine, Frames, Job


class _Assembly:
    """A shard whose samples come back from the engine one by one."""

    def __init__(self, prepared: list[Prepared]) -> None:
        self.outcomes: list[Outcome] = [item.outcome for item in prepared]
        self.missing = sum(outcome.series is not None for outcome in self.outcomes)

    def put(self, place: int, frames: Frames | TileError) -> Series | None:
        """Takes what became of a sample, and returns the series, if it became one."""
        outcome = self.outcomes[place]
        assert outcome.series is not None, "only series are synthesised"
        if isinstance(frames, TileError):
            self.outcomes[place] = Outcome(outcome.id, Status.FAILED, str(frames))
        else:
            series = replace(outcome.series, images=frames.images, looks=frames.looks, conditions=frames.conditions)
            self.outcomes[place] = replace(outcome, series=series)
        self.missing -= 1
        return self.outcomes[place].series


def synthesize_shards(
    engine: Engine, workers: Workers, writer: Format, shards: Iterable[int]
) -> Iterator[ShardSummary | Series]:
    """Prepares, synthesises and writes shards; a bounded number of them is in memory at any time.

    At most ``workers.ahead`` + 1 shards wait to be synthesised, as many to be written, and no more are being
    synthesised than it takes to fill the engine's batches.

    Args:
        engine: What synthesises.
        workers: The engine that prepares and commits shards.
        writer: The writer of the store.
        shards: Numbers of the shards to make.

    Yields:
        Every series that was synthesised, and the summary of every shard that was written.

    Raises:
        ChangenError: If a shard cannot be written, a plugin fails, or a layout has a class that the synthesizer does
            not know. Shards that were written stay written.
    """
    assemblies: dict[int, _Assembly] = {}
    writing: deque[Future[ShardSummary]] = deque()
    written: deque[ShardSummary] = deque()

    def write(shard: int) -> None:
        writing.append(workers.commit(writer, shard, assemblies.pop(shard).outcomes))
        while len(writing) > workers.ahead or (writing and writing[0].done()):
            written.append(result_of(writing.popleft()))

    def jobs() -> Iterator[Job[tuple[int, int]]]:
        for shard, prepared in prepare_ahead(workers, shards):
            assemblies[shard] = assembly = _Assembly(prepared)
            if not assembly.missing:
                write(shard)
                continue
            for place, item in enumerate(prepared):
                series = item.outcome.series
                if series is not None and item.noise is not None:
                    yield Job(
                        (shard, place),
                        series.images[0],
                        series.valid,
                        series.masks,
                        series.history.changes,
                        item.noise,
                        item.looks,
                        item.key,
                        item.outcome.id,
                    )

    for (shard, place), frames in engine.run(jobs()):
        made = assemblies[shard].put(place, frames)
        if not assemblies[shard].missing:
            write(shard)
        if made is not None:
            yield made
        while written:
            yield written.popleft()
    yield from written
    while writing:
        yield result_of(writing.popleft())


def prepare_ahead(workers: Workers, shards: Iterable[int]) -> Iterator[tuple[int, list[Prepared]]]:
    """Gives shards in order, while ``workers.ahead`` more are being prepared or wait.

    Yields:
        The number of a shard and its samples.
    """
    waiting: deque[tuple[int, Future[list[Prepared]]]] = deque()
    for shard in shards:
        waiting.append((shard, workers.prepare(shard)))
        if len(waiting) > workers.ahead:
            first, future = waiting.popleft()
            yield first, result_of(future)
    while waiting:
        first, future = waiting.popleft()
        yield first, result_of(future)
