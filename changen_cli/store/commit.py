"""Writing a shard and recording it as done: what a worker process calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from changen_cli.files import Checksums, noting, write_files
from changen_cli.store.base import AnyOutcome, Outcome, StoreSpec
from changen_cli.store.check import check_shard
from changen_cli.store.formats.base import Format
from changen_cli.store.records import (
    ShardSummary,
    conditions_path,
    encode_record,
    events_path,
    looks_path,
    make_record,
    record_path,
)
from changen_cli.store.tables.conditions import conditions_bytes
from changen_cli.store.tables.events import events_bytes
from changen_cli.store.tables.looks import looks_bytes
from changen_cli.tracing import span


def commit_shard(store: Format, index: int, outcomes: Sequence[Outcome]) -> ShardSummary:
    """Writes a shard and records it as done, with the checksum of every file of it.

    Args:
        store: The store, in its format.
        index: Which shard.
        outcomes: Its samples, in order; one for each sample of the shard.

    Returns:
        The counts of the shard.

    Raises:
        StoreError: If the outcomes do not fit the store, or the disk is full or not writable. The shard is then not
            done, and the same run, run again, writes it anew.
    """
    check_shard(store.spec, index, outcomes)
    with noting() as noted, span("write", shard=index):
        store.write_shard(index, outcomes)
    with span("commit", shard=index):
        return record_shard(store.root, store.spec, index, outcomes, noted)


def record_shard(
    root: Path, spec: StoreSpec, index: int, outcomes: Sequence[AnyOutcome], data: Checksums
) -> ShardSummary:
    """Records a shard as done whose data are written.

    Args:
        root: The output.
        spec: The shape of the store.
        index: Which shard.
        outcomes: Its samples, in order; checked.
        data: Checksums of the files of its data.

    Returns:
        The counts of the shard.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    with noting() as noted:
        write_files(root, [(events_path(root, index), events_bytes(outcomes))])
        looks = looks_bytes(outcomes)
        if looks is not None:
            write_files(root, [(looks_path(root, index), looks)])
        conditions = conditions_bytes(outcomes)
        if conditions is not None:
            write_files(root, [(conditions_path(root, index), conditions)])
    files = {path.relative_to(root).as_posix(): found for path, found in (data | noted).items()}
    record = make_record(spec, index, outcomes, files)
    write_files(root, [(record_path(root, index), encode_record(record))])
    return record.summary()
