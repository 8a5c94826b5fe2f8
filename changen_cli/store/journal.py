"""The record of work done: what lets a run resume, and what ends it.

Inside an output, ``.changen`` holds::

    run.json                     the arguments of the run; another run must have the same ones to go on
    lock                         held by the run that is writing
    shards/000007.json           shard 7 is done: the record of each of its samples
    shards/000007.parquet        the changes of shard 7
    shards/000007.looks.parquet  the looks of shard 7, where the synthesizer has looks
    shards/000007.conditions.parquet
                                 what was done to the images of shard 7, where there are conditions
    half-done/                   what of whole scenes is made, to go on from; gone when the run ends
    tmp/                         unfinished files; emptied when a run starts

A shard is committed in this order: its data, its changes, looks and conditions, its record. So a shard is done if and
only if its record is there, and whatever instruction a run is killed at, the next run writes the same bytes.
``manifest.json`` comes last of all: a folder that has one is whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from changen_cli.errors import StoreError
from changen_cli.files import (
    HOME,
    clear_half_done,
    clear_scratch,
    disk_errors,
    make_folder,
    remove_files,
    remove_folder_if_empty,
    write_files,
)
from changen_cli.store.base import AnyOutcome, Outcome, Status, StoreSpec
from changen_cli.store.check import check_shard
from changen_cli.store.formats.base import Format
from changen_cli.store.formats.registry import clear_formats
from changen_cli.store.lock import Lock
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import StoreEntry, write_manifest
from changen_cli.store.records import (
    SampleRecord,
    ShardRecord,
    ShardSummary,
    conditions_path,
    encode_record,
    events_path,
    looks_path,
    make_record,
    read_record,
    record_path,
    to_json,
)
from changen_cli.store.tables.conditions import NAME as CONDITIONS
from changen_cli.store.tables.conditions import conditions_bytes, write_conditions
from changen_cli.store.tables.events import events_bytes, write_events
from changen_cli.store.tables.looks import NAME as LOOKS
from changen_cli.store.tables.looks import looks_bytes, write_looks
from changen_cli.store.tables.samples import write_samples

VERSION = 1
"""Version of the layout of an output, in ``run.json`` and in the manifest."""

_RECORD = re.compile(r"(\d{6,})\.json")
_SHARD_FILE = re.compile(r"\d{6,}\.(?:json|parquet|looks\.parquet|conditions\.parquet)")


def commit_shard(store: Format, index: int, outcomes: Sequence[Outcome]) -> ShardSummary:
    """Writes a shard and records it as done; what a worker process calls.

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
    store.write_shard(index, outcomes)
    return record_shard(store.root, store.spec, index, outcomes)


