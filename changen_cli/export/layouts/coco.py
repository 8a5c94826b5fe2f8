"""COCO instances: ``{train,val,test}/<series>__t<k>.png`` and ``annotations/instances_{train,val,test}.json``.

Every date of every series is an image, every object on it an annotation: its mask as run lengths, which give the pixels
back without loss (a polygon of COCO could not have holes), its box and area. Beside COCO's keys an image has ``series``
and ``time``, an annotation ``track_id``: the uid, which an object keeps at all dates of a series.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import numpy as np
from scipy.ndimage import find_objects

from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.objects import run_lengths
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.export.source import Source
from changen_cli.export.target import Target
from changen_cli.types import Int32Array, Split, UInt8Array

Entry = dict[str, Any]


class Coco(DatasetLayout):
    """Writes every date as COCO has images with instances."""

    name: ClassVar[str] = "coco"
    summary: ClassVar[str] = "COCO instances: every date an image, every object an annotation; pycocotools, mmdet"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes images and annotations."""
        images: dict[str, list[Entry]] = {split: [] for split in Split}
        annotations: dict[str, list[Entry]] = {split: [] for split in Split}
        classes: set[int] = set(source.class_names)
        for split in Split:
            target.folder(split)
        for sample, dates in source.series():
            for time, (image, mask, instance) in enumerate(zip(sample.image, dates.mask, dates.instance, strict=True)):
                listed, objects = images[sample.split], annotations[sample.split]
                name = f"{sample.id}__t{time}.png"
                target.put(f"{sample.split}/{name}", Picture(image))
                height, width = mask.shape
                number = len(listed) + 1
                listed.append(
                    {
                        "id": number,
                        "file_name": name,
                        "height": height,
                        "width": width,
                        "series": sample.id,
                        "time": time,
                    }
                )
                for entry in describe(mask, instance):
                    objects.append({"id": len(objects) + 1, "image_id": number, **entry})
                    classes.add(entry["category_id"])
        names = source.class_names
        categories = [{"id": number, "name": names.get(number, f"class {number}")} for number in sorted(classes)]
        for split in Split:
            content = {"images": images[split], "annotations": annotations[split], "categories": categories}
            info = {"description": "written by changen export", "url": ""}
            target.write(f"annotations/instances_{split}.json", json.dumps({"info": info, **content}) + "\n")
        return Written("images", {split: len(listed) for split, listed in images.items()})


def describe(mask: UInt8Array, instance: Int32Array) -> list[Entry]:
    """Describes the objects of a date.

    Args:
        mask: Class of each pixel, uint8 [H, W].
        instance: uid or 0, int32 [H, W].

    Returns:
        For each object, by uid, what COCO says of it: ``segmentation`` (run lengths), ``bbox`` (x, y, width and
        height), ``area``, ``category_id``, ``iscrowd``, and ``track_id``.
    """
    uids, numbered = np.unique(instance, return_inverse=True)
    numbered = numbered.reshape(instance.shape) + (0 if uids[0] == 0 else 1)
    found = []
    for number, (where, uid) in enumerate(zip(find_objects(numbered), uids[uids != 0].tolist(), strict=True), 1):
        present = numbered == number
        rows, columns = where
        first = np.flatnonzero(present)[0]
        found.append(
            {
                "segmentation": {"size": list(instance.shape), "counts": run_lengths(present)},
                "bbox": [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start],
                "area": int(np.count_nonzero(present)),
                "category_id": int(mask.flat[first]),
                "iscrowd": 0,
                "track_id": uid,
            }
        )
    return found
