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

from changen_cli.events.base import Change, Shortfall
from changen_cli.metrics.base import RealImage
from changen_cli.metrics.change.occurrences import EVENTS, EventStatistics, read_shortfalls
from changen_cli.metrics.pairs import Pair
from changen_cli.scenes.layout import Footprint
from changen_cli.store.base import Status
from changen_cli.store.records import SampleRecord, ShardRecord, encode_record, record_path

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


def _statistics(make_pair: Make, root: Path, manifest: dict[str, Any] | None = None) -> EventStatistics:
    statistics = EventStatistics(_manifest() if manifest is None else manifest, root)
    steps = [("create",), ("create", "remove"), ("create", "create", "create"), ()]
    for number, events in enumerate(steps):
        changes = tuple(_change(event, 4 + number) for event in events)
        statistics.see_pair(replace(make_pair(number), changes=changes))
    return statistics


def test_counts_against_the_request(make_pair: Make, tmp_path: Path) -> None:
    found = _statistics(make_pair, tmp_path).compute()
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
    statistics = _statistics(make_pair, tmp_path)
    image = np.zeros((3, 8, 8), np.uint8)
    statistics.see_real(RealImage("tile", image, (10.0, 20.0, 30.0)), "real")
    sizes = statistics.compute()["sizes"]
    assert sizes["created"]["count"] == 5
    assert sizes["created"]["quantiles"]["50%"] == pytest.approx(np.median([16, 25, 36, 36, 36]))
    assert sizes["reference"] == {
        "count": 3,
        "quantiles": {"5%": 11, "25%": 15, "50%": 20, "75%": 25, "95%": 29},
    }
    assert sizes["series"] == {"count": 0, "quantiles": None}
    statistics.see_real(RealImage("tile", image, (7.0,)), "pre_event")
    assert statistics.compute()["sizes"]["series"]["count"] == 1


def test_a_manifest_that_tells_nothing(make_pair: Make, tmp_path: Path) -> None:
    found = _statistics(make_pair, tmp_path, {}).compute()
    assert found["changes"]["create"]["requested"] is None
    assert found["per_step"]["requested"] is None
    assert found["per_step"]["below"] is None
    assert found["shortfalls"] == []


def _record(folder: Path, number: int, shortfalls: list[tuple[str, int, int, str]]) -> None:
    short = tuple(Shortfall(1, *values) for values in shortfalls)
    sample = SampleRecord(number, f"r{number}_c0", Status.DONE, "", shortfalls=short)
    path = record_path(folder, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_record(ShardRecord(number, (sample,))))


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


def test_a_real_run(generate_series: Callable[..., Path], tmp_path: Path) -> None:
    root = generate_series("zarr")
    manifest = json.loads((root / "manifest.json").read_text())
    _, known = read_shortfalls(root, manifest)
    assert known
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".changen"))
    _, known = read_shortfalls(copy, manifest)
    assert not known


def test_declaration_reads_its_own_result(make_pair: Make, tmp_path: Path) -> None:
    found = _statistics(make_pair, tmp_path).compute()
    lines = {line.title: line for line in EVENTS.lines(EVENTS, found)}
    assert lines["event create"].detail == "83.3% of the changes, 75.0% requested"
    assert lines["changes a step"].value == "1.50"
    assert "1 below, 1 above" in lines["changes a step"].detail
    assert lines["changed pixels"].value == "9.8%"
    assert lines["size, created"].value == "36 px²"
    assert "size, real, S_0" not in lines
    assert lines["short of create"].detail == "changes not made: reasons are not with this copy"
    charts = EVENTS.charts(found)
    assert [len(chart.bars) for chart in charts] == [2, 4, 5]
    assert [(bar.value, bar.behind) for bar in charts[1].bars] == [(0.25, 0.0), (0.25, 0.5), (0.25, 0.5), (0.25, 0.0)]
    assert charts[2].bars[-1].value == 1


def test_nothing_happened_and_nothing_is_drawn(tmp_path: Path) -> None:
    found = EventStatistics({}, tmp_path).compute()
    assert EVENTS.charts(found) == []
    assert [line.value for line in EVENTS.lines(EVENTS, found)] == ["-", "-"]
