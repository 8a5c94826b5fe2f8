from __future__ import annotations

from pathlib import Path

import numpy as np
from pycocotools.coco import COCO

from changen_cli import open_series
from changen_cli.export.layouts.coco import describe
from changen_cli.store.gdal import read_raster
from tests.export.conftest import Export


def test_pycocotools_gives_every_object_back(run: Export, stores: Path) -> None:
    root = run("coco", class_name=("2=water",))
    for split, count in (("train", 6), ("val", 0), ("test", 3)):
        read = COCO(root / "annotations" / f"instances_{split}.json")
        assert [one["name"] for one in read.loadCats(read.getCatIds())] == ["building", "water"]
        assert len(read.imgs) == count
        wanted = {sample.id: sample for sample in open_series(stores / "zarr")}
        for image in read.imgs.values():
            sample, time = wanted[image["series"]], image["time"]
            assert sample.mask is not None
            assert sample.instance is not None
            assert np.array_equal(read_raster(root / split / image["file_name"]), sample.image[time])
            instance, mask = np.zeros_like(sample.instance[0]), np.zeros_like(sample.mask[0])
            for entry in read.loadAnns(read.getAnnIds(image["id"])):
                present = read.annToMask(entry) != 0
                assert present.sum() == entry["area"]
                instance[present] = entry["track_id"]
                mask[present] = entry["category_id"]
            assert np.array_equal(instance, sample.instance[time])
            assert np.array_equal(mask, sample.mask[time])


def test_a_box_holds_its_object() -> None:
    instance = np.zeros((6, 8), np.int32)
    instance[1:3, 2:6] = 7
    (entry,) = describe((instance != 0).astype(np.uint8), instance)
    assert entry["bbox"] == [2, 1, 4, 2]
    assert (entry["area"], entry["track_id"], entry["category_id"]) == (8, 7, 1)
    full = np.full((2, 2), 3, np.int32)
    assert [one["track_id"] for one in describe(np.ones((2, 2), np.uint8), full)] == [3]
    assert describe(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.int32)) == []
