"""STAC 1.1, catalogues of what lies where and when: https://stacspec.org. Plain JSON values, no reader is needed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from affine import Affine
from rasterio.crs import CRS
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from changen_cli.errors import UsageError
from changen_cli.export.source import Pair
from changen_cli.store.formats.zarr.conventions import attributes
from changen_cli.store.tables.geography import to_lonlat

VERSION = "1.1.0"
LABEL = "https://stac-extensions.github.io/label/v1.0.1/schema.json"
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
GEOTIFF = "image/tiff; application=geotiff"
GEOJSON = "application/geo+json"

Entry = dict[str, Any]
"""JSON values."""


def instant(first: datetime.date, days: int, time: int) -> str:
    """Returns the instant of a date of a series, RFC 3339.

    Args:
        first: Day of date 0.
        days: Days between two dates.
        time: The date, 0 .. steps.

    Raises:
        UsageError: If there is no such day.
    """
    try:
        day = first + datetime.timedelta(days=days * time)
    except OverflowError as error:
        raise UsageError(f"--first-date {first}, --days {days}: date {time} is beyond the year 9999") from error
    return f"{day.isoformat()}T00:00:00Z"


def place(height: int, width: int, crs: str | None, transform: Affine | None, what: str) -> tuple[BaseGeometry, Entry]:
    """Returns where a grid lies: its outline in longitude and latitude, and properties of the projection extension.

    Args:
        height: Rows.
        width: Columns.
        crs: WKT of its CRS.
        transform: Pixel to CRS coordinates.
        what: What an error is about.

    Raises:
        UsageError: If it lies nowhere on the Earth.
    """
    (outline,) = to_lonlat([shapely.box(0, 0, width, height)], [(transform, crs)])
    if outline is None or crs is None or transform is None:
        raise UsageError(f"{what} is not georeferenced, and STAC says where things are; choose another layout")
    known = attributes(height, width, crs, transform)
    properties: Entry = {"proj:shape": [height, width], "proj:transform": list(transform)[:6]}
    if "proj:code" in known:
        properties["proj:code"] = known["proj:code"]
    else:
        properties |= {"proj:code": None, "proj:wkt2": CRS.from_wkt(crs).to_wkt(version="WKT2_2019")}
    return outline, properties


def item(
    id: str,
    collection: str,
    outline: BaseGeometry,
    properties: Mapping[str, Any],
    assets: Mapping[str, Entry],
    extensions: Sequence[str],
    sources: Sequence[str] = (),
) -> Entry:
    """Returns an item that lies in ``items/<series>/`` of its collection.

    Args:
        id: Its id.
        collection: Id of the collection.
        outline: Where it is, longitude and latitude.
        properties: ``datetime`` among them.
        assets: By key.
        extensions: URIs of the schemas that it follows.
        sources: File names, in the same folder, of the items that it labels.
    """
    links = [
        {"rel": "root", "href": "../../collection.json", "type": "application/json"},
        {"rel": "parent", "href": "../../collection.json", "type": "application/json"},
        {"rel": "collection", "href": "../../collection.json", "type": "application/json"},
        *({"rel": "source", "href": f"./{name}", "type": GEOJSON, "label:assets": ["image"]} for name in sources),
    ]
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": list(extensions),
        "id": id,
        "collection": collection,
        "geometry": mapping(outline),
        "bbox": list(outline.bounds),
        "properties": dict(properties),
        "links": links,
        "assets": dict(assets),
    }


def label_properties(pair: Pair) -> Entry:
    """Returns the properties of the label extension of a pair whose labels are vectors with an ``event``."""
    events = [change.event for change in pair.changes]
    names = sorted(set(events))
    return {
        "label:type": "vector",
        "label:properties": ["event"],
        "label:classes": [{"name": "event", "classes": names}],
        "label:tasks": ["change-detection", "segmentation"],
        "label:methods": ["simulated"],
        "label:description": f"What was changed from date {pair.times[0]} to {pair.times[1]}; exact by construction",
        "label:overviews": [
            {"property_key": "event", "counts": [{"name": name, "count": events.count(name)} for name in names]}
        ],
    }


def changes_geojson(pair: Pair) -> Entry:
    """Returns the changes of a pair as GeoJSON: the ground of each, with event, step, uid and class."""
    ground = [
        shapely.union_all([shapely.make_valid(one.polygon) for one in (change.before, change.after) if one is not None])
        for change in pair.changes
    ]
    places = to_lonlat(ground, [(pair.transform, pair.crs)] * len(ground))
    features = []
    for change, shape in zip(pair.changes, places, strict=True):
        footprint = change.after or change.before
        assert footprint is not None, "a change has an object before or after"
        properties = {
            "event": change.event,
            "step": change.step,
            "uid": footprint.uid,
            "category": footprint.category,
        }
        features.append(
            {"type": "Feature", "geometry": None if shape is None else mapping(shape), "properties": properties}
        )
    return {"type": "FeatureCollection", "features": features}


def collection(
    id: str, description: str, boxes: Sequence[Sequence[float]], span: tuple[str, str], items: Sequence[str]
) -> Entry:
    """Returns a collection.

    Args:
        id: Its id.
        description: What it is.
        boxes: west, south, east and north of its items; at least one.
        span: First and last instant.
        items: Files of its items, relative to it.
    """
    west, south, east, north = (pick(box[side] for box in boxes) for side, pick in enumerate((min, min, max, max)))
    return {
        "type": "Collection",
        "stac_version": VERSION,
        "id": id,
        "description": description,
        "license": "other",
        "keywords": ["change detection", "synthetic", "remote sensing", "changen"],
        "extent": {
            "spatial": {"bbox": [[west, south, east, north]]},
            "temporal": {"interval": [list(span)]},
        },
        "links": [
            {"rel": "root", "href": "./collection.json", "type": "application/json"},
            *({"rel": "item", "href": f"./{name}", "type": GEOJSON} for name in items),
        ],
    }
