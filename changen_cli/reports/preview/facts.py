"""What a page knows of a series: a few numbers that charts, filters and the map are made of, and its pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rasterio.crs import CRS

from changen_cli.events.base import Change
from changen_cli.metrics.pairs import Pair, pairs_of
from changen_cli.reports.preview.overlays import change_uri, fitted, mask_uri, path_of, photo_uri
from changen_cli.scenes.image.geobox import ground_pixel_size
from changen_cli.scenes.layout import Footprint
from changen_cli.store.sample import Sample

Json = dict[str, Any]


def facts_of(sample: Sample) -> Json:
    """Returns the numbers of a series, as JSON values.

    Args:
        sample: The series.

    Returns:
        ``id``, ``scene``, ``split``; ``times`` of its dates; ``pixel``, m2 of ground in a pixel, or None;
        ``changed``, the share of the valid pixels that changed before each date but the first; ``changes``, for each
        of them step, event, uid, class, pixels before and after, and the column and row of its middle as shares of
        the width and height.
    """
    height, width = sample.image.shape[2:]
    valid = (sample.image != 0).any((0, 1)) if sample.valid is None else sample.valid
    there = max(1, int(valid.sum()))
    return {
        "id": sample.id,
        "scene": sample.scene,
        "split": sample.split,
        "times": list(sample.times),
        "pixel": pixel_area(sample),
        "changed": [round(float(((one != 0) & valid).sum()) / there, 6) for one in sample.change],
        "changes": [_change(change, width, height) for change in sample.changes],
    }


def _change(change: Change, width: int, height: int) -> list[object]:
    what = _object(change)
    middle = what.polygon.centroid
    return [
        change.step,
        change.event,
        what.uid,
        what.category,
        round(change.before.polygon.area, 1) if change.before else 0,
        round(change.after.polygon.area, 1) if change.after else 0,
        round(middle.x / width, 4),
        round(middle.y / height, 4),
    ]


def _object(change: Change) -> Footprint:
    what = change.after or change.before
    assert what is not None, "the store keeps no change of nothing"
    return what


def pixel_area(sample: Sample) -> float | None:
    """Returns the square metres of ground in a pixel, or None where the georeference does not tell."""
    if sample.transform is None or sample.crs is None:
        return None
    size = ground_pixel_size(sample.transform, CRS.from_wkt(sample.crs), *sample.image.shape[2:])
    return None if size is None else float(f"{size[0] * size[1]:.6g}")


def pictures_of(sample: Sample, most: int) -> Json:
    """Returns the pictures of a series, as JSON values.

    Args:
        sample: The series.
        most: Most pixels of the longer side.

    Returns:
        ``width`` and ``height`` of all; ``images``, addresses of the dates; ``masks``, of the class masks, or None
        where they are not stored; ``changed``, of what changed before each date but the first; ``shapes``, for each
        change the paths of its outlines before and after.
    """
    height, width = sample.image.shape[2:]
    size = fitted(width, height, most)
    pairs = {pair.step: pair for pair in pairs_of(sample)}
    scale = size[0] / width
    return {
        "width": size[0],
        "height": size[1],
        "images": [photo_uri(image, size) for image in sample.image],
        "masks": None if sample.mask is None else [mask_uri(mask, size) for mask in sample.mask],
        "changed": [
            change_uri(change, _pair_of(sample, place, pairs), size) for place, change in enumerate(sample.change)
        ],
        "shapes": [
            [path_of(None if one is None else one.polygon, scale) for one in (change.before, change.after)]
            for change in sample.changes
        ],
    }


def _pair_of(sample: Sample, place: int, pairs: Mapping[int, Pair]) -> Pair | None:
    first, second = sample.times[place : place + 2]
    return pairs.get(second) if second == first + 1 else None


def said_of_step(sample: Sample, place: int) -> str:
    """Says what happened before a date of a series: "2 create, 1 remove".

    Args:
        sample: The series.
        place: Place of the date among those of the series; before the first nothing happened.
    """
    if place == 0:
        return "as read" if sample.times[0] == 0 else ""
    first, second = sample.times[place - 1 : place + 1]
    counts = Counter(change.event for change in sample.changes if first < change.step <= second)
    return ", ".join(f"{counts[name]} {name}" for name in sorted(counts)) or "no change"
