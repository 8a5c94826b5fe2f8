"""The event ``damage``: from its option to the labels of xView2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely
from PIL import Image

from changen_cli import open_series
from tests.commands import Changen

Town = Callable[..., Path]


def test_from_the_option_to_the_labels_of_xview2(
    generate: Changen, changen: Changen, town: Town, tmp_path: Path
) -> None:
    town(tmp_path / "in", size=(256, 256))
    words = ("--events", "damage", "--event-option", "damage.level=destroyed:major", "--changes-per-step", "8")
    done = generate("-i", tmp_path / "in", "-o", tmp_path / "out", "--tile-size", "256", *words)
    assert done.code == 0, done.err
    (series,) = open_series(tmp_path / "out")
    assert {c.event for c in series.changes} == {"damage"}
    major = {c.before.uid: c.before for c in series.changes if c.before and c.after}
    destroyed = {c.before.uid: c.before for c in series.changes if c.before and not c.after}
    assert len(major) + len(destroyed) == 8
    assert major
    assert destroyed
    assert changen("export", tmp_path / "out", "--layout", "xview2", "-o", tmp_path / "xview2").code == 0
    (label,) = (tmp_path / "xview2").glob("*/labels/*_post_disaster.json")
    found: dict[str, dict[int, shapely.Geometry]] = {}
    for feature in json.loads(label.read_text())["features"]["xy"]:
        properties = feature["properties"]
        uid = int(properties["uid"].rpartition("-")[2])
        found.setdefault(properties["subtype"], {})[uid] = shapely.from_wkt(feature["wkt"])
    assert set(found) == {"no-damage", "major-damage", "destroyed"}
    assert set(found["major-damage"]) == set(major)
    assert set(found["destroyed"]) == set(destroyed)
    assert not set(found["no-damage"]) & {*major, *destroyed}
    for uid, before in major.items():  # the whole building, of which a part stands
        assert abs(shapely.area(found["major-damage"][uid]) - before.polygon.area) < 0.15 * before.polygon.area
    (target,) = (tmp_path / "xview2").glob("*/targets/*_post_disaster_target.png")
    with Image.open(target) as opened:
        values = np.asarray(opened)
    assert series.instance is not None
    for uids, value in ((major, 3), (destroyed, 4)):
        where = np.isin(series.instance[0], list(uids))
        assert (values[where] == value).all()
        assert (values == value).sum() == where.sum()
