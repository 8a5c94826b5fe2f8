"""A GeoPackage of all changes and samples, with styles of QGIS: one file that a GIS opens with colours and legend.

Layers ``changes`` (the ground that a change affects; event, step, uid, category, sample, scene, split) and ``samples``
(the outlines of the series; scene, split, source, changes), both in longitude and latitude (EPSG:4326). What a change
did to its object is told by its event: created green, removed red, altered orange or blue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import geopandas
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely

from changen_cli.errors import StoreError, UsageError
from changen_cli.export import qgis
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.files import disk_errors

CREATED: qgis.Colour = (46, 160, 67)
REMOVED: qgis.Colour = (207, 34, 46)
ALTERED: tuple[qgis.Colour, ...] = ((255, 176, 32), (80, 160, 255), (180, 120, 255), (0, 190, 200))
OUTLINE: qgis.Colour = (90, 90, 90)

TIME = "1970-01-01T00:00:00.000Z"
"""Of every change of the file, so that the same output gives the same bytes."""

LAYERS = ("changes", "samples")
GEOMETRY = "geom"
"""GDAL's name of the column."""

_SAMPLES = ("sample", "scene", "split", "source", "changes", "geometry")
_EVENTS = ("sample", "step", "event", "uid", "category", "geometry", "geometry_before", "geometry_after")


class GeoPackage(DatasetLayout):
    """Writes the tables of an output as a GeoPackage."""

    name: ClassVar[str] = "geopackage"
    summary: ClassVar[str] = "GeoPackage of changes and samples with styles of QGIS; one file"
    is_file: ClassVar[bool] = True

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes both layers and their styles."""
        samples = _samples(source)
        splits = dict(zip(samples["sample"], samples["split"], strict=True))
        doing: dict[str, set[tuple[bool, bool]]] = {}
        path = target.root.with_suffix(".gpkg")
        path.unlink(missing_ok=True)
        count = 0
        with disk_errors(path):
            pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": TIME})
            try:
                for frame in _changes(source, splits, doing):
                    _append(path, "changes", frame)
                    count += len(frame)
                if not count:
                    _append(path, "changes", _no_changes())
                _append(path, "samples", samples)
            except pyogrio.errors.DataSourceError as error:
                raise StoreError(
                    f"cannot write {options.output} ({error}); see that there is space on the disk"
                ) from error
            finally:
                pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
            styles = {
                "changes": ("events: created green, removed red", qgis.by_value("event", event_colours(doing))),
                "samples": ("outlines of series", qgis.outline(OUTLINE)),
            }
            qgis.write_styles(path, styles, GEOMETRY, TIME)
            path.rename(target.root)
        return Written("rows", {"changes": count, "samples": len(samples)})


def event_colours(doing: dict[str, set[tuple[bool, bool]]]) -> dict[str, qgis.Colour]:
    """Gives each event a colour by what its changes do; no name of an event is known here.

    Args:
        doing: By event, whether its changes had an object before, and after.
    """
    found, altered = {}, 0
    for event, does in sorted(doing.items()):
        if does == {(False, True)}:
            found[event] = CREATED
        elif does == {(True, False)}:
            found[event] = REMOVED
        else:
            found[event] = ALTERED[altered % len(ALTERED)]
            altered += 1
    return found


def _samples(source: Source) -> Any:
    """Returns the samples that are exported, with their outlines."""
    data = source.data
    table = data.table.select(_SAMPLES).take(pa.array(data.rows))
    shapes = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    if shapely.is_missing(shapes).all():
        raise UsageError(f"{source.root}: no series is georeferenced, so there is no map of it")
    frame = table.drop_columns(["geometry"]).to_pandas()
    frame = frame.astype(dict.fromkeys(("sample", "scene", "split", "source"), "str"))
    return geopandas.GeoDataFrame(frame, geometry=_multi(shapes), crs="EPSG:4326")


def _changes(source: Source, splits: dict[str, str], doing: dict[str, set[tuple[bool, bool]]]) -> Iterator[Any]:
    """Reads the changes of the samples that are exported, row group by row group, and notes what events do."""
    path = source.root / "events.parquet"
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=list(_EVENTS))
                frame = pd.DataFrame(
                    {name: table[name].to_pylist() for name in ("sample", "step", "event", "uid", "category")}
                )
                frame["split"] = frame["sample"].map(splits)
                before, after = (table[f"geometry_{when}"].is_valid().to_numpy() for when in ("before", "after"))
                shapes = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
                chosen = (frame["split"].notna() & ~shapely.is_missing(shapes)).to_numpy()
                for event, was, stands in zip(frame["event"], before, after, strict=True):
                    doing.setdefault(event, set()).add((bool(was), bool(stands)))
                if chosen.any():
                    yield geopandas.GeoDataFrame(frame[chosen], geometry=_multi(shapes[chosen]), crs="EPSG:4326")
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"cannot read {path}: {error}; run the same changen command again") from error


def _no_changes() -> Any:
    columns = {name: pd.Series(dtype="str" if name in ("sample", "event", "split") else "int32") for name in (
        "sample", "step", "event", "uid", "category", "split"
    )}  # fmt: skip
    return geopandas.GeoDataFrame(columns, geometry=geopandas.GeoSeries([], crs="EPSG:4326"))


def _multi(shapes: Any) -> list[Any]:
    """Returns polygons of several parts each, as a layer has one kind; lines of a collection are left out."""
    polygonal = [shape if shape is None or "Polygon" in shape.geom_type else shape.buffer(0) for shape in shapes]
    return [
        shapely.MultiPolygon([shape]) if shape is not None and shape.geom_type == "Polygon" else shape
        for shape in polygonal
    ]


def _append(path: Any, layer: str, frame: Any) -> None:
    """Appends rows to a layer, which is made where it is not there."""
    append = path.exists() and layer in {name for name, _ in pyogrio.list_layers(path)}
    pyogrio.write_dataframe(
        frame, path, layer=layer, driver="GPKG", append=append, geometry_type="MultiPolygon", geometry_name=GEOMETRY
    )
