from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box

from changen_cli.errors import SceneError
from changen_cli.scenes.footprints.base import Labels
from changen_cli.scenes.footprints.labels import UnplacedLabels, open_labels
from changen_cli.scenes.image.geobox import GeoBox, make_geobox
from changen_cli.scenes.image.rasters import BlockCache, open_raster
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.types import UInt8Array
from tests.scenes.writing import WriteRaster, WriteVector

XBD = Path(__file__).parents[2] / "data" / "make_xbd.py"


def opened(image: str, labels: LabelSource | None) -> tuple[UnplacedLabels, Labels]:
    with open_raster(image) as dataset:
        unplaced = open_labels(SceneSource("s", image, labels), dataset, ReadOptions(), BlockCache())
        return unplaced, unplaced.place(make_geobox(dataset, image, None, False))


def test_vectors_and_masks_have_no_georeference(
    write_raster: WriteRaster, write_vector: WriteVector, image: UInt8Array
) -> None:
    path = write_raster("a.tif", image)
    mask = np.zeros((120, 160), np.uint8)
    mask[10:30, 10:30] = 1
    sources = [
        LabelSource("vector", write_vector("v.gpkg", [box(10, 10, 30, 30)])),
        LabelSource("mask", write_raster("m.tif", mask)),
    ]
    for source in sources:
        unplaced, labels = opened(path, source)
        assert unplaced.georeference is None
        assert labels.as_manifest()["kind"] == source.kind
        assert [f.polygon.area for f in labels.footprints(GeoBox(120, 160, None, None).whole)] == pytest.approx([400])
        labels.close()


def test_a_scene_without_labels_is_known_to_be_empty(write_raster: WriteRaster, image: UInt8Array) -> None:
    _, labels = opened(write_raster("a.tif", image), None)
    assert labels.known_empty()


def test_labels_of_xbd_say_where_the_image_lies(tmp_path: Path) -> None:
    root: Path = runpy.run_path(str(XBD))["write_xbd"](tmp_path / "xview2", 128, scenes=1, buildings=12)
    image = next((root / "hold" / "images").glob("*_pre_disaster.png"))
    label = root / "hold" / "labels" / f"{image.stem}.json"
    unplaced, labels = opened(str(image), LabelSource("xbd", str(label)))
    assert unplaced.georeference is not None
    assert unplaced.georeference[1].to_epsg() == 4326
    assert labels.as_manifest()["kind"] == "xbd"


def test_a_file_of_another_kind_is_refused(write_raster: WriteRaster, image: UInt8Array) -> None:
    path = write_raster("a.tif", image)
    with pytest.raises(SceneError, match="cannot be read as JSON"):
        opened(path, LabelSource("xbd", path))
    many = write_raster("many.tif", np.concatenate([image, image[:2]]))
    with pytest.raises(SceneError, match="mask with 5 bands"):
        opened(path, LabelSource("mask", many))
