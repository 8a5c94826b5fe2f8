from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli import files
from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.commit import commit_shard
from changen_cli.store.ends import read_ends
from changen_cli.store.finish import finish_run
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal

Run = Callable[..., None]


def test_a_run_is_not_finished_before_all_shards_are(tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    writer = make_format("zarr", tmp_path, spec)
    with Journal(tmp_path) as journal:
        journal.open({})
        writer.create()
        commit_shard(writer, 1, outcomes[2:4])
        with pytest.raises(StoreError, match="2 of 3 shards are missing, the first is 0"):
            finish_run(writer, journal, {})


def test_nothing_is_left_unfinished(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    run_store("geotiff", tmp_path, spec, outcomes)
    assert not files.scratch_folder(tmp_path).exists()


def test_tables_metadata_and_manifest_have_checksums(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_conditions: list[Outcome]
) -> None:
    run_store("zarr", tmp_path, spec, with_conditions)
    ends = read_ends(tmp_path)
    tables = {"events.parquet", "samples.parquet", "conditions.parquet"}
    assert tables | {"manifest.json", "zarr.json", "image/zarr.json", ".changen/run.json", "id/c.0"} <= ends.keys()
    for name, wanted in ends.items():
        assert files.checksum_file(tmp_path / name) == wanted, name
