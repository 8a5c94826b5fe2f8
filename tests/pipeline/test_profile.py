"""``--profile``: a trace that viewers read, from which it is seen that stages overlap."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from changen_cli.errors import StoreError, UsageError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.profile import as_chrome, profiling
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.copy import CopySynthesizer
from changen_cli.tracing import Span, Trace

MakeOptions = Callable[..., GenerateOptions]
Event = dict[str, Any]
STAGES = {"read", "simulate", "draw", "transfer", "synthesise", "write", "commit"}


class Slow(CopySynthesizer):
    """Takes its time, as a generator does, and no processor."""

    def synthesize(self, batch: Batch) -> Tensor:
        time.sleep(0.2)
        return super().synthesize(batch)


def traced(options: MakeOptions, path: Path, **changes: object) -> list[Event]:
    generate(options(synthesizer="copy", profile=str(path), shard_samples=1, **changes))
    events: list[Event] = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    return events


def overlapping(events: list[Event], name: str) -> int:
    """Counts the spans of a stage during which something is synthesised, in whatever process."""
    spans = [(e["ts"], e["ts"] + e["dur"], e["name"]) for e in events if e["ph"] == "X"]
    busy = [(begin, end) for begin, end, what in spans if what == "synthesise"]
    return sum(any(b < end and begin < e for b, e in busy) for begin, end, what in spans if what == name)


def test_every_stage_of_a_run_without_workers_is_there_and_nothing_overlaps(
    options: MakeOptions, tmp_path: Path
) -> None:
    events = traced(options, tmp_path / "trace.json", workers=0)
    complete = [event for event in events if event["ph"] == "X"]
    assert {event["name"] for event in complete} == STAGES
    assert {event["pid"] for event in complete} == {os.getpid()}
    assert all(event["ts"] >= 0 and event["dur"] >= 0 for event in complete)
    assert [event["args"] for event in events if event["ph"] == "M"] == [{"name": "changen"}]
    assert [overlapping(events, name) for name in ("read", "write", "commit")] == [0, 0, 0]


def test_preparing_and_writing_overlap_with_synthesising(
    options: MakeOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "changen_cli.pipeline.run.load_synthesizer", lambda *given: Slow(SynthesizerSettings(None, "cpu", "fp32"))
    )
    events = traced(options, tmp_path / "trace.json", workers=1)
    complete = [event for event in events if event["ph"] == "X"]
    assert {event["name"] for event in complete} == STAGES | {"wait"}
    assert {event["pid"] for event in complete if event["name"] == "synthesise"} == {os.getpid()}
    writers = {event["pid"] for event in complete if event["name"] == "write"}
    assert len(writers) == 1
    assert os.getpid() not in writers
    assert overlapping(events, "write") > 1
    assert overlapping(events, "read") > 1
    queued = [event for event in events if event["ph"] in "be"]
    assert {event["name"] for event in queued} == {"queue wait"}
    assert [e["ph"] for e in sorted(queued, key=lambda e: (e["id"], e["ts"]))] == ["b", "e"] * (len(queued) // 2)


def test_the_output_is_the_same(options: MakeOptions, tmp_path: Path) -> None:
    found = []
    for name, profile in (("plain", None), ("traced", str(tmp_path / "trace.json"))):
        generate(options(synthesizer="copy", workers=0, output=str(tmp_path / name), profile=profile))
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file() and path.name != "manifest.json")
        data = {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        found.append({path: value for path, value in data.items() if path.name not in ("files.json", "run.json")})
    assert found[0] == found[1]


def test_a_file_that_cannot_be_written_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="file"), profiling(str(tmp_path / "file" / "trace.json")):
        raise AssertionError("the run has started")


def test_a_run_that_fails_leaves_its_trace(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), profiling(str(tmp_path / "trace.json")):
        raise RuntimeError
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"] == []


def test_times_are_microseconds_from_the_first_span() -> None:
    trace = Trace(most=2)
    trace.add(Span("read", 5_000_000 + k, 5_002_000 + k, 12, 13, {"tile": "a"}) for k in range(3))
    made = json.loads(as_chrome(trace))
    assert made["otherData"] == {"dropped spans": 1}
    assert made["traceEvents"][0]["args"] == {"name": "worker"}
    assert made["traceEvents"][1] == {
        "name": "read", "cat": "stage", "ph": "X", "ts": 0, "dur": 2, "pid": 12, "tid": 13, "args": {"tile": "a"},
    }  # fmt: skip


def test_a_mosaic_is_not_traced(options: MakeOptions) -> None:
    with pytest.raises(UsageError, match="--profile with --mosaic"):
        options(mosaic=True, profile="trace.json", tile_size=256, overlap=64)
