from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from rasterio.features import rasterize
from torchgeo.datasets import XView2

from changen_cli import open_series
from changen_cli.events.base import Change
from changen_cli.export.layouts.xview2 import broken, targets
from changen_cli.export.source import Dates
from changen_cli.scenes.footprints.xbd import read_label
from changen_cli.scenes.layout import Footprint
from changen_cli.store.gdal import read_raster
from tests.export.conftest import Export


def test_torchgeo_reads_what_was_built_and_removed(run: Export, stores: Path) -> None:
    root = run("xview2")
    assert [len(XView2(root, split)) for split in ("train", "test")] == [4, 2]
    (series,) = open_series(stores / "zarr", "test")
    assert series.mask is not None
    for step in range(2):
        sample = XView2(root, "test")[step]
        assert np.array_equal(sample["image"].numpy(), series.image[step : step + 2])
        before, after = series.mask[step] != 0, series.mask[step + 1] != 0
        wanted = np.where(after & ~before, 1, np.where(before & ~after, 3, 0))
        assert np.array_equal(sample["mask"].numpy(), wanted)
    assert (wanted == 3).any()  # the last step removes


def test_labels_cover_just_the_targets(run: Export) -> None:
    folder = run("xview2") / "train"
    for path in sorted((folder / "labels").iterdir()):
        image = folder / "images" / f"{path.stem}.png"
        label = read_label(str(path), str(image), 24, 40)
        target = read_raster(folder / "targets" / f"{path.stem}_target.png")[0]
        shapes = list(label.outlines)
        drawn = rasterize(shapes, target.shape) if shapes else np.zeros_like(target)
        assert np.array_equal(drawn != 0, target != 0)
        assert len(label.places) == len(shapes)
        assert all(place is not None for place in label.places)


def test_all_four_folders_are_there(run: Export) -> None:
    root = run("xview2")
    for split in ("train", "tier3", "test", "hold"):
        assert sorted(path.name for path in (root / split).iterdir()) == ["images", "labels", "targets"]


def test_targets() -> None:
    mask = np.array([[[0, 1, 1]], [[1, 1, 0]]], np.uint8)
    pre, post = targets(Dates(mask, mask.astype(np.int32), np.ones((1, 3), bool)))
    assert (pre.tolist(), post.tolist()) == ([[0, 1, 1]], [[1, 1, 4]])


def test_a_broken_building_is_so_in_whole_and_one_that_went_since_is_destroyed() -> None:
    instance = np.array([[[7, 7, 7, 8, 8]], [[7, 0, 9, 0, 0]]], np.int32)
    dates = Dates((instance != 0).astype(np.uint8), instance, np.ones((1, 5), bool))
    pre, post = targets(dates, [7])
    assert (pre.tolist(), post.tolist()) == ([[1, 1, 1, 1, 1]], [[3, 3, 1, 4, 4]])  # 9 was built on its ground
    whole, part = Footprint(7, shapely.box(0, 0, 3, 1)), Footprint(7, shapely.box(0, 0, 1, 1))
    hurt, gone = Change("damage", 1, whole, part), Change("remove", 2, part, None)
    shrunk = Change("scale", 1, whole, part)
    assert [broken(changes) for changes in ((hurt,), (hurt, gone), (shrunk,))] == [[7], [], []]
