"""Read by pystac, which validates the core of STAC 1.1 with the schemas it ships.

No package holds the schemas of the extensions, so what these ask for is held through pystac's own classes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pystac
import pystac.validation
import pytest
import rasterio
from pystac.extensions.label import LabelExtension, LabelType

from changen_cli import open_series
from changen_cli.errors import UsageError
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from tests.export.conftest import SAMPLES, Export


def validate_core(thing: Any) -> None:
    """Validates without the schemas of extensions, which would be fetched."""
    found = thing.to_dict()
    found["stac_extensions"] = []
    pystac.validation.validate_dict(found)


@pytest.mark.parametrize("format", ["zarr", "geotiff"])
def test_pystac_finds_it_valid(run: Export, format: str) -> None:
    root = run("stac", format, pairs="all")
    collection = pystac.Collection.from_file(str(root / "collection.json"))
    validate_core(collection)
    items = list(collection.get_items(recursive=True))
    assert len(items) == 3 * (3 + 3)
    for item in items:
        validate_core(item)
        for asset in item.assets.values():
            assert Path(str(asset.get_absolute_href())).is_file()
    assert items[0].stac_extensions == ["https://stac-extensions.github.io/projection/v2.0.0/schema.json"]


@pytest.mark.parametrize("format", ["zarr", "geotiff"])
def test_pixels_are_where_the_item_says(run: Export, stores: Path, format: str) -> None:
    root = run("stac", format) / "items" / SAMPLES[2]
    (series,) = open_series(stores / "zarr", "test")
    item = pystac.Item.from_file(str(root / f"{series.id}__t1.json"))
    with rasterio.open(item.assets["image"].get_absolute_href()) as image:
        assert np.array_equal(image.read(), series.image[1])
        assert image.transform == series.transform
        assert item.properties["proj:transform"] == list(image.transform)[:6]
        assert item.properties["proj:code"] == "EPSG:32736"
    assert item.properties["changen:simulated"] is True
    if format == "geotiff":
        assert (root / "t1.tif").samefile(stores / "geotiff" / series.id / "t1.tif")


def test_labels_by_the_label_extension(run: Export) -> None:
    root = run("stac", first_date="2021-03-04", days=10) / "items" / SAMPLES[2]
    item = pystac.Item.from_file(str(root / f"{SAMPLES[2]}__t0_t1.json"))
    assert LabelExtension.has_extension(item)
    label: Any = LabelExtension.ext(item)
    assert label.label_type == LabelType.VECTOR
    assert label.label_properties == ["event"]
    assert label.label_classes[0].classes == ["create", "relocate"]
    assert [count.name for count in label.label_overviews[0].counts] == ["create", "relocate"]
    assert [Path(str(link.get_absolute_href())).name for link in item.get_links("source")] == [
        f"{SAMPLES[2]}__t0.json",
        f"{SAMPLES[2]}__t1.json",
    ]
    assert item.datetime is not None
    assert item.datetime.date().isoformat() == "2021-03-14"
    changes = geopandas.read_file(item.assets["labels"].get_absolute_href())
    assert sorted(changes["event"]) == ["create", "relocate"]


def test_what_lies_nowhere_is_refused(
    make_series: Callable[..., Series], run_store: Callable[..., None], tmp_path: Path, run: Export
) -> None:
    series = make_series(0, crs=None)
    spec = StoreSpec(samples=1, steps=2, height=24, width=40, shard_samples=1)
    run_store("zarr", tmp_path / "store", spec, [Outcome(series.id, Status.DONE, series=series)])
    with pytest.raises(UsageError, match="not georeferenced"):
        run("stac", str(tmp_path / "store"))
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_all_of_it_is_json(run: Export) -> None:
    for path in run("stac").rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


def test_the_validation_can_fail(run: Export) -> None:
    path = run("stac") / "items" / SAMPLES[2] / f"{SAMPLES[2]}__t0.json"
    item = json.loads(path.read_text(encoding="utf-8")) | {"stac_extensions": []}
    pystac.validation.validate_dict(item)
    del item["properties"]["datetime"]
    with pytest.raises(pystac.errors.STACValidationError):
        pystac.validation.validate_dict(item)
