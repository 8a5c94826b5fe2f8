"""xView2 / xBD: ``{train,tier3,test,hold}/{images,labels,targets}``, a file before and one after the disaster.

``images/<name>_{pre,post}_disaster.png``, ``labels/<name>_{pre,post}_disaster.json`` and
``targets/<name>_{pre,post}_disaster_target.png``, where a name is the id of the pair and its number, of eight digits as
in xBD. The series of val are in ``hold``; ``tier3`` is empty, but there. Our own reader refuses a tree with an empty
split, as one that was half unpacked: name the splits that have pairs (``--input xview2/train``).

A target before is 1 on buildings. After, it is 1 ("no-damage") on what stands, and 4 ("destroyed") where something
stood and nothing does: torchgeo ``XView2`` takes post - pre and cuts it at 0, so a removed building that were 0 after
would vanish. It so reads 1 for what was built, 3 for what was removed, and 0 for all else. Labels have the same
objects as WKT, in pixels and, where there is a georeference, in degrees, from which our own reader fits it again.

What the event ``damage`` did to a building holds for all of it, as in xBD, whose outlines are those of before: a
destroyed one is 4 like one that was removed, one of which a part stands is 3 ("major-damage"), with the outline that it
had. Of classes other than 1 xBD has none; they are buildings here too, so leave them out of what is exported so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.events.base import Change
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.objects import outlines
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.export.source import Dates, Pair, Source
from changen_cli.export.target import Target
from changen_cli.export.trees import no_names
from changen_cli.store.tables.geography import to_lonlat
from changen_cli.types import Int32Array, Split, UInt8Array

FOLDERS = {Split.TRAIN: "train", Split.VAL: "hold", Split.TEST: "test"}
"""Where each split lies."""

STANDING, MAJOR, DESTROYED = 1, 3, 4
"""Values of targets: "no-damage", "major-damage" and "destroyed"."""

SUBTYPES = {STANDING: "no-damage", MAJOR: "major-damage", DESTROYED: "destroyed"}
"""What labels call them."""

_Objects = list[tuple[str, str | None, Polygon | MultiPolygon]]
"""uid, subtype (None before the disaster) and outline in pixels."""


class XView2(DatasetLayout):
    """Writes pairs as xView2 has them."""

    name: ClassVar[str] = "xview2"
    summary: ClassVar[str] = "xView2 / xBD: images, labels and targets, pre and post; torchgeo XView2, changen"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes all four folders."""
        names = no_names()
        for folder in (*FOLDERS.values(), "tier3"):
            for kind in ("images", "labels", "targets"):
                target.folder(f"{folder}/{kind}")
        for number, (pair, dates) in enumerate(source.pairs_with_dates()):
            folder = FOLDERS[Split(pair.split)]
            for picture, values, objects, when in zip(
                (pair.before, pair.after),
                targets(dates, broken(pair.changes)),
                _objects(pair, dates),
                ("pre", "post"),
                strict=True,
            ):
                name = f"{pair.id}_{number:08d}_{when}_disaster"
                target.put(f"{folder}/images/{name}.png", picture)
                target.put(f"{folder}/targets/{name}_target.png", Picture(values[None]))
                target.write(f"{folder}/labels/{name}.json", _label(pair, objects, f"{name}.png"))
            names[pair.split].append(pair.id)
        return Written("pairs", {FOLDERS[Split(split)]: len(listed) for split, listed in names.items()})


def broken(changes: Sequence[Change]) -> list[int]:
    """Lists the uids of objects of which the event ``damage`` left a part, and which stand at the end of the pair.

    Args:
        changes: Of the pair, in their order.
    """
    uids = {c.after.uid for c in changes if c.event == "damage" and c.before is not None and c.after is not None}
    gone = {c.before.uid for c in changes if c.before is not None and c.after is None}
    return sorted(uids - gone)


def targets(dates: Dates, broken: Sequence[int] = ()) -> tuple[UInt8Array, UInt8Array]:
    """Returns the targets of both dates, uint8 [H, W].

    Args:
        dates: The masks and objects.
        broken: uids of objects with major damage.
    """
    before, after = dates.mask != 0
    post = np.where(after, STANDING, np.where(before, DESTROYED, 0)).astype(np.uint8)
    post[_hurt(dates, broken) != 0] = MAJOR
    return before.astype(np.uint8), post


def _hurt(dates: Dates, broken: Sequence[int]) -> Int32Array:
    """Returns where broken objects stood that nothing else stands on now, uid or 0, int32 [H, W]."""
    before, after = dates.instance
    there = np.isin(before, broken) & ((after == 0) | (after == before))
    return np.where(there, before, 0).astype(np.int32)


def _objects(pair: Pair, dates: Dates) -> tuple[_Objects, _Objects]:
    """Returns the objects of both labels; they cover just what the targets say."""
    before, after = dates.instance
    hurt = _hurt(dates, broken(pair.changes))
    after = np.where(hurt != 0, 0, after).astype(np.int32)
    gone = np.where((after == 0) & (before != 0) & (hurt == 0), before, 0).astype(np.int32)
    pre: _Objects = [(f"{pair.sample}-{uid}", None, shape) for uid, shape in outlines(before).items()]
    post: _Objects = [(f"{pair.sample}-{uid}", SUBTYPES[STANDING], shape) for uid, shape in outlines(after).items()]
    post += [(f"{pair.sample}-{uid}", SUBTYPES[MAJOR], shape) for uid, shape in outlines(hurt).items()]
    standing = {uid for uid, _, _ in post}
    for number, shape in outlines(gone).items():
        uid = f"{pair.sample}-{number}"
        # an object that moved or shrank stands, and where it stood is destroyed: a uid of its own for that ground
        post.append((f"{uid}-left" if uid in standing else uid, SUBTYPES[DESTROYED], shape))
    return pre, post


def _label(pair: Pair, objects: _Objects, image: str) -> str:
    """Makes a label file."""
    height, width = pair.before.size
    shapes = [shape for _, _, shape in objects]
    places = to_lonlat(shapes, [(pair.transform, pair.crs)] * len(shapes))
    features: dict[str, list[object]] = {"lng_lat": [], "xy": []}
    for (uid, subtype, shape), place in zip(objects, places, strict=True):
        properties = {"feature_type": "building", "uid": uid} | ({} if subtype is None else {"subtype": subtype})
        features["xy"].append({"properties": properties, "wkt": shape.wkt})
        if place is not None:
            features["lng_lat"].append({"properties": properties, "wkt": place.wkt})
    metadata = {
        "disaster": "changen",
        "disaster_type": "simulated",
        "height": height,
        "width": width,
        "original_height": height,
        "original_width": width,
        "img_name": image,
    }
    return json.dumps({"features": features, "metadata": metadata}) + "\n"
