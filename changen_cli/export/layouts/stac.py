"""A STAC 1.1 collection: ``collection.json`` and ``items/<series>/``, GeoTIFFs with items of their dates and changes.

For each date an item ``<series>__t<k>.json`` with ``t<k>.tif`` and ``mask_t<k>.tif``; for each pair a label item
(extension ``label``) ``<series>__t<i>_t<k>.json`` with the changes as GeoJSON and, of consecutive dates, as
``change_t<i>_t<k>.tif``. GeoTIFFs of an output in the format geotiff are linked.

STAC wants a day for everything, and a simulation has none: ``--first-date`` and ``--days`` make days up, and every item
says so (``changen:simulated``; date 0 is a real image, but its day is not known either).
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from rasterio.crs import CRS

from changen_cli.export import stac
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Dates, Pair, Source
from changen_cli.export.target import Target
from changen_cli.store.formats.geotiff import PLAIN, change_colors, class_colors, encode_geotiff
from changen_cli.store.sample import Sample
from changen_cli.types import Split


class Stac(DatasetLayout):
    """Writes an output as a STAC collection."""

    name: ClassVar[str] = "stac"
    summary: ClassVar[str] = "STAC 1.1 collection of GeoTIFFs, label extension; pystac, QGIS, stackstac"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes GeoTIFFs, items and the collection."""
        name = source.root.resolve().name
        counts = {str(split): 0 for split in Split}
        files: list[str] = []
        boxes: list[list[float]] = []

        def add(folder: str, entry: stac.Entry) -> None:
            files.append(f"{folder}/{entry['id']}.json")
            target.write(files[-1], json.dumps(entry) + "\n")
            boxes.append(entry["bbox"])

        for item, (sample, dates) in enumerate(source.series()):
            folder = f"items/{sample.id}"
            height, width = dates.valid.shape
            where = stac.place(height, width, sample.crs, sample.transform, f"{source.root}: {sample.id}")
            rasters = source.data.raster_folder(item)
            for raster, data in _rasters(sample, dates):
                if rasters is not None:
                    target.link(f"{folder}/{raster}", rasters / raster)
                else:
                    target.write(f"{folder}/{raster}", data())
            for time in sample.times:
                add(folder, _date_item(name, sample, time, where, options))
            for pair in source.pairs_of(sample, dates):
                labels = f"changes_t{pair.times[0]}_t{pair.times[1]}.geojson"
                target.write(f"{folder}/{labels}", json.dumps(stac.changes_geojson(pair)) + "\n")
                add(folder, _label_item(name, pair, labels, where, options))
            counts[sample.split] += 1
        start = options.start()
        span = stac.instant(start, options.days, 0), stac.instant(start, options.days, source.data.steps)
        description = (
            "Simulated change, made by changen: date 0 of a series is a real image, later ones are synthesised. All "
            f"days are made up. Imagery: {source.manifest.get('licences', {}).get('imagery', 'not recorded')}."
        )
        target.write("collection.json", json.dumps(stac.collection(name, description, boxes, span, files)) + "\n")
        return Written("series", counts)


def _rasters(sample: Sample, dates: Dates) -> list[tuple[str, Any]]:
    """Lists the GeoTIFFs of a series, and what encodes each."""
    crs = CRS.from_wkt(sample.crs) if sample.crs else None

    def encoder(bands: Any, **more: Any) -> Any:
        return lambda: encode_geotiff(bands, sample.transform, crs, PLAIN, sample.id, cog=False, **more)

    found = [(f"t{time}.tif", encoder(image, valid=dates.valid)) for time, image in enumerate(sample.image)]
    found += [(f"mask_t{time}.tif", encoder(mask[None], colors=class_colors())) for time, mask in enumerate(dates.mask)]
    found += [
        (f"change_t{time}_t{time + 1}.tif", encoder(change[None], colors=change_colors()))
        for time, change in enumerate(sample.change)
    ]
    return found


def _date_item(
    collection: str, sample: Sample, time: int, where: tuple[Any, stac.Entry], options: ExportOptions
) -> stac.Entry:
    """Returns the item of a date."""
    outline, projection = where
    properties = {
        "datetime": stac.instant(options.start(), options.days, time),
        "changen:simulated": time > 0,
        "changen:series": sample.id,
        "changen:scene": sample.scene,
        "changen:split": sample.split,
        "changen:time": time,
        **projection,
    }
    assets = {
        "image": {"href": f"./t{time}.tif", "type": stac.GEOTIFF, "title": f"I_{time}", "roles": ["data"]},
        "mask": {"href": f"./mask_t{time}.tif", "type": stac.GEOTIFF, "title": f"S_{time}", "roles": ["data"]},
    }
    return stac.item(f"{sample.id}__t{time}", collection, outline, properties, assets, [stac.PROJECTION])


def _label_item(
    collection: str, pair: Pair, labels: str, where: tuple[Any, stac.Entry], options: ExportOptions
) -> stac.Entry:
    """Returns the item of what changed between two dates."""
    outline, projection = where
    first, second = pair.times
    start, end = (stac.instant(options.start(), options.days, time) for time in pair.times)
    properties = {
        "datetime": end,
        "start_datetime": start,
        "end_datetime": end,
        "changen:simulated": True,
        "changen:series": pair.sample,
        "changen:split": pair.split,
        **stac.label_properties(pair),
        **projection,
    }
    assets = {"labels": {"href": f"./{labels}", "type": stac.GEOJSON, "title": "Changes", "roles": ["data"]}}
    if second == first + 1:
        change = f"./change_t{first}_t{second}.tif"
        assets["change"] = {"href": change, "type": stac.GEOTIFF, "title": "Change mask", "roles": ["data"]}
    sources = [f"{pair.sample}__t{time}.json" for time in pair.times]
    return stac.item(pair.id, collection, outline, properties, assets, [stac.LABEL, stac.PROJECTION], sources)