def record_shard(root: Path, spec: StoreSpec, index: int, outcomes: Sequence[AnyOutcome]) -> ShardSummary:
    """Records a shard as done whose data are written.

    Args:
        root: The output.
        spec: The shape of the store.
        index: Which shard.
        outcomes: Its samples, in order; checked.

    Returns:
        The counts of the shard.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    write_files(root, [(events_path(root, index), events_bytes(outcomes))])
    looks = looks_bytes(outcomes)
    if looks is not None:
        write_files(root, [(looks_path(root, index), looks)])
    conditions = conditions_bytes(outcomes)
    if conditions is not None:
        write_files(root, [(conditions_path(root, index), conditions)])
    record = make_record(spec, index, outcomes)
    write_files(root, [(record_path(root, index), encode_record(record))])
    return record.summary()


def finish_run(store: Format, journal: Journal, manifest: Mapping[str, object]) -> None:
    """Writes everything that needs all shards, and the manifest last.

    Args:
        store: The store, in its format.
        journal: Its journal, open, with every shard done.
        manifest: What the manifest is to say (arguments, seed, versions, weights, counts, licences), JSON values that
            are the same whenever the same run is run. The key ``store`` is added: what a reader must know.

    Raises:
        StoreError: If a shard is missing, or the disk is full or not writable.
    """
    spec, root = store.spec, store.root
    missing = sorted(set(range(spec.shards)) - journal.done())
    if missing:
        raise StoreError(
            f"{root} is not complete: {len(missing)} of {spec.shards} shards are missing, the first is {missing[0]}; "
            "run the same command again: it goes on where it stopped"
        )
    store.finish(list(journal.samples()))
    georeferenced = write_samples(root, spec, journal.samples())
    shards = [events_path(root, index) for index in range(spec.shards)]
    write_events(root, shards, georeferenced=georeferenced)
    with_series = [summary.index for summary in journal.summaries() if summary.statuses.get(Status.DONE)]
    look_dim = write_looks(root, [looks_path(root, index) for index in with_series])
    conditions = write_conditions(root, [conditions_path(root, index) for index in with_series])
    about: StoreEntry = {
        "format": store.name,
        "version": VERSION,
        "samples": spec.samples,
        "steps": spec.steps,
        "height": spec.height,
        "width": spec.width,
        "shard_samples": spec.shard_samples,
    }
    if look_dim:
        about["look_dim"] = look_dim
    if conditions:
        about["conditions"] = True
    clear_half_done(root)
    clear_scratch(root)
    write_manifest(root, {**manifest, "store": about})
    clear_scratch(root)


class Journal:
    """The journal of one output.

    Use it as a context manager, or call :meth:`close`: until then no other run can open the output.

    Attributes:
        root: The output folder.
    """

    def __init__(self, root: Path | str) -> None:
        """Names the folder; nothing is read or written yet."""
        self.root = Path(root)
        self._home = self.root / HOME
        self._lock = Lock(self._home / "lock")

    def open(self, fingerprint: Mapping[str, object], *, overwrite: bool = False) -> bool:
        """Makes an output, or goes on with one.

        Args:
            fingerprint: The arguments that decide what the output becomes, JSON values; not those that decide only
                how fast (workers, batch size, device).
            overwrite: Start again: delete what changen wrote into the folder, and only that.

        Returns:
            True if there was an output of the same arguments, which this run continues.

        Raises:
            StoreError: If the folder holds anything that is not an output of changen, or an output of other arguments
                and ``overwrite`` is not given, or another run is writing it, or it cannot be written.
        """
        wanted: dict[str, object] = json.loads(to_json({"version": VERSION, "arguments": fingerprint}))
        self._refuse_foreign_folder()
        make_folder(self._home)
        self._lock.acquire()
        try:
            clear_scratch(self.root)
            if overwrite:
                self._clear()
            found = self._run()
            if found is not None:
                self._compare(found, wanted)
            make_folder(self._home / "shards")
            if found is None:
                write_files(self.root, [(self._home / "run.json", to_json(wanted))])
        except BaseException:
            self.close()
            raise
        return found is not None

    def close(self) -> None:
        """Lets other runs open the output."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def done(self) -> set[int]:
        """Returns the shards that need not be written again.

        Raises:
            StoreError: If the folder cannot be read.
        """
        folder = self._home / "shards"
        with disk_errors(folder):
            names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return {int(match[1]) for name in names if (match := _RECORD.fullmatch(name))}

    def records(self) -> Iterator[ShardRecord]:
        """Yields the record of every shard that is done, in order.

        Raises:
            StoreError: If one is damaged; the message tells how to have its shard written again.
        """
        for index in sorted(self.done()):
            yield read_record(record_path(self.root, index))

    def summaries(self) -> Iterator[ShardSummary]:
        """Yields the counts of every shard that is done, in order; for counting after a resume.

        Raises:
            StoreError: As :meth:`records`.
        """
        for record in self.records():
            yield record.summary()

    def samples(self) -> Iterator[SampleRecord]:
        """Yields the record of every sample of the shards that are done, in order.

        Raises:
            StoreError: As :meth:`records`.
        """
        for record in self.records():
            yield from record.samples

    def _refuse_foreign_folder(self) -> None:
        """Refuses a folder that holds something and is no output of changen."""
        with disk_errors(self.root):
            if self._home.is_dir() or not self.root.exists():
                return
            if not self.root.is_dir():
                raise StoreError(f"{self.root} is a file; choose another --output")
            foreign = sorted(path.name for path in self.root.iterdir())
        if foreign:
            raise StoreError(
                f"{self.root} holds {foreign[0]} and was not written by changen; it is left as it is "
                "(--overwrite does not touch it either): choose another --output or empty it yourself"
            )

    def _run(self) -> dict[str, object] | None:
        """Reads ``run.json``; None if no run got so far as to write it."""
        path = self._home / "run.json"
        if not path.exists():
            return None
        try:
            run = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise StoreError(
                f"cannot read {path}: {error}; use --overwrite to start again, or another --output"
            ) from error
        if not isinstance(run, dict):
            raise StoreError(f"{path} is damaged; use --overwrite to start again, or another --output")
        return run

    def _compare(self, found: Mapping[str, object], wanted: Mapping[str, object]) -> None:
        """Refuses to go on with other arguments."""
        old, new = _flatten(found), _flatten(wanted)
        names = [name for name in sorted(old | new) if old.get(name) != new.get(name)]
        if names:
            differences = "; ".join(
                f"{name.removeprefix('arguments.')} was {old.get(name, 'not set')}, is now {new.get(name, 'not set')}"
                for name in names[:5]
            )
            more = f"; and {len(names) - 5} more" if len(names) > 5 else ""
            raise StoreError(
                f"{self.root} was made with other arguments: {differences}{more}; "
                "use --overwrite to start again, or choose another --output"
            )

    def _clear(self) -> None:
        """Deletes what changen wrote; the manifest and the records first, so that nothing looks done that is gone."""
        remove_files([self.root / MANIFEST])
        shards = self._home / "shards"
        with disk_errors(shards):
            files = [path for path in shards.iterdir() if _SHARD_FILE.fullmatch(path.name)] if shards.is_dir() else []
        remove_files(sorted(files, key=lambda path: (not _RECORD.fullmatch(path.name), path.name)))
        remove_folder_if_empty(shards)
        clear_formats(self.root)
        clear_half_done(self.root)
        tables = [self.root / name for name in ("samples.parquet", "events.parquet", LOOKS, CONDITIONS)]
        remove_files([*tables, self._home / "run.json"])


def _flatten(value: object, name: str = "") -> dict[str, str]:
    """Returns the leaves of nested JSON objects by dotted name, each as short JSON text."""
    if isinstance(value, dict) and value:
        leaves: dict[str, str] = {}
        for key, inner in value.items():
            leaves |= _flatten(inner, f"{name}.{key}" if name else str(key))
        return leaves
    return {name: json.dumps(value, ensure_ascii=False, sort_keys=True)}
