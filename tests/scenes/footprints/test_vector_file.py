from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import box

from changen_cli.errors import SceneError
from changen_cli.scenes.footprints.vector_file import VectorFile
from tests.scenes.writing import WriteVector

HOUSES = [box(10 * i, 0, 10 * i + 6, 4) for i in range(20)]
FORMATS = ["v.geojson", "v.gpkg", "v.fgb", "v.shp", "v.parquet"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_it_holds(write_vector: WriteVector, name: str) -> None:
    file = VectorFile(write_vector(name, HOUSES, pixels=False))
    assert file.features == 20
    assert file.crs is not None
    assert file.crs.to_epsg() == 32633
    assert not file.windowed
    assert file.extent() == pytest.approx((0, 0, 196, 4))


@pytest.mark.parametrize("name", FORMATS)
def test_features_are_selected_by_their_extent(write_vector: WriteVector, name: str) -> None:
    found = VectorFile(write_vector(name, HOUSES, pixels=False)).select((25, 1, 65, 2))
    assert (np.diff(found.ids) > 0).all()
    assert sorted(g.bounds[0] for g in found.geometries) == [20, 30, 40, 50, 60]
    assert found.values is None


@pytest.mark.parametrize("name", FORMATS)
def test_a_column_is_read_with_the_geometries(write_vector: WriteVector, name: str) -> None:
    file = VectorFile(write_vector(name, HOUSES, pixels=False), column="n")
    found = file.select((25, 1, 65, 2))
    assert found.values is not None
    assert [(g.bounds[0], v) for g, v in zip(found.geometries, found.values, strict=True)] == [
        (10 * v, v) for v in found.values
    ]
    assert len(found.values) == 5
    with pytest.raises(SceneError, match=r"v\.\w+: has no column 'kind'; it has 'n'.*--class-attribute"):
        VectorFile(file.path, column="kind")


@pytest.mark.parametrize(("name", "windowed"), [("v.gpkg", True), ("v.fgb", True), ("v.geojson", False)])
def test_above_a_limit_an_indexed_file_is_read_by_window(write_vector: WriteVector, name: str, windowed: bool) -> None:
    path = write_vector(name, HOUSES, pixels=False)
    assert VectorFile(path, indexed_limit=19).windowed is windowed
    assert not VectorFile(path, indexed_limit=20).windowed


def test_a_file_that_changed_is_read_again(write_vector: WriteVector) -> None:
    path = write_vector("v.geojson", HOUSES, pixels=False)
    assert VectorFile(path).features == 20
    assert VectorFile(write_vector("v.geojson", HOUSES[:3], pixels=False)).features == 3


def test_a_file_without_a_geometry_has_no_extent(write_vector: WriteVector) -> None:
    assert VectorFile(write_vector("v.geojson", [None], pixels=False)).extent() is None


def test_what_cannot_be_read(write_vector: WriteVector, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"gone\.gpkg: no such vector file"):
        VectorFile(str(tmp_path / "gone.gpkg"))
    (tmp_path / "bare.parquet").write_bytes(b"PAR1")
    with pytest.raises(SceneError, match=r"bare\.parquet: cannot be read as a vector file"):
        VectorFile(str(tmp_path / "bare.parquet"))
    write_vector("two.gpkg", HOUSES, layer="water")
    path = write_vector("two.gpkg", HOUSES, layer="houses", mode="a")
    with pytest.raises(SceneError, match=r"found: .*layername=NAME"):
        VectorFile(path)
    assert VectorFile(f"{path}|layername=houses").path.endswith("|layername=houses")
