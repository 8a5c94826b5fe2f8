"""What is done before the generator: a tile is read, its history simulated and drawn. Runs in worker processes.

Nothing here may import torch: a worker starts in a second and stays small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from changen_cli import rng
from changen_cli.errors import SceneError, TileError
from changen_cli.events.base import History, Site
from changen_cli.events.ground import allowed_ground
from changen_cli.events.schedule import Schedule
from changen_cli.events.simulate import simulate
from changen_cli.files import checksum
from changen_cli.pipeline.earlier import EarlierLooks
from changen_cli.pipeline.plan import Plan, SampleRef
from changen_cli.scenes.footprints.library import Library
from changen_cli.scenes.layout import rasterize_all
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.pool import ScenePool
from changen_cli.scenes.scene import Scene
from changen_cli.scenes.tile import Tile
from changen_cli.store.base import Outcome, Series, Status
from changen_cli.store.share import Share
from changen_cli.synthesis.look_plan import LookPlan, NewLooks, plan_looks
from changen_cli.synthesis.noise import draw_noise
from changen_cli.tracing import span
from changen_cli.types import AnyArray, Float32Array


@dataclass(frozen=True)
class Task:
    """Everything a worker needs, sent to it once.

    Attributes:
        plan: The samples.
        read: How scenes are read.
        schedule: The events.
        steps: Steps per series.
        seed: Of everything.
        gap: Least distance between a placed footprint and any other, pixels.
        min_valid: Least share of valid pixels.
        library: Outlines for new objects, or None for the scene's own.
        noise_dim: Length of z.
        keep_unchanged: Whether a tile where nothing can change is kept, as a series without a change.
        look_dim: Length of a look; 0 for a synthesizer without looks.
        new_looks: Whose look a new object takes.
        repaint: Share of the objects that stay and have another look one step later.
        earlier: Looks of an earlier output of these tiles, or None.
        share: Of a worker of a divided run, or None.
        traced: Whether its spans are wanted.
    """

    plan: Plan
    read: ReadOptions
    schedule: Schedule
    steps: int
    seed: int
    gap: float
    min_valid: float
    library: Library | None
    noise_dim: int
    keep_unchanged: bool = True
    look_dim: int = 0
    new_looks: NewLooks = "mixed"
    repaint: float = 0.0
    earlier: EarlierLooks | None = None
    share: Share | None = None
    traced: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A sample before synthesis.

    Attributes:
        outcome: As it will be stored; a series that is done has only its first frame, I_0, so far.
        noise: z of every step, float32 [steps, noise_dim]; None unless done.
        looks: Where the looks come from; None unless done, and for a synthesizer without looks.
        key: What the conditions of its dates are drawn by, each with its date added.
    """

    outcome: Outcome
    noise: Float32Array | None = None
    looks: LookPlan | None = None
    key: rng.Key = ()


class Rereader(Protocol):
    """What can tell whether the input of samples is still what it was."""

    task: Task

    def digest(self, index: int) -> str:
        """Reads a sample and returns the digest that its record would have; raises what reading raises."""
        ...

    def fails(self, index: int) -> bool:
        """Prepares a sample and tells whether it cannot be read."""
        ...

    def close(self) -> None:
        """Closes the scenes."""
        ...


