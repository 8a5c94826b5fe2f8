"""Open scenes of one process, of which the least used is closed first."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence

from changen_cli.scenes.image.rasters import BlockCache
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import Scene, open_scene
from changen_cli.scenes.source import SceneSource

KEPT_BYTES = 512_000_000
"""Decoded pixels that open scenes may keep in memory, bytes."""


class ScenePool:
    """Opens scenes when they are first asked for and keeps a few open.

    A pool can be pickled or forked with its process: the copy opens its own files.
    """

    def __init__(
        self,
        sources: Sequence[SceneSource],
        options: ReadOptions,
        size: int = 8,
        *,
        kept_bytes: int = KEPT_BYTES,
        cache: BlockCache | None = None,
    ) -> None:
        """Makes a pool; opens nothing.

        Args:
            sources: The scenes of a run.
            options: How to read them.
            size: Most scenes open at a time. Fewer stay open where those keep much in memory (decoded PNG or JPEG).
            kept_bytes: Decoded pixels above which the least used scene is closed, bytes.
            cache: The block cache, to share with other pools that are read by turns with this one; None for its own.
        """
        self.sources = sources
        self.options = options
        self.size = max(1, size)
        self._most_bytes = kept_bytes
        self._cache = cache or BlockCache()
        self._open: OrderedDict[int, Scene] = OrderedDict()
        self._process = os.getpid()

    def get(self, index: int) -> Scene:
        """Returns a scene, open.

        It stays open at least until another is asked for.

        Args:
            index: Its place in ``sources``.

        Raises:
            SceneError: If it cannot be opened.
        """
        if self._process != os.getpid():  # file offsets are shared with the parent, and closing is the parent's
            self._open, self._process = OrderedDict(), os.getpid()
        if index not in self._open:
            while len(self._open) >= self.size or (self._open and self._kept() > self._most_bytes):
                self._open.popitem(last=False)[1].close()
            self._open[index] = open_scene(self.sources[index], self.options, self._cache)
        self._open.move_to_end(index)
        return self._open[index]

    def close(self) -> None:
        """Closes all scenes."""
        if self._process == os.getpid():
            for scene in self._open.values():
                scene.close()
        self._open.clear()

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_open": OrderedDict()}

    def _kept(self) -> int:
        return sum(scene.kept_bytes for scene in self._open.values())
