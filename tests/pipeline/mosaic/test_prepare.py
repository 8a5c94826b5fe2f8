from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from changen_cli.pipeline.mosaic.prepare import PreparedScene, ScenePreparer
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.run import resolve_run
from changen_cli.store.base import SceneOutcome

Mosaic = Callable[..., GenerateOptions]


def prepared(options: GenerateOptions, sample: int = 0) -> PreparedScene | SceneOutcome:
    run = resolve_run(options)
    preparer = ScenePreparer(run.task())
    try:
        return preparer.prepare(run.plan.shard(sample)[0])
    finally:
        preparer.close()


def test_the_history_is_that_of_the_scene(mosaic: Mosaic) -> None:
    one, other = prepared(mosaic(variants=2)), prepared(mosaic(variants=2), 1)
    assert isinstance(one, PreparedScene)
    assert isinstance(other, PreparedScene)
    assert one.place.id == "town__v0"
    assert one.key == (0, "town", "all", 0)
    assert (one.history.layouts[0].height, one.history.layouts[0].width) == (200, 300)
    assert all(4 <= len(changes) <= 8 for changes in one.history.changes)
    assert one.history != other.history
    assert one.history.layouts[0] == other.history.layouts[0]
    assert [state.layout for state in one.states] == list(one.history.layouts)
    assert one.noise.shape == (2, 0)
    assert np.array_equal(one.noise, other.noise)
    assert one.reason == ""


@pytest.mark.parametrize("unchanged", ["keep", "skip"])
def test_where_nothing_can_change(mosaic: Mosaic, unchanged: str) -> None:
    found = prepared(mosaic(unchanged=unchanged, events="remove", event_options=("remove.min_area=1e9",)))
    assert "nothing could change: remove: no more footprints" in found.reason
    assert isinstance(found, SceneOutcome) == (unchanged == "skip")


def test_a_scene_has_a_digest_of_its_pixels(mosaic: Mosaic) -> None:
    preparers = [ScenePreparer(resolve_run(mosaic()).task()) for _ in range(2)]
    try:
        first = preparers[0].digest(0)
        assert len(first) == 32
        assert not preparers[0].fails(0)
        with rasterio.open(mosaic().inputs[0], "r+") as file:
            pixels = file.read()
            pixels[0, 5, 5] ^= 1
            file.write(pixels)
        assert preparers[1].digest(0) != first
        Path(mosaic().inputs[0]).write_bytes(b"")
        preparers[1].close()
        lost = ScenePreparer(preparers[1].task)
        assert lost.fails(0)
    finally:
        for preparer in preparers:
            preparer.close()
