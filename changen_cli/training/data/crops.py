"""Training samples: random crops of single-date scenes, (I_t, S_t), and S_t+1 from the events (Algorithm 1, lines 2-3).

S_t+1 is made as generating makes it, by :func:`~changen_cli.events.simulate.simulate` on allowed ground. Crop k of a
stream is a function of (seed, stream, k) alone, so workers, prefetching and resuming cannot change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from changen_cli import rng
from changen_cli.errors import TrainingError
from changen_cli.events.base import Change, History, Site
from changen_cli.events.ground import allowed_ground
from changen_cli.events.simulate import simulate
from changen_cli.scenes.layout import rasterize_all
from changen_cli.scenes.window import Window
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.data.cover import cover
from changen_cli.training.data.cut import cut_tile, turned
from changen_cli.training.data.scenes import Drawable, TrainingScene
from changen_cli.types import BoolArray, Int32Array, UInt8Array

ENOUGH_VALID = 0.99
"""Share of valid pixels of a window that is taken without looking at others."""

REDRAWS = 20
"""Streamed scenes drawn for one with a footprint before one without is taken."""


@dataclass(frozen=True, slots=True)
class Crop:
    """One crop with a simulated next state. Where a pixel is not valid, image and masks are 0.

    Attributes:
        image: I_t, uint8 [3, size, size].
        valid: Where the scene has data, bool [size, size].
        before: Classes of S_t, uint8 [size, size].
        after: Classes of S_t+1, uint8 [size, size].
        instances: uids of the footprints of S_t and of S_t+1, int32 [2, size, size]; what moves keeps its uid.
        changes: What led from S_t to S_t+1, in pixels of the crop.
        covered: I_t with ground over the objects of S_t that are not, or not there, in S_t+1, uint8 [3, size, size];
            None where the options do not ask for it.
    """

    image: UInt8Array
    valid: BoolArray
    before: UInt8Array
    after: UInt8Array
    instances: Int32Array
    changes: tuple[Change, ...] = ()
    covered: UInt8Array | None = None


def scene_shares(scenes: Sequence[Drawable]) -> NDArray[np.float64]:
    """Tells how often each scene is drawn: by its source's share, and within the source by pixels.

    Only valid pixels count of a scene in memory, all of a streamed one.

    Args:
        scenes: The scenes.

    Returns:
        Shares that add up to 1, float64 [len(scenes)].
    """
    shares = np.array([s.pixels for s in scenes], float)
    for source in {s.source for s in scenes}:
        members = [s.source == source for s in scenes]
        if source.share:
            shares[members] *= source.share / shares[members].sum()
    result: NDArray[np.float64] = shares / shares.sum()
    return result


class CropSampler:
    """Draws crops: scale jitter, flips, right-angle turns and transposes (section 4.1), then events."""

    def __init__(
        self, scenes: Sequence[Drawable], crops: CropOptions, *, seed: int, stream: str, classes: int = 256
    ) -> None:
        """Makes a sampler.

        Args:
            scenes: Where crops come from, drawn as :func:`scene_shares` says.
            crops: Size, jitter and events.
            seed: Of everything.
            stream: "train" or "val"; other streams draw other crops.
            classes: Classes that the networks know, background included.

        Raises:
            TrainingError: If a scene in memory has a class that the networks do not know.
            UsageError: If the events cannot be used.
            PluginError: If an event cannot be loaded.
        """
        self.scenes, self.crops, self.seed, self.stream, self.classes = scenes, crops, seed, stream, classes
        self.schedule = crops.schedule()
        for scene in scenes:
            if isinstance(scene, TrainingScene):
                _require_known(scene.id, (scene.largest_class,), classes)
        self.shares = scene_shares(scenes)

    def __getitem__(self, index: int) -> Crop:
        """Draws crop number ``index`` of the stream; see :meth:`draw`."""
        return self.draw(index)[0]

    def draw(self, index: int) -> tuple[Crop, History]:
        """Draws crop number ``index`` of the stream, and the layouts that its masks are drawn from.

        Raises:
            TrainingError: If a streamed scene cannot be read, has an unknown class, or no valid pixel is found.
            PluginError: If an event fails.
        """
        draw = rng.generator(self.seed, self.stream, index, "crop")
        scene = self.draw_scene(draw)
        window = self._window(scene, draw)
        tile = turned(cut_tile(scene, window, self.crops.size), int(draw.integers(8)))
        factor = self.crops.size / window.height
        outlines = shapely.transform(scene.outlines, lambda xy: xy * factor)
        site = Site(allowed_ground(tile), self.crops.gap, tuple(outlines), scene.outline_classes)
        history = simulate(tile.layout, site, self.schedule, 1, (self.seed, self.stream, index, "events"))
        _require_known(tile.scene, (c.after.category for c in history.changes[0] if c.after), self.classes)
        (before, after), (before_uids, after_uids) = rasterize_all(history.layouts)
        covered = None
        if self.crops.covered:
            gone = (before > 0) & (before_uids != after_uids)
            covering = rng.generator(self.seed, self.stream, index, "cover")
            covered = cover(tile.image, gone, (before > 0) | ~tile.valid, covering) * tile.valid
        # where there is no image there is no label either
        crop = Crop(
            image=tile.image,
            valid=tile.valid,
            before=before * tile.valid,
            after=after * tile.valid,
            instances=np.stack([before_uids, after_uids]) * tile.valid,
            changes=history.changes[0],
            covered=covered,
        )
        return crop, history

    def draw_scene(self, draw: np.random.Generator) -> TrainingScene:
        """Draws a scene; a streamed one that is not wanted is drawn again, a bounded number of times.

        Args:
            draw: Draws it.

        Returns:
            A scene with a footprint, if one was found; else, or where bare scenes are wanted, one with a valid pixel.

        Raises:
            TrainingError: If none of them has a valid pixel, or one has an unknown class.
        """
        empty: TrainingScene | None = None
        for _ in range(REDRAWS):
            found = self.scenes[int(draw.choice(len(self.scenes), p=self.shares))]
            scene = found.load()
            if found is scene:  # those in memory were looked through when they were read
                return scene
            _require_known(scene.id, (scene.largest_class,), self.classes)
            if scene.footprints or (self.crops.bare_scenes and scene.valid.any()):
                return scene
            if empty is None and scene.valid.any():
                empty = scene
        if empty is None:
            raise TrainingError(
                f"{REDRAWS} scenes in a row, the last {scene.id}, have no valid pixel; leave such scenes out"
            )
        return empty

    def _window(self, scene: TrainingScene, draw: np.random.Generator) -> Window:
        """Finds a square window that is valid and has enough building; the best of a bounded number of tries."""
        height, width = scene.mask.shape
        low, high = scene.source.scale or self.crops.scale
        best, best_score = Window(0, 0, min(height, width), min(height, width)), -1.0
        for _ in range(self.crops.windows):
            factor = float(np.exp(draw.uniform(np.log(low), np.log(high))))
            side = min(round(self.crops.size / factor), height, width)
            row = int(draw.integers(height - side + 1))
            column = int(draw.integers(width - side + 1))
            inside = np.s_[row : row + side, column : column + side]
            building = float((scene.mask[inside] > 0).mean())
            score = float(scene.valid[inside].mean()) + min(building, self.crops.min_building)
            if score > best_score:
                best, best_score = Window(row, column, side, side), score
            if best_score >= ENOUGH_VALID + self.crops.min_building:
                break
        return best


def _require_known(scene: str, categories: Iterable[int], classes: int) -> None:
    largest = max(categories, default=0)
    if largest >= classes:
        raise TrainingError(
            f"scene {scene}: has footprints of class {largest}, but the recipe's networks know classes 0 to "
            f"{classes - 1}; set their 'classes' to {largest + 1}"
        )
