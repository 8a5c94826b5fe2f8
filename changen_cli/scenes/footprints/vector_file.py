"""Vector files: geometries and the CRS they are in, whatever the format."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError

from changen_cli.errors import SceneError
from changen_cli.files import open_read, place
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.image.rasters import reason
from changen_cli.scenes.image.remote import network_settings
from changen_cli.scenes.readable import require_readable
from changen_cli.scenes.source import is_remote
from changen_cli.types import AnyArray

Box = tuple[float, float, float, float]
"""West, south, east, north (least x, least y, largest x, largest y)."""

INDEXED_LIMIT = 50_000
"""Features above which a file with a spatial index is read window by window."""

_JSON = (".geojson", ".json", ".geojsonl", ".geojsons")
_PARQUET = (".parquet", ".geoparquet")
_POINTERS = (b"<OGRVRTDataSource", b"<OGRWFSDataSource", b"<OGRWFSLayer", b"<OGRCSWDataSource", b"<GDALTileIndex")
_ODD_METADATA = (TypeError, AttributeError, IndexError, RecursionError, NotImplementedError, OverflowError, CRSError)
_READ_ERRORS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    GeometryError,
    OSError,
    ValueError,
    KeyError,
    shapely.errors.ShapelyError,
    UnboundLocalError,  # pyogrio's slip where a .prj is no text
)


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a file.

    Attributes:
        ids: Feature ids or row numbers from 0, int64 [N]; ascending where they were selected.
        geometries: In the file's CRS, [N]; None where a feature has no geometry or one that cannot be decoded.
        values: Of the column that was asked for, [N]; None without one.
    """

    ids: AnyArray
    geometries: Geometries
    values: AnyArray | None = None

    def take(self, places: AnyArray) -> Features:
        """Returns those at some places, in that order."""
        values = None if self.values is None else self.values[places]
        return Features(self.ids[places], self.geometries[places], values)


@dataclass(frozen=True, slots=True)
class _Whole:
    """All features of a file without an index."""

    crs: CRS | None
    tree: shapely.STRtree
    features: Features


