"""benchmarks/feed_rate.py: every stage is measured once, and the page holds the whole against the limit."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import feed_rate
import pytest
from feed_page import STAGES, Figure, limit, write_page


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_the_least_of_the_rounds_counts_and_making_ready_does_not() -> None:
    turns = iter([0.3, 0.02, 0.3])

    def make() -> Any:
        spin(0.2)
        seconds = next(turns)
        return lambda: spin(seconds)

    processor, wall = feed_rate.least(3, make)
    assert processor == pytest.approx(0.02, abs=0.05)
    assert wall >= 0.02


def test_all_of_a_small_plan_is_measured(tmp_path: Path, capsys: Any) -> None:
    words = ["--side", "256", "--tile-sizes", "64", "--steps", "1", "--workers", "0", "--rounds", "1"]
    feed_rate.main([*words, "--json", str(tmp_path / "feed.json"), "--folder", str(tmp_path / "work")])
    kept = json.loads((tmp_path / "feed.json").read_text())
    figures = [Figure(**figure) for figure in kept["figures"]]
    of_formats = [f"{stage} {name}" for name in feed_rate.FORMATS for stage in ("write", "checksums", "plain write")]
    ends = [f"{stage} {name}" for name in feed_rate.FORMATS for stage in ("whole", "start")]
    stages = [f"{figure.stage} {figure.format}".strip() for figure in figures]
    assert stages == ["read", "events", "draw", "prepare", "plain read", *of_formats, *ends]
    assert all(figure.processor > 0 for figure in figures if figure.stage != "start")
    assert {figure.steps for figure in figures if figure.stage in ("read", "events", "draw")} == {16}
    assert "| levir | 0 |" in capsys.readouterr().out


@pytest.mark.parametrize("side", [300, 64])
def test_a_scene_that_is_no_whole_number_of_tiles_is_refused(side: int, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        feed_rate.main(["--side", str(side), "--tile-sizes", "64"])
    assert "multiple of every tile size" in capsys.readouterr().err


def test_the_page_says_how_near_the_limit_is() -> None:
    def figure(stage: str, seconds: float, name: str = "", workers: int | None = None, steps: int = 100) -> Figure:
        return Figure(stage, 256, name, workers, steps, seconds, seconds)

    figures = [
        *(figure(stage, 1.0) for stage in STAGES if stage not in ("write", "checksums")),
        figure("plain read", 1.0), figure("plain write", 3.0, "zarr"), figure("write", 1.0, "zarr"),
        figure("whole", 5.0, "zarr", 0), figure("start", 0.5, "zarr", 0, 0),
        figure("whole", 8.0, "zarr", 1), figure("start", 2.5, "zarr", 1, 0),
    ]  # fmt: skip
    assert limit(figures, 256, "zarr") == pytest.approx(25)
    assert limit(figures, 256, "zarr", "write") == pytest.approx(50)
    machine = {"processor": "a processor", "cores": 2, "load": 1.0}
    what = {"side": 512, "steps": 3, "rounds": 1, "tile_sizes": [256], "formats": ["zarr"]}
    page = write_page(figures, {"machine": machine, "commit": "c0ffee", "what": what})
    assert "| zarr | 0 | 20 | 25 | 80% | 40% | 100% | 0.5 | 20 |" in page
    assert "| zarr | 1 | 12 | 25 | 50% | 25% | 62% | 2.5 | 12 |" in page
    assert "| limit: plain writes | zarr | 33 | 30.00 |" in page
