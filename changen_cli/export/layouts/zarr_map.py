"""A Zarr that opens as a map: a group a series, unsharded, with x, y and ``spatial_ref`` (CF) in it.

``<series>/{image (time, band, y, x), mask, instance (time, y, x), change (step, y, x), valid (y, x)}``, in chunks of
one date and 512 x 512 pixels. xarray, rioxarray (``rio.crs``) and QGIS take it as it is. It is Zarr 2 unless told other
(``--zarr-version 3``): GDAL reads 2 from 3.4 on, and many that are installed refuse what other libraries write as 3.
Version 3 carries the attributes of the conventions ``proj`` and ``spatial`` besides.

A grid that is turned has no x and y of one dimension; its place is then in ``spatial_ref`` alone (``GeoTransform``). A
series without a georeference has x and y in pixels and no ``spatial_ref``.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, ClassVar, Literal

import numpy as np
import zarr
from numcodecs import Zstd
from rasterio.crs import CRS
from zarr.codecs import ZstdCodec

from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Dates, Source
from changen_cli.export.target import Target
from changen_cli.files import disk_errors
from changen_cli.scenes.window import Window
from changen_cli.store.formats.zarr.conventions import attributes
from changen_cli.store.formats.zarr.loop import end_loop_in_time
from changen_cli.store.sample import Sample
from changen_cli.types import AnyArray, Split

CHUNK = 512
"""Rows and columns of a chunk; windows of a series larger than memory begin at multiples of it."""

PIXELS: dict[str, tuple[str, tuple[str, ...]]] = {
    "image": ("uint8", ("time", "band", "y", "x")),
    "mask": ("uint8", ("time", "y", "x")),
    "instance": ("int32", ("time", "y", "x")),
    "change": ("uint8", ("step", "y", "x")),
    "valid": ("uint8", ("y", "x")),
}
"""The arrays of pixels: their type and dimensions."""

LEVEL = 3


class ZarrMap(DatasetLayout):
    """Writes each series as a group that opens as a map."""

    name: ClassVar[str] = "zarr-map"
    summary: ClassVar[str] = "Zarr a group a series with x, y and CRS, unsharded; xarray, rioxarray, GDAL, QGIS"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes a group for each series, and consolidated metadata."""
        end_loop_in_time()
        counts = {str(split): 0 for split in Split}
        version: Literal[2, 3] = 2 if options.zarr_version == 2 else 3
        with disk_errors(target.root):
            root = zarr.create_group(store=target.root, zarr_format=version)
            for size, windows in source.series_in_windows():
                window, part, dates = next(windows)
                arrays = _make_series(root.create_group(_series_of(part)), part, size, source.data.steps, version)
                for where, sample, masks in chain([(window, part, dates)], windows):
                    _write_window(arrays, where, sample, masks)
                counts[part.split] += 1
            zarr.consolidate_metadata(target.root, zarr_format=version)
        return Written("series", counts)


def _series_of(part: Sample) -> str:
    """Returns the id of the series that a part of it was read of."""
    return part.id.removesuffix(f"__t{part.times[0]}_t{part.times[-1]}")


def _make_series(
    group: zarr.Group, sample: Sample, size: tuple[int, int], steps: int, version: int
) -> dict[str, zarr.Array[Any]]:
    """Writes all of a series but its pixels.

    Args:
        group: Of the series; empty.
        sample: Any part of it.
        size: Rows and columns of all of it.
        steps: Its steps.
        version: Of Zarr.

    Returns:
        The arrays of pixels, empty.
    """
    height, width = size
    crs = CRS.from_wkt(sample.crs) if sample.crs else None
    placed = crs is not None and sample.transform is not None
    described: dict[str, Any] = {"scene": sample.scene, "split": sample.split}
    if version == 3:
        described |= attributes(height, width, sample.crs, sample.transform)
    group.attrs.update(described)
    on_map: dict[str, Any] = {}
    if placed:
        assert crs is not None, "placed means that there is one"
        # the first two are CF's, as xarray and rioxarray read them; the third is GDAL's own
        on_map = {"grid_mapping": "spatial_ref", "coordinates": "spatial_ref", "_CRS": {"wkt": crs.to_wkt()}}
        _put(group, "spatial_ref", np.array(0, np.int64), (), spatial_ref(crs, sample), version)
    for name, values, axes in coordinates(sample, height, width, crs if placed else None):
        _put(group, name, values, (name,), axes, version)
    _put(group, "time", np.arange(steps + 1), ("time",), {"long_name": "date of the simulation, 0 is real"}, version)
    _put(group, "band", np.arange(1, 4), ("band",), {"long_name": "red, green, blue"}, version)
    said = {"long_name": "step from date step - 1 to step"}
    _put(group, "step", np.arange(1, steps + 1), ("step",), said, version)
    lengths = {"time": steps + 1, "step": steps, "band": 3, "y": height, "x": width}
    return {
        name: _create(group, name, tuple(lengths[dim] for dim in dims), np.dtype(dtype), dims, on_map, version)
        for name, (dtype, dims) in PIXELS.items()
    }