class VectorFile:
    """A layer of a vector file.

    Files with a spatial index (GeoPackage, FlatGeobuf, Shapefile with .qix, GeoParquet with a bbox covering) are read
    by extent; others are read whole, once per process.

    Attributes:
        path: Path as given, with the layer if one was named.
        crs: The CRS the file says it is in, or None if it says none. Plain GeoJSON says EPSG:4326, by its standard.
        features: Number of features.
        windowed: True if the file is indexed and so large that it should be read window by window; selected ids are
            then the file's own feature ids.
    """

    def __init__(self, path: str, indexed_limit: int = INDEXED_LIMIT, *, column: str | None = None) -> None:
        """Opens a file.

        Args:
            path: File, ``/vsi...`` path or URL; ``path|layername=NAME`` for one layer of several.
            indexed_limit: Features above which a file with a spatial index is read window by window.
            column: A column to read with the geometries, or None.

        Raises:
            SceneError: If there is no such file, it cannot be read, holds several layers and none was named, or has no
                such column.
        """
        self.path = path
        self._column = column
        self._file, _, layer = path.partition("|layername=")
        require_readable(self._file, "vector file")
        _refuse_pointer(self._file)
        suffix = os.path.splitext(self._file)[1].lower()
        self._parquet = suffix in _PARQUET
        self._layer: str | None = layer or None
        with _reading(path):
            if self._parquet:
                info = _parquet_info(self._file)
                self._by_extent, self.features, self.crs = info.covered, info.rows, info.crs
                self.windowed = False
            else:
                self._open_ogr(suffix, indexed_limit)
            if column is not None:
                self._require(column)

    def _require(self, column: str) -> None:
        """Refuses a column that is not there."""
        if self._parquet:
            info = _parquet_info(self._file)
            known = [name for name in info.columns if name != info.column]
        else:
            known = pyogrio.read_info(self._file, layer=self._layer)["fields"].tolist()
        if column not in known:
            raise SceneError(
                f"{self.path}: has no column {column!r}; it has {', '.join(map(repr, known)) or 'none'}: name one of "
                "them with --class-attribute"
            )

    def _open_ogr(self, suffix: str, indexed_limit: int) -> None:
        if suffix in _JSON:  # always one layer; asking for more would parse the file twice
            self._by_extent = self.windowed = False
            whole = self._whole()
            self.crs, self.features = whole.crs, len(whole.features.geometries)
            return
        if self._layer is None:
            layers = [str(name) for name, kind in pyogrio.list_layers(self._file) if kind is not None]
            if len(layers) != 1:
                names = ", ".join(layers[:8]) or "none"
                raise SceneError(
                    f"{self.path}: one layer of polygons is needed, found: {names}; name one as "
                    f"'{self._file}|layername=NAME'"
                )
            self._layer = layers[0]
        info = pyogrio.read_info(self._file, layer=self._layer)
        self.features = int(info["features"])
        self.crs = _crs(info["crs"])
        self._by_extent = bool(info["capabilities"]["fast_spatial_filter"])
        self.windowed = self._by_extent and self.features > indexed_limit

    def extent(self) -> Box | None:
        """Returns the extent of all features, or None if no feature has a geometry."""
        with _reading(self.path):
            box: Sequence[float] | AnyArray | None = None
            if self._by_extent and self._parquet:
                box = _parquet_info(self._file).extent
            elif self._by_extent:
                box = pyogrio.read_info(self._file, layer=self._layer, force_total_bounds=True)["total_bounds"]
            if box is None:
                box = shapely.total_bounds(self._whole().features.geometries)
        west, south, east, north = (float(v) for v in box)
        return (west, south, east, north) if np.isfinite([west, south, east, north]).all() else None

    def select(self, box: Box) -> Features:
        """Reads the features whose extent meets a box, in the file's CRS.

        Args:
            box: In the file's CRS.

        Raises:
            SceneError: If the file is damaged.
        """
        with _reading(self.path):
            if not self._by_extent:
                whole = self._whole()
                geometries = whole.features.geometries
                missing = np.flatnonzero(shapely.is_missing(geometries) | shapely.is_empty(geometries))
                return whole.features.take(np.sort(np.concatenate([whole.tree.query(shapely.box(*box)), missing])))
            if self._parquet:
                return _parquet(self._file, self._column, box)[1]
            found = _ogr(self._file, self._layer, self._column, box)[1]
            return found.take(np.argsort(found.ids, kind="stable"))

    def _whole(self) -> _Whole:
        stat = None if is_remote(self._file) else os.stat(self._file)
        stamp = None if stat is None else (stat.st_mtime_ns, stat.st_size)
        return _read_whole(self._file, self._layer, self._column, self._parquet, stamp)


def _refuse_pointer(file: str) -> None:
    """Refuses a file that only names other files or addresses, unless its name says that it is one (``.vrt``)."""
    if is_remote(file) or os.path.isdir(file) or file.lower().endswith(".vrt"):
        return
    try:
        with open(file, "rb") as opened:
            head = opened.read(4096)
    except OSError as error:
        raise SceneError(f"{file}: cannot be read ({error.strerror}); check its permissions") from error
    if any(word in head for word in _POINTERS):
        raise SceneError(
            f"{file}: holds no vectors but points to others, which is not followed; give these, or name it "
            ".vrt if it is yours"
        )


