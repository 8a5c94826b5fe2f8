from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.prepare import Preparer
from changen_cli.pipeline.run import resolve_run
from changen_cli.scenes.footprints.library import Library
from changen_cli.scenes.scene import Scene
from changen_cli.scenes.tile import Tile
from changen_cli.scenes.window import Window
from changen_cli.store.base import Status
from changen_cli.types import UInt8Array


def test_preparing_needs_no_torch(options: Callable[..., GenerateOptions]) -> None:
    run = resolve_run(options(variants=2))
    code = (
        "import pickle, sys\n"
        "task = pickle.load(sys.stdin.buffer)\n"
        "from changen_cli.pipeline.prepare import Preparer\n"
        "assert len(Preparer(task).prepare(0)) == 2\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(run.task()), capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_a_sample_does_not_depend_on_its_shard(options: Callable[..., GenerateOptions]) -> None:
    one = Preparer(resolve_run(options(shard_samples=6, variants=2, seed=5)).task())
    two = Preparer(resolve_run(options(shard_samples=4, variants=2, seed=5)).task())
    whole = [item for shard in range(2) for item in one.prepare(shard)]
    parts = [item for shard in (2, 1, 0) for item in reversed(two.prepare(shard))][::-1]
    assert len(whole) == len(parts) == 12
    for a, b in zip(whole, parts, strict=True):
        assert a.outcome.id == b.outcome.id
        assert a.outcome.series is not None
        assert b.outcome.series is not None
        np.testing.assert_array_equal(a.outcome.series.masks, b.outcome.series.masks)
        np.testing.assert_array_equal(a.noise, b.noise)


def test_noise_is_drawn_per_sample_and_step(options: Callable[..., GenerateOptions], untrained_weights: Path) -> None:
    run = resolve_run(options(synthesizer="changen", weights=str(untrained_weights), steps=3, shard_samples=6))
    noise = np.stack([item.noise for item in Preparer(run.task()).prepare(0) if item.noise is not None])
    assert noise.shape == (6, 3, 8)
    assert noise.dtype == np.float32
    assert len(np.unique(noise.reshape(18, 8), axis=0)) == 18
    assert abs(noise.mean()) < 0.4
    assert 0.7 < noise.std() < 1.3


def test_a_tile_is_read_once_for_its_variants(
    options: Callable[..., GenerateOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = Scene.read

    def counted(scene: Scene, window: Window) -> Tile:
        reads.append(window)
        return read(scene, window)

    monkeypatch.setattr(Scene, "read", counted)
    Preparer(resolve_run(options(variants=4, shard_samples=8)).task()).prepare(0)
    assert len(reads) == 2


def test_labels_end_where_the_image_does(
    options: Callable[..., GenerateOptions], town: Callable[..., Path], tmp_path: Path, town_image: UInt8Array
) -> None:
    pixels = town_image[:, :200, :300].copy()
    pixels[:, :, 40:60] = 0
    town(tmp_path / "in", size=(200, 300), pixels=pixels, nodata=0)
    for item in Preparer(resolve_run(options(min_valid=0.1, shard_samples=6)).task()).prepare(0):
        series = item.outcome.series
        assert series is not None
        assert not series.masks[:, ~series.valid].any()
        assert not series.instances[:, ~series.valid].any()
        if item.outcome.id.endswith("c000000"):
            assert not series.valid.all()


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"min_valid": 1.0, "tile_size": 256}, Status.SKIPPED, "fills only 78% of a tile of 256"),
        ({"events": "create", "gap": 100.0, "unchanged": "skip"}, Status.SKIPPED, "nothing could change: create: "),
    ],
)
def test_what_cannot_be_done_is_recorded(
    options: Callable[..., GenerateOptions], changes: dict[str, object], status: Status, reason: str
) -> None:
    outcome = Preparer(resolve_run(options(**changes)).task()).prepare(0)[0].outcome
    assert outcome.status is status
    assert reason in outcome.reason
    assert outcome.series is None


def test_a_tile_where_nothing_can_change_is_an_unchanged_series(options: Callable[..., GenerateOptions]) -> None:
    item = Preparer(resolve_run(options(events="create", gap=100.0, steps=2)).task()).prepare(0)[0]
    series = item.outcome.series
    assert item.outcome.status is Status.DONE
    assert "nothing could change: create: " in item.outcome.reason
    assert series is not None
    assert series.masks.shape[0] == 3
    assert not series.changes.any()
    assert series.masks.any()
    assert item.noise is not None
    assert len(item.noise) == 2


def test_a_library_is_scaled_once_per_resolution(
    options: Callable[..., GenerateOptions],
    outlines: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    scaled = Library.outlines_at

    def counted(library: Library, ground: float | None) -> tuple[Polygon | MultiPolygon, ...]:
        asked.append(ground)
        return scaled(library, ground)

    monkeypatch.setattr(Library, "outlines_at", counted)
    library = outlines(tmp_path / "library.gpkg", [shapely.box(0, 0, 20, 10)])
    Preparer(resolve_run(options(library=str(library), shard_samples=6)).task()).prepare(0)
    assert len(asked) == 1
