"""Writing a shard and recording it as done: what a worker process calls."""

from __future__ import annotations

from collections.abc import Sequence

from changen_cli.files import noting, write_files
from changen_cli.store.base import Outcome
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
    root = store.root
    with noting() as noted:
        store.write_shard(index, outcomes)
        write_files(root, [(events_path(root, index), events_bytes(outcomes))])
        looks = looks_bytes(outcomes)
        if looks is not None:
            write_files(root, [(looks_path(root, index), looks)])
        conditions = conditions_bytes(outcomes)
        if conditions is not None:
            write_files(root, [(conditions_path(root, index), conditions)])
    files = {path.relative_to(root).as_posix(): found for path, found in noted.items()}
    record = make_record(store.spec, index, outcomes, files)
    write_files(root, [(record_path(root, index), encode_record(record))])
    return record.summary()
