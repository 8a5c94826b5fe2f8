from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import box

from changen_cli.events.base import Change
from changen_cli.metrics.change.occurrences import EventStatistics, read_shortfalls
from changen_cli.metrics.change.pairs import Pair
from changen_cli.scenes.layout import Footprint

Make = Callable[..., Pair]


def _change(event: str, side: float = 4) -> Change:
    footprint = Footprint(1, box(0, 0, side, side))
    return Change(event, 1, None if event == "create" else footprint, None if event == "remove" else footprint)


def _manifest(low: int = 1, high: int = 2) -> dict[str, Any]:
    events = [{"name": "create", "weight": 3.0}, {"name": "remove", "weight": 1.0}]
    return {
        "arguments": {"schedule": {"events": events, "changes_per_step": [low, high]}},
        "counts": {"shortfalls": {"create": 7}},
    }


def _statistics(make_pair: Make) -> EventStatistics:
    statistics = EventStatistics()
    steps = [("create",), ("create", "remove"), ("create", "create", "create"), ()]
    for number, events in enumerate(steps):
        changes = tuple(_change(event, 4 + number) for event in events)
        statistics.update(replace(make_pair(number), changes=changes))
    return statistics


def test_counts_against_the_request(make_pair: Make, tmp_path: Path) -> None:
    found = _statistics(make_pair).compute(_manifest(), tmp_path)
    assert found["changes"] == {
        "create": {"count": 5, "share": pytest.approx(5 / 6), "requested": 0.75},
        "remove": {"count": 1, "share": pytest.approx(1 / 6), "requested": 0.25},
    }
    assert found["per_step"] == {
        "requested": [1, 2],
        "histogram": {"0": 1, "1": 1, "2": 1, "3": 1},
        "below": 1,
        "above": 1,
    }
    assert found["changed_pixels"] == pytest.approx(900 / 96**2)


def test_sizes(make_pair: Make, tmp_path: Path) -> None:
    statistics = _statistics(make_pair)
    statistics.update_sizes("reference", "tile", [10.0, 20.0, 30.0])
    sizes = statistics.compute(_manifest(), tmp_path)["sizes"]
    assert sizes["created"]["count"] == 5
    assert sizes["created"]["quantiles"]["50%"] == pytest.approx(np.median([16, 25, 36, 36, 36]))
    assert sizes["reference"] == {
        "count": 3,
        "quantiles": {"5%": 11, "25%": 15, "50%": 20, "75%": 25, "95%": 29},
    }
    assert sizes["series"] == {"count": 0, "quantiles": None}


def test_a_manifest_that_tells_nothing(make_pair: Make, tmp_path: Path) -> None:
    found = _statistics(make_pair).compute({}, tmp_path)
    assert found["changes"]["create"]["requested"] is None
    assert found["per_step"]["requested"] is None
    assert found["per_step"]["below"] is None
    assert found["shortfalls"] == []


def _record(folder: Path, number: int, shortfalls: list[tuple[str, int, int, str]]) -> None:
    keys = ("event", "wanted", "made", "reason")
    samples = [{"crs": None, "shortfalls": [dict(zip(keys, short, strict=True)) for short in shortfalls]}]
    shards = folder / ".changen" / "shards"
    shards.mkdir(parents=True, exist_ok=True)
    (shards / f"{number:06d}.json").write_text(json.dumps({"shard": number, "crs": [], "samples": samples}))


def test_shortfalls_by_reason(tmp_path: Path) -> None:
    _record(tmp_path, 0, [("create", 3, 1, "no room for a footprint of 84 px"), ("remove", 1, 0, "nothing there")])
    _record(tmp_path, 1, [("create", 2, 0, "no room for a footprint of 9.5 px")])
    found, known = read_shortfalls(tmp_path, _manifest())
    assert known
    assert found == [
        {
            "event": "create",
            "reason": "no room for a footprint of N px",
            "missing": 4,
            "wanted": 5,
            "made": 1,
            "times": 2,
        },
        {"event": "remove", "reason": "nothing there", "missing": 1, "wanted": 1, "made": 0, "times": 1},
    ]


def test_without_records_only_the_counts_are_left(tmp_path: Path) -> None:
    assert read_shortfalls(tmp_path, _manifest()) == ([{"event": "create", "reason": None, "missing": 7}], False)


def test_a_real_run(make_series: Callable[..., Path], tmp_path: Path) -> None:
    root = make_series("zarr")
    manifest = json.loads((root / "manifest.json").read_text())
    _, known = read_shortfalls(root, manifest)
    assert known
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".changen"))
    _, known = read_shortfalls(copy, manifest)
    assert not known
