"""What is done before anything of a scene is synthesised: it is surveyed, and its history simulated as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from changen_cli import rng
from changen_cli.errors import SceneError, TileError
from changen_cli.events.base import History, Site
from changen_cli.events.simulate import simulate
from changen_cli.pipeline.mosaic.survey import Survey, survey
from changen_cli.pipeline.plan import SampleRef
from changen_cli.pipeline.prepare import Task, why_unchanged
from changen_cli.scenes.layout_index import LayoutIndex
from changen_cli.scenes.pool import ScenePool
from changen_cli.scenes.scene import Scene
from changen_cli.store.base import SceneOutcome, Status
from changen_cli.synthesis.noise import draw_noise
from changen_cli.types import Float32Array

TILE = "all"
"""Id of the tile that a whole scene is."""


@dataclass(frozen=True)
class PreparedScene:
    """A scene before synthesis.

    Attributes:
        place: Which sample it is.
        scene: The scene, open until another is prepared.
        survey: What is known of it.
        history: Its layouts and changes.
        states: The layouts, to be drawn window by window.
        noise: z of every step, float32 [steps, noise_dim].
        key: Seed, scene, tile and variant.
        reason: Why nothing changed in it; empty where something did.
    """

    place: SampleRef
    scene: Scene
    survey: Survey
    history: History
    states: tuple[LayoutIndex, ...]
    noise: Float32Array
    key: rng.Key
    reason: str


class ScenePreparer:
    """Prepares scenes; each is surveyed once for all its variants."""

    def __init__(self, task: Task) -> None:
        """Makes a preparer.

        Args:
            task: What to do.
        """
        self.task = task
        self.pool = ScenePool(task.plan.sources, task.read)
        self._last: tuple[int, Survey] | None = None

    def prepare(self, place: SampleRef) -> PreparedScene | SceneOutcome:
        """Prepares a scene, or says why there is nothing to be done.

        Args:
            place: Which sample.

        Raises:
            SceneError: If the scene cannot be opened.
            TileError: If a file is damaged.
        """
        task, scene = self.task, self.pool.get(place.scene)
        known = self._survey(place.scene, scene)
        if not known.valid:
            return SceneOutcome(place.id, Status.SKIPPED, "no pixel is valid")
        library = task.library
        outlines = scene.outlines() if library is None else library.outlines_at(scene.ground_resolution)
        classes = scene.outline_classes() if library is None else ()
        site = Site(allowed=known.allowed, gap=task.gap, outlines=outlines, classes=classes)
        key: rng.Key = (task.seed, scene.id, TILE, place.variant)
        history = simulate(known.layout, site, task.schedule, task.steps, key)
        reason = why_unchanged(history)
        if reason and not task.keep_unchanged:
            return SceneOutcome(place.id, Status.SKIPPED, reason)
        states = tuple(LayoutIndex(layout) for layout in history.layouts)
        noise = draw_noise(key, task.steps, task.noise_dim)
        return PreparedScene(place, scene, known, history, states, noise, key, reason)

    def digest(self, index: int) -> str:
        """Surveys the scene of a sample and returns the digest of it, as its series would have it.

        Args:
            index: Place on the sample axis.

        Raises:
            SceneError: If the scene cannot be opened.
            TileError: If a file is damaged.
        """
        place = self.task.plan.place(index)
        return self._survey(place.scene, self.pool.get(place.scene)).digest

    def fails(self, index: int) -> bool:
        """Surveys the scene of a sample and tells whether it cannot be read."""
        try:
            self.digest(index)
        except (SceneError, TileError):
            return True
        return False

    def close(self) -> None:
        """Closes the scenes."""
        self.pool.close()

    def _survey(self, number: int, scene: Scene) -> Survey:
        if self._last is None or self._last[0] != number:
            self._last = (number, survey(scene))
        return self._last[1]
