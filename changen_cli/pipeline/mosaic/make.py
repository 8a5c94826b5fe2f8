"""Whole scenes on their way through a run: prepared, synthesised date by date, packed, recorded."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from changen_cli.errors import SceneError, TileError
from changen_cli.files import Checksums, clear_half_done, noting
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.pipeline.mosaic.kept_input import keep_input
from changen_cli.pipeline.mosaic.kept_looks import keep_looks
from changen_cli.pipeline.mosaic.paint import paint, shown_for
from changen_cli.pipeline.mosaic.prepare import TILE, PreparedScene, ScenePreparer
from changen_cli.pipeline.mosaic.scene_steps import SceneStep, Source
from changen_cli.pipeline.mosaic.strips import Strips
from changen_cli.pipeline.mosaic.survey import parts_of
from changen_cli.pipeline.plan import Plan
from changen_cli.pipeline.run import Run
from changen_cli.reporter import Progress
from changen_cli.scenes.blending import Windows
from changen_cli.scenes.layout import rasterize_all
from changen_cli.scenes.window import Window
from changen_cli.store.base import Outcome, SceneOutcome, SceneSeries, Status
from changen_cli.store.check import check_outcome
from changen_cli.store.commit import commit_shard, record_shard
from changen_cli.store.formats.base import Arrays, SceneFormat, ScenePlace
from changen_cli.store.records import ShardSummary
from changen_cli.synthesis.base import LooksSynthesizer
from changen_cli.synthesis.engine import Engine
from changen_cli.synthesis.scene_looks import Seen, read_scene_looks
from changen_cli.synthesis.transfer import make_transfer


def make_scenes(run: Run, writer: SceneFormat, samples: Sequence[int]) -> Iterator[Progress | ShardSummary]:
    """Makes whole scenes, one after the other, each of as many steps as the run has.

    What is made of a scene is kept strip by strip in the output until the scene is recorded, so the same run, run
    again, goes on there.

    Args:
        run: The run.
        writer: The writer of the store.
        samples: Numbers of the samples, and so of the shards, to make.

    Yields:
        How far it is, after every block and every file; and the summary of every sample that is recorded.

    Raises:
        ChangenError: If the disk is full, a plugin fails, or a layout has a class that the synthesizer does not know.
            What was made stays.
    """
    preparer = ScenePreparer(run.task())
    maker = _Maker(run, writer, _Counter(_total(run, writer, samples)))
    try:
        for number in samples:
            place = run.plan.shard(number)[0]
            try:
                prepared = preparer.prepare(place)
                if isinstance(prepared, SceneOutcome):
                    outcome = prepared
                else:
                    outcome = yield from maker.make(prepared)
            except (SceneError, TileError) as error:
                outcome = SceneOutcome(place.id, Status.FAILED, str(error))
            if outcome.series is None:  # as a tile that is not done: files that an earlier run has left go
                summary = commit_shard(writer, number, [Outcome(outcome.id, outcome.status, outcome.reason)])
            else:
                check_outcome(writer.spec, outcome)
                summary = record_shard(writer.root, writer.spec, number, [outcome], maker.files)
            clear_half_done(writer.root, place.id)
            yield summary
    finally:
        preparer.close()


def _total(run: Run, writer: SceneFormat, samples: Sequence[int]) -> int:
    """Counts the blocks, parts and files of some samples."""
    windows, total = run.options.windows(), 0
    for number in samples:
        height, width = size_of(run.plan, number)
        parts = sum(1 for _ in parts_of(height, width))
        total += windows.blocks(height, width) * run.plan.spec.steps + parts + writer.files_of_scene()
    return total


def size_of(plan: Plan, sample: int) -> tuple[int, int]:
    """Returns rows and columns of the scene that a sample is."""
    window = plan.place(sample).window
    return window.height, window.width


@dataclass
class _Counter:
    """How far a run is, in blocks, parts and files."""

    total: int
    done: int = 0
    begun: float = field(default_factory=time.monotonic)
    before: int = 0

    def skip(self, count: int) -> None:
        """Counts what an earlier run has made."""
        self.done += count
        self.before += count

    def count(self, note: str) -> Progress:
        self.done += 1
        rate = (self.done - self.before) / max(time.monotonic() - self.begun, 1e-9)
        left = (self.total - self.done) / rate
        return Progress("generate", self.done, self.total, "blocks", note, left, {"blocks_per_second": rate})


class _Maker:
    """Makes one scene after the other."""

    def __init__(self, run: Run, writer: SceneFormat, counter: _Counter) -> None:
        self.run, self.writer, self.counter = run, writer, counter
        self.windows: Windows = run.options.windows()
        self.transfer = make_transfer(run.device)
        # looks drift with the scene (read_scene_looks), not window by window
        self.files: Checksums = {}
        """Of the scene that was made last."""
        self.engine = Engine(run.synthesizer, self.transfer, run.batch_size, run.options.background)

    def make(self, prepared: PreparedScene) -> Generator[Progress, None, SceneOutcome]:
        """Makes a scene; a generator whose value is its outcome."""
        folder = keep_input(self.writer.root, prepared.place.id, prepared.survey.digest)
        looks = self._looks(prepared, folder)
        sources: list[Source] = [prepared.scene.read_pixels]
        for step in range(1, self.run.plan.spec.steps + 1):
            strips = Strips(
                self.writer.root, folder / f"t{step}", prepared.scene.height, prepared.scene.width, self.windows
            )
            yield from self._date(prepared, step, sources[-1], strips, looks)
            sources.append(strips.read)
        return (yield from self._pack(prepared, sources, looks))

    def _looks(self, prepared: PreparedScene, folder: Path) -> SeriesLooks | None:
        synthesizer = self.run.synthesizer
        if not (isinstance(synthesizer, LooksSynthesizer) and synthesizer.look_dim):
            return None

        def read() -> SeriesLooks:
            return read_scene_looks(
                synthesizer,
                self.transfer,
                prepared.history,
                self._seen(prepared),
                new=self.run.new_looks,
                drift=self.run.drift,
                key=prepared.key,
            )

        return keep_looks(self.writer.root, folder, read)

    def _seen(self, prepared: PreparedScene) -> Iterator[Seen]:
        """Yields the windows of I_0."""
        height, width = prepared.scene.height, prepared.scene.width
        for row in range(self.windows.count(height)):
            for window in self.windows.row(row, height, width):
                seen = shown_for(window, self.windows.size, height, width)
                image, valid = prepared.scene.read_pixels(seen)
                yield image, valid, prepared.states[0].cut(seen).rasterize()[1]

    def _date(
        self, prepared: PreparedScene, number: int, read: Source, strips: Strips, looks: SeriesLooks | None
    ) -> Iterator[Progress]:
        """Makes the strips of one date that are not there yet."""
        step = SceneStep(
            number=number,
            read=read,
            before=prepared.states[number - 1],
            after=prepared.states[number],
            changes=prepared.history.changes[number - 1],
            noise=prepared.noise[number - 1],
            looks=looks,
            key=prepared.key,
        )
        first = strips.done()
        self.counter.skip(first * self.windows.count(strips.width))
        if first == strips.count:
            return
        blocks = paint(self.engine, step, self.windows, first)
        note = f"{prepared.place.id}: date {number} of {self.run.plan.spec.steps}"
        for row, strip in groupby(blocks, key=lambda block: block[0].row):
            for _ in strips.write(row // self.windows.stride, (pixels for _, pixels in strip)):
                yield self.counter.count(note)

    def _pack(
        self, prepared: PreparedScene, sources: Sequence[Source], looks: SeriesLooks | None
    ) -> Generator[Progress, None, SceneOutcome]:
        """Writes the rasters of all dates; a generator whose value is the outcome."""
        scene, place, steps = prepared.scene, prepared.place, self.run.plan.spec.steps
        crs = None if scene.crs is None else scene.crs.to_wkt()
        about = ScenePlace(scene.height, scene.width, scene.transform, crs, masked=not prepared.survey.whole)
        changed = np.zeros(steps, np.int64)
        with ExitStack() as closing:
            rasters = closing.enter_context(self.writer.scene_writer(place.id, about))
            for window in parts_of(scene.height, scene.width):
                arrays = _part(prepared, sources, window)
                rasters.write(window, arrays)
                changed += np.count_nonzero(arrays.change, axis=(1, 2))
                yield self.counter.count(f"{place.id}: labels")
            for name in rasters.finish():
                yield self.counter.count(f"{place.id}: packed {name}")
            with noting() as self.files:  # the files get their names here; never held over a yield
                closing.close()
        series = SceneSeries(
            id=place.id,
            scene=scene.id,
            tile=TILE,
            variant=place.variant,
            split=place.split,
            size=(scene.height, scene.width),
            history=prepared.history,
            transform=scene.transform,
            crs=crs,
            source=scene.source.name,
            changed_pixels=tuple(changed.tolist()),
            valid_pixels=prepared.survey.valid,
            looks=looks,
            read=prepared.survey.digest,
        )
        return SceneOutcome(place.id, Status.DONE, prepared.reason, series)


def _part(prepared: PreparedScene, sources: Sequence[Source], window: Window) -> Arrays:
    """Reads and draws all dates of a part of a scene."""
    images, valid = [], np.ones((window.height, window.width), np.bool_)
    for read in sources:
        image, valid = read(window)
        images.append(image)
    masks, instances = rasterize_all([state.cut(window) for state in prepared.states])
    masks, instances = masks * valid, instances * valid
    change = (masks[1:] != masks[:-1]).view(np.uint8)
    return Arrays(np.stack(images), change, masks, instances, valid)
