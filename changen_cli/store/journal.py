"""The record of work done: what lets a run resume, and what ends it.

Inside an output, ``.changen`` holds::

    run.json                     the arguments of the run; another run must have the same ones to go on
    lock                         held by the run that is writing; more locks where it is divided among workers, see
                                 :mod:`changen_cli.store.holding`
    plan.json                    what will be made, and among how many workers, while the run is not finished
    shards/000007.json           shard 7 is done: the record of each of its samples, the checksum of each of its files
    shards/000007.parquet        the changes of shard 7
    shards/000007.looks.parquet  the looks of shard 7, where the synthesizer has looks
    shards/000007.conditions.parquet
                                 what was done to the images of shard 7, where there are conditions
    half-done/                   what of whole scenes is made, to go on from; gone when the run ends
    files.json                   the checksums of all other files; written before the manifest
    inputs.json                  sizes and dates of the input files, while the run is not finished; one for each worker
    clearing                     there while an output is cleared, see :mod:`changen_cli.store.clear`
    tmp/                         unfinished files; emptied when a run starts. A worker has a folder of its own in it

A shard is committed in this order: its data, its changes, looks and conditions, its record. So a shard is done if and
only if its record is there, and whatever instruction a run is killed at, the next run writes the same bytes.
``manifest.json`` comes last of all: a folder that has one was whole when the run ended, and
:func:`~changen_cli.store.damage.find_damage` says whether it still is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from changen_cli.errors import StoreError
from changen_cli.files import (
    HOME,
    Checksum,
    checksum,
    clear_scratch,
    disk_errors,
    make_folder,
    part_scratch,
    place,
    remove_files,
    write_files,
)
from changen_cli.store.arguments import VERSION, read_run, refuse_others, run_bytes, run_path
from changen_cli.store.clear import clear_output, is_cleared_in_part
from changen_cli.store.ends import ends_path
from changen_cli.store.holding import Holding
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import read_manifest
from changen_cli.store.planned import Planned, agree, plan_path
from changen_cli.store.records import SampleRecord, ShardRecord, ShardSummary, read_record, record_path
from changen_cli.store.share import Share

__all__ = ["VERSION", "Journal"]

_RECORD = re.compile(r"(\d{6,})\.json")


class Journal:
    """The journal of one output.

    Use it as a context manager, or call :meth:`close`: until then no other run can open the output, but for workers
    with other shares where this is one.

    Attributes:
        root: The output folder.
        share: Of a worker; None for an undivided run.
    """

    def __init__(self, root: Path | str, share: Share | None = None) -> None:
        """Names the folder; nothing is read or written yet."""
        self.root = place(root)
        self.share = share
        self._home = self.root / HOME
        self._holding = Holding(self._home, share)
        self._files: dict[str, Checksum] = {}

    def open(
        self,
        fingerprint: Mapping[str, object],
        *,
        overwrite: bool = False,
        remedies: Mapping[str, str] | None = None,
        plan: Planned | None = None,
        keep: Collection[Path] = (),
    ) -> bool:
        """Makes an output, or goes on with one.

        Args:
            fingerprint: The arguments that decide what the output becomes, JSON values; not those that decide only
                how fast (workers, batch size, device).
            overwrite: Start again: delete what changen wrote into the folder, and only that. An unfinished output of
                the same arguments is gone on with, since a run that started again may itself have been killed.
            remedies: What to do about another value besides starting again, by name of the argument; ``{}`` is what it
                was.
            plan: What the run will make; it is held against that of other workers.
            keep: Footprints that were read for this run (:meth:`claim`): they stay where the output is cleared.

        Returns:
            True if there was an output of the same arguments, which this run continues.

        Raises:
            StoreError: If the folder holds anything that is not an output of changen, or an output of other arguments
                and ``overwrite`` is not given, or another run is writing it, or a worker with the same share, or it is
                divided otherwise, or it cannot be written.
        """
        data = run_bytes(fingerprint)
        self._refuse_foreign_folder()
        make_folder(self._home)
        self._holding.acquire()
        try:
            part_scratch("" if self.share is None else self.share.name)
            clear_scratch(self.root)
            if is_cleared_in_part(self.root) or (overwrite and not self._goes_on(data)):
                clear_output(self.root, keep)
            found = self._arguments()
            if found is not None:
                refuse_others(self.root, found, fingerprint, remedies or {})
            make_folder(self._home / "shards")
            path = run_path(self.root)
            if not path.exists() or path.read_bytes() != data:
                write_files(self.root, [(path, data)])
                if self.finished:
                    clear_scratch(self.root)
            self._files = {path.relative_to(self.root).as_posix(): checksum(data)}
            if self.finished:
                self.end_division()
            elif plan is not None:
                agree(self.root, plan, self.share)
            self._holding.opened()
        except BaseException:
            self.close()
            raise
        return found is not None

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Holds the output for what is put into it before it is opened; nobody else writes it meanwhile.

        Raises:
            StoreError: If the folder is no output of changen, another run is writing it, or it cannot be written.
        """
        self._refuse_foreign_folder()
        make_folder(self._home)
        self._holding.acquire()
        try:
            part_scratch("" if self.share is None else self.share.name)
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Lets other runs open the output."""
        self._holding.release()
        part_scratch("")

    def refuse_lost(self) -> None:
        """Refuses to go on where another run has taken the output over; see :mod:`changen_cli.store.lease`.

        Raises:
            StoreError: If one has.
        """
        self._holding.refuse_lost()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def finished(self) -> bool:
        """Whether the output has a manifest: a run of it came to its end."""
        return (self.root / MANIFEST).is_file()

    def files(self) -> dict[str, Checksum]:
        """Returns the checksum of what the journal itself has written of no single shard, by path in the output."""
        return dict(self._files)

    def done(self) -> set[int]:
        """Returns the shards that need not be written again.

        Raises:
            StoreError: If the folder cannot be read.
        """
        return done_shards(self.root)

    def undo(self, shards: Iterable[int], others: Iterable[str] = ()) -> None:
        """Marks shards as not done, so that they are made anew; the output is not finished then.

        Args:
            shards: Which.
            others: Damaged files of no single shard, by path in the output; they are deleted.

        Raises:
            StoreError: If a file cannot be deleted.
        """
        remove_files([self.root / MANIFEST, ends_path(self.root)])
        remove_files(record_path(self.root, index) for index in shards)
        remove_files(self.root / name for name in others)

    def end_division(self) -> None:
        """Deletes plan and locks of the workers of a finished output; a worker leaves that to an undivided run.

        Raises:
            StoreError: If a file cannot be deleted.
        """
        if self.share is None:
            remove_files([plan_path(self.root)])
            self._holding.forget_workers()

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
        """Refuses a folder that holds anything and was not written by changen."""
        with disk_errors(self.root):
            if self._home.is_dir() or not self.root.exists():
                return
            if not self.root.is_dir():
                raise StoreError(f"{self.root} is a file; choose another --output")
            foreign = sorted(path.name for path in self.root.iterdir())
            if self._home.is_dir():  # another worker has made it in this moment
                return
        if foreign:
            raise StoreError(
                f"{self.root} holds {foreign[0]} and was not written by changen; it is left as it is "
                "(--overwrite does not touch it either): choose another --output or empty it yourself"
            )

    def _goes_on(self, data: bytes) -> bool:
        """Whether the output is an unfinished one of the same arguments."""
        path = run_path(self.root)
        with disk_errors(path):
            return not self.finished and path.is_file() and path.read_bytes() == data

    def _arguments(self) -> dict[str, Any] | None:
        """Reads the arguments of the output; where ``run.json`` is damaged or lost, those that the manifest repeats."""
        try:
            found, damage = read_run(self.root), None
        except StoreError as error:
            found, damage = None, error
        if found is None and self.finished:
            found = _in_manifest(self.root)
        if found is not None:
            return found
        if damage is None and self.done():
            damage = StoreError(
                f"{run_path(self.root)} is missing; use --overwrite to start again, or another --output"
            )
        if damage is not None:
            raise damage
        return None


def _in_manifest(root: Path) -> dict[str, Any] | None:
    """Returns the arguments of a finished output of this version, as its manifest has them; None if it has none."""
    try:
        manifest = read_manifest(root)
        arguments = manifest["arguments"] if manifest["store"]["version"] == VERSION else None
    except (StoreError, KeyError, TypeError):
        return None
    return arguments if isinstance(arguments, dict) else None


def done_shards(root: Path) -> set[int]:
    """Returns the shards of an output that are done.

    Raises:
        StoreError: If the folder cannot be read.
    """
    folder = root / HOME / "shards"
    with disk_errors(folder):
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return {int(match[1]) for name in names if (match := _RECORD.fullmatch(name))}