@contextmanager
def _reading(path: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings(), _network(path):
            warnings.simplefilter("ignore")  # GDAL's remarks on rings and encodings; what matters is counted
            yield
    except _READ_ERRORS as error:
        raise SceneError(
            f"{path}: cannot be read as a vector file ({reason(error)}); if ogrinfo cannot read it either, it is "
            "damaged or cut short: copy it again"
        ) from error


@contextmanager
def _network(path: str) -> Iterator[None]:
    """Sets what the GDAL of pyogrio, which is another than rasterio's, may fetch."""
    settings = network_settings(path)
    before = {name: pyogrio.get_gdal_config_option(name) for name in settings}
    pyogrio.set_gdal_config_options(settings)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


@lru_cache(maxsize=4)
def _read_whole(
    file: str, layer: str | None, column: str | None, parquet: bool, stamp: tuple[int, int] | None
) -> _Whole:
    """Reads a file without an index, once for all scenes that share it; ``stamp`` changes when the file does."""
    crs, found = _parquet(file, column, None) if parquet else _ogr(file, layer, column, None)
    # its rows are its ids, whatever the file calls them
    features = replace(found, ids=np.arange(len(found.ids)))
    return _Whole(crs, shapely.STRtree(features.geometries), features)


def _ogr(file: str, layer: str | None, column: str | None, box: Box | None) -> tuple[CRS | None, Features]:
    columns = [] if column is None else [column]
    meta, fids, wkb, read = pyogrio.raw.read(
        file, layer=layer, columns=columns, bbox=box, return_fids=True, force_2d=True
    )
    geometries = np.empty(0, object) if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
    values = np.asarray(read[0], object) if columns and len(read) else None
    return _crs(meta["crs"]), Features(np.asarray(fids, np.int64), np.asarray(geometries, object), values)


@dataclass(frozen=True)
class _ParquetInfo:
    """What the metadata of a GeoParquet file says; ``covered`` if it can be read by extent."""

    column: str
    columns: tuple[str, ...]
    covered: bool
    rows: int
    crs: CRS | None
    extent: list[float] | None


def _parquet_info(file: str) -> _ParquetInfo:
    import pyarrow.parquet  # slow to import, and needed for this format alone

    with open_read(place(file)) as opened:
        meta = pyarrow.parquet.read_metadata(opened)
    geo = (meta.metadata or {}).get(b"geo")
    if geo is None:
        raise ValueError("no GeoParquet metadata")
    try:
        return _geo_info(json.loads(geo), tuple(meta.schema.to_arrow_schema().names), int(meta.num_rows))
    except _ODD_METADATA as error:
        raise ValueError(f"its GeoParquet metadata are not as the standard has them: {_short(error)}") from error


def _geo_info(content: dict[str, Any], columns: tuple[str, ...], rows: int) -> _ParquetInfo:
    name = content["primary_column"]
    column = content["columns"][name]
    said = column.get("crs", "OGC:CRS84")  # by the GeoParquet standard a CRS left out is this one, and null is unknown
    crs = None if said is None else CRS.from_user_input(said)
    box = column.get("bbox")
    extent = None if box is None else [*box[:2], *box[len(box) // 2 :][:2]]
    return _ParquetInfo(name, columns, "bbox" in column.get("covering", {}), rows, crs, extent)


def _short(error: Exception) -> str:
    return str(error)[:200]


def _parquet(file: str, wanted: str | None, box: Box | None) -> tuple[CRS | None, Features]:
    import geopandas  # slow to import, and needed for this format alone

    info = _parquet_info(file)
    try:
        with open_read(place(file)) as opened:
            columns = [info.column] if wanted is None else [info.column, wanted]
            frame = geopandas.read_parquet(opened, columns=columns, bbox=box)
    except _ODD_METADATA as error:
        raise ValueError(f"its GeoParquet metadata are not as the standard has them: {_short(error)}") from error
    values = None if wanted is None else np.asarray(frame[wanted], object)
    return info.crs, Features(np.arange(len(frame)), np.asarray(frame.geometry.array, object), values)


def _crs(said: str | None) -> CRS | None:
    if not said:
        return None
    try:
        return CRS.from_user_input(said)
    except CRSError:
        return None