class Preparer:
    """Prepares shards; keeps its scenes open between them."""

    def __init__(self, task: Task) -> None:
        """Makes a preparer; a scene is opened when its first tile is read.

        Args:
            task: What to do.
        """
        self.task = task
        self.pool = ScenePool(task.plan.sources, task.read)
        self._last: tuple[tuple[int, str], Tile] | None = None
        self._outlines: tuple[float | None, tuple[Polygon | MultiPolygon, ...]] | None = None

    def prepare(self, shard: int) -> list[Prepared]:
        """Prepares every sample of a shard, in order."""
        return [self._sample(place) for place in self.task.plan.shard(shard)]

    def sample(self, index: int) -> Prepared:
        """Prepares one sample, by its place on the sample axis."""
        return self._sample(self.task.plan.place(index))

    def digest(self, index: int) -> str:
        """Reads the tile of a sample and returns the digest of it, as its series would have it.

        Args:
            index: Place on the sample axis.

        Raises:
            SceneError: If its scene cannot be opened.
            TileError: If it cannot be read.
        """
        place = self.task.plan.place(index)
        tile = self._read(self.pool.get(place.scene), place)
        mask, instance = tile.layout.rasterize()
        return _digest(tile, mask * tile.valid, instance * tile.valid)

    def fails(self, index: int) -> bool:
        """Prepares a sample and tells whether it cannot be read."""
        return self.sample(index).outcome.status is Status.FAILED

    def close(self) -> None:
        """Closes the scenes."""
        self.pool.close()

    def _sample(self, place: SampleRef) -> Prepared:
        try:
            scene = self.pool.get(place.scene)
            tile = self._read(scene, place)
            outlines, classes = self._new_outlines(scene), self._outline_classes(scene)
        except (SceneError, TileError) as error:
            return Prepared(Outcome(place.id, Status.FAILED, str(error)))
        share = float(tile.valid.mean())
        if share < max(self.task.min_valid, 1e-9):
            return Prepared(Outcome(place.id, Status.SKIPPED, _why_not_valid(share, place, scene)))
        site = Site(allowed=allowed_ground(tile), gap=self.task.gap, outlines=outlines, classes=classes)
        key: rng.Key = (self.task.seed, tile.scene, tile.id, place.variant)
        with span("simulate", tile=place.id):
            history = simulate(tile.layout, site, self.task.schedule, self.task.steps, key)
        reason = why_unchanged(history)
        if reason and not self.task.keep_unchanged:
            return Prepared(Outcome(place.id, Status.SKIPPED, reason))
        with span("draw", tile=place.id):
            series = self._draw(scene, tile, place, history)
        looks = None
        if self.task.look_dim:
            before = self.task.earlier
            earlier = None if before is None else before.find(place.id, tile.scene, tile.id)
            dim, new, repaint = self.task.look_dim, self.task.new_looks, self.task.repaint
            looks = plan_looks(history.standing, series.instances, dim, new, key, earlier, repaint)
        noise = draw_noise(key, self.task.steps, self.task.noise_dim)
        return Prepared(Outcome(place.id, Status.DONE, reason, series), noise, looks, key)

    def _read(self, scene: Scene, place: SampleRef) -> Tile:
        """Reads a tile once for all its variants."""
        name = (place.scene, place.window.tile_id)
        if self._last is None or self._last[0] != name:
            with span("read", tile=place.id):
                self._last = (name, scene.read(place.window))
        return self._last[1]

    def _new_outlines(self, scene: Scene) -> tuple[Polygon | MultiPolygon, ...]:
        if self.task.library is None:
            return scene.outlines()
        ground = scene.ground_resolution
        if self._outlines is None or self._outlines[0] != ground:
            self._outlines = (ground, self.task.library.outlines_at(ground))
        return self._outlines[1]

    def _outline_classes(self, scene: Scene) -> tuple[int, ...]:
        return scene.outline_classes() if self.task.library is None else ()

    def _draw(self, scene: Scene, tile: Tile, place: SampleRef, history: History) -> Series:
        masks, instances = rasterize_all(history.layouts)
        if not tile.valid.all():  # where there is no image there is no label either
            masks, instances = masks * tile.valid, instances * tile.valid
        return Series(
            id=place.id,
            scene=tile.scene,
            tile=tile.id,
            variant=place.variant,
            split=place.split,
            images=tile.image[None],
            masks=masks,
            instances=instances,
            valid=tile.valid,
            history=history,
            transform=tile.transform,
            crs=None if tile.crs is None else tile.crs.to_wkt(),
            source=scene.source.name,
            read=_digest(tile, masks[0], instances[0]),
        )


def _why_not_valid(share: float, place: SampleRef, scene: Scene) -> str:
    """Says why so little of a tile can be used, and what to do where the scene is the reason."""
    size = place.window
    if scene.height < size.height or scene.width < size.width:
        return (
            f"the scene of {scene.width} x {scene.height} pixels fills only {share:.0%} of a tile of {size.width}; use "
            "a smaller --tile-size, or --min-valid 0"
        )
    return f"only {share:.0%} of the pixels are valid"


def why_unchanged(history: History) -> str:
    """Says why nothing changed though something should have; empty where something did."""
    if not history.shortfalls or any(history.changes):
        return ""
    reasons = sorted({f"{short.event}: {short.reason}" for short in history.shortfalls})
    return f"nothing could change: {'; '.join(reasons)}"


def _digest(tile: Tile, mask: AnyArray, instance: AnyArray) -> str:
    """Returns the digest of a tile: its image, and S_0 as it is drawn."""
    parts = (checksum(np.ascontiguousarray(part).data).digest for part in (tile.image, mask, instance))
    return checksum("".join(parts).encode()).digest
