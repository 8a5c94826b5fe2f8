from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.events.base import Shortfall
from changen_cli.files import checksum
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.records import (
    SampleRecord,
    encode_record,
    events_path,
    looks_path,
    make_record,
    read_record,
    record_path,
)
from changen_cli.store.sealed import seal, to_json

EMPTY: dict[str, object] = {
    "scene": None, "tile": None, "variant": None, "split": None, "source": None, "crs": None, "transform": None,
    "changes": {}, "shortfalls": [], "changed_pixels": [], "valid_pixels": 0, "read": "",
}  # fmt: skip


def test_a_sample_is_recorded_with_its_counts(spec: StoreSpec, outcomes: list[Outcome]) -> None:
    record = make_record(spec, 0, outcomes[:2])
    series = outcomes[0].series
    assert series is not None
    assert record.samples[0] == SampleRecord(
        index=0,
        id="kampala__r0_c0",
        status=Status.DONE,
        reason="",
        scene="kampala",
        tile="r0_c0",
        variant=0,
        split="train",
        source="/data/kampala.tif",
        crs=series.crs,
        transform=(0.5, 0.0, 450000.0, 0.0, -0.5, 9990000.0),
        changes={"create": 1, "relocate": 1, "remove": 1},
        shortfalls=(Shortfall(1, "create", 3, 1, "no room for a footprint of 84 px"),),
        changed_pixels=tuple(int(change.sum()) for change in series.changes),
        valid_pixels=24 * 39,
    )
    assert [sample.index for sample in make_record(spec, 1, outcomes[2:4]).samples] == [2, 3]
    with pytest.raises(StoreError, match="shard 3 does not exist"):
        make_record(spec, 3, outcomes[:2])


def test_the_file_has_each_crs_once(spec: StoreSpec, outcomes: list[Outcome]) -> None:
    data = encode_record(make_record(spec, 0, outcomes[:2]))
    values = json.loads(data)
    assert data == to_json(values)
    assert sorted(values) == ["crs", "digest", "files", "samples", "shard"]
    assert [sample["crs"] for sample in values["samples"]] == [0, 0]
    assert values["crs"][0].startswith("PROJCS")
    assert values["samples"][0]["transform"] == [0.5, 0.0, 450000.0, 0.0, -0.5, 9990000.0]
    assert values["samples"][0]["shortfalls"] == [
        {"event": "create", "made": 1, "reason": "no room for a footprint of 84 px", "step": 1, "wanted": 3}
    ]


def test_what_is_not_done_has_empty_fields(spec: StoreSpec, outcomes: list[Outcome]) -> None:
    values = json.loads(encode_record(make_record(spec, 1, outcomes[2:4])))
    assert values["crs"] == []
    assert values["samples"][0] == EMPTY | {
        "index": 2, "id": "kampala__r2_c0", "status": "skipped", "reason": "no valid pixel",
    }  # fmt: skip


def test_a_record_comes_back(
    tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome], make_series: Callable[..., Series]
) -> None:
    plain = make_series(1, crs=None)
    for index, part in enumerate((outcomes[:2], outcomes[2:4], [Outcome(plain.id, Status.DONE, series=plain)])):
        record = make_record(spec, index, part)
        (tmp_path / "record.json").write_bytes(encode_record(record))
        assert read_record(tmp_path / "record.json") == record


def test_samples_share_the_text_of_their_crs(tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(encode_record(make_record(spec, 0, outcomes[:2])))
    first, second = read_record(path).samples
    assert first.crs is second.crs
    assert first.crs is read_record(path).samples[0].crs


def test_a_summary_counts(spec: StoreSpec, outcomes: list[Outcome]) -> None:
    summary = make_record(spec, 0, outcomes[:2]).summary()
    assert (summary.index, summary.statuses, summary.problems) == (0, {"done": 2}, ())
    assert summary.changes == {"create": 2, "relocate": 2, "remove": 2}
    assert summary.shortfalls == {"create": 4}
    summary = make_record(spec, 1, outcomes[2:4]).summary()
    assert summary.statuses == {"failed": 1, "skipped": 1}
    assert summary.problems[0] == ("kampala__r2_c0", "skipped", "no valid pixel")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "finished"}, "sample 1.status: Input should be"),
        ({"valid_pixels": "many"}, "valid_pixels"),
        ({"crs": 7}, "out of range"),
        ({"changes": {"create": None}}, "sample 1.changes.create"),
    ],
)
def test_a_damaged_record_names_the_remedy(
    tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome], values: dict[str, object], words: str
) -> None:
    record = json.loads(encode_record(make_record(spec, 0, outcomes[:2])))
    record["samples"][1] |= values
    path = tmp_path / "000000.json"
    del record["digest"]
    path.write_bytes(seal(record))
    with pytest.raises(StoreError, match=rf"000000\.json: .*{words}.*; run the same command again"):
        read_record(path)


def test_the_files_of_a_shard_sort_as_their_numbers() -> None:
    assert record_path(Path("out"), 7) == Path("out/.changen/shards/000007.json")
    assert events_path(Path("out"), 7) == Path("out/.changen/shards/000007.parquet")
    assert looks_path(Path("out"), 7) == Path("out/.changen/shards/000007.looks.parquet")


def test_a_crs_that_is_empty_is_none(spec: StoreSpec, make_series: Callable[..., Series]) -> None:
    series = replace(make_series(0), crs="")
    (sample,) = make_record(spec, 2, [Outcome(series.id, Status.DONE, series=series)]).samples
    assert sample.crs is None


def test_the_checksums_of_a_shard_come_back(tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    files = {"image/c.0.0.0.0.0": checksum(b"pixels"), ".changen/shards/000000.parquet": checksum(b"changes")}
    path = tmp_path / "000000.json"
    path.write_bytes(encode_record(make_record(spec, 0, outcomes[:2], files)))
    assert read_record(path).files == files


def test_any_flipped_byte_of_a_record_is_noticed(tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    data = encode_record(make_record(spec, 0, outcomes[:2], {"a": checksum(b"1")}))
    path = tmp_path / "000000.json"
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(StoreError, match=r"000000\.json"):
            read_record(path)


def test_records_of_the_first_version_are_read(tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    record = make_record(spec, 0, outcomes[:2])
    values = json.loads(encode_record(record))
    del values["digest"], values["files"]
    path = tmp_path / "000000.json"
    path.write_bytes(to_json(values))
    assert read_record(path) == record