def _write_window(arrays: dict[str, zarr.Array[Any]], window: Window, part: Sample, dates: Dates) -> None:
    """Writes what was read of a window; of two dates the first was written with the step before, but for date 0."""
    begin, end = part.times[0], part.times[-1]
    skip = 0 if begin == 0 else 1
    times, steps = slice(begin + skip, end + 1), slice(begin, end)
    rows = slice(window.row, window.row + window.height)
    columns = slice(window.column, window.column + window.width)
    arrays["image"][times, :, rows, columns] = part.image[skip:]
    arrays["mask"][times, rows, columns] = dates.mask[skip:]
    arrays["instance"][times, rows, columns] = dates.instance[skip:]
    arrays["change"][steps, rows, columns] = part.change
    if begin == 0:
        arrays["valid"][rows, columns] = dates.valid.astype(np.uint8)


def spatial_ref(crs: CRS, sample: Sample) -> dict[str, Any]:
    """Returns the attributes of the variable that holds the CRS."""
    assert sample.transform is not None, "a series on a map has a transform"
    a, b, c, d, e, f = tuple(sample.transform)[:6]
    wkt = crs.to_wkt()
    return {"crs_wkt": wkt, "spatial_ref": wkt, "GeoTransform": " ".join(map(repr, (c, a, b, f, d, e)))}


def coordinates(sample: Sample, height: int, width: int, crs: CRS | None) -> list[tuple[str, AnyArray, dict[str, Any]]]:
    """Returns the coordinates of the centres of columns and rows, with their attributes; none of a turned grid.

    Args:
        sample: Whose transform is taken.
        height: Rows.
        width: Columns.
        crs: Its CRS; None for coordinates in pixels.
    """
    columns, rows = np.arange(width) + 0.5, np.arange(height) + 0.5
    if crs is None or sample.transform is None:
        return [
            ("x", columns, {"axis": "X", "units": "pixels", "long_name": "column"}),
            ("y", rows, {"axis": "Y", "units": "pixels", "long_name": "row, downwards"}),
        ]
    a, b, c, d, e, f = tuple(sample.transform)[:6]
    if b != 0 or d != 0:
        return []
    if crs.is_geographic:
        x = {"standard_name": "longitude", "units": "degrees_east"}
        y = {"standard_name": "latitude", "units": "degrees_north"}
    else:
        units = "m" if crs.linear_units in ("metre", "meter", "unknown") else crs.linear_units
        x = {"standard_name": "projection_x_coordinate", "units": units}
        y = {"standard_name": "projection_y_coordinate", "units": units}
    return [("x", c + a * columns, {"axis": "X", **x}), ("y", f + e * rows, {"axis": "Y", **y})]


def _put(
    group: zarr.Group, name: str, values: AnyArray, dims: tuple[str, ...], attrs: dict[str, Any], version: int
) -> None:
    """Writes an array whole."""
    _create(group, name, values.shape, values.dtype, dims, attrs, version)[...] = values


def _create(
    group: zarr.Group,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    dims: tuple[str, ...],
    attrs: dict[str, Any],
    version: int,
) -> zarr.Array[Any]:
    """Makes an array, empty."""
    chunks = tuple(min(size, CHUNK) if dim in "yx" else 1 for size, dim in zip(shape, dims, strict=True))
    packing: Any = Zstd(level=LEVEL) if version == 2 else ZstdCodec(level=LEVEL)
    named: dict[str, Any] = {} if version == 2 else {"dimension_names": dims}
    array: zarr.Array[Any] = group.create_array(
        name,
        shape=shape,
        dtype=dtype,
        chunks=chunks if len(shape) > 1 else shape,
        compressors=packing if len(shape) > 1 else None,
        # xarray takes a fill value of version 2 for "no data", and would turn classes into floats
        fill_value=None if version == 2 else 0,
        attributes={**attrs, "_ARRAY_DIMENSIONS": list(dims)} if version == 2 else attrs,
        **named,
    )
    return array
