"""What has become of the files of an output since they were written: missing, damaged, or nobody knows whose."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.files import HOME, Checksum, all_files, can_be_listed, checksum_file, present
from changen_cli.store.ends import ends_path, read_ends
from changen_cli.store.formats.base import Format
from changen_cli.store.holding import LOCK_OF_WORKER
from changen_cli.store.planned import plan_path
from changen_cli.store.records import ShardRecord, read_record, record_path


class Kind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    DAMAGED = "damaged"
    EXTRA = "extra"
    """changen did not write it, or not in this run."""
    LABELS = "labels"
    """Masks, change masks, records and tables do not agree."""
    COUNTS = "counts"
    """There are more or fewer samples than were planned."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an output.

    Attributes:
        kind: What.
        path: The file, by its path in the output, or the sample.
        reason: In words.
        shard: The shard that has to be made anew for it; None for what belongs to all.
    """

    kind: Kind
    path: str
    reason: str
    shard: int | None = None

    def __str__(self) -> str:
        """Returns it in one line."""
        return f"{self.kind}: {self.path}: {self.reason}"


@dataclass(frozen=True, slots=True)
class CheckedShard:
    """One shard, checked.

    Attributes:
        index: Which.
        record: Its record; None if that is missing or damaged.
        problems: What is wrong with its files.
    """

    index: int
    record: ShardRecord | None
    problems: tuple[Problem, ...]


def check_shards(
    root: Path, shards: Iterable[int], *, thorough: bool, store: Format | None = None
) -> Iterator[CheckedShard]:
    """Checks the files of shards that should be there.

    Args:
        root: The output.
        shards: Which.
        thorough: Compare checksums, which reads every byte; else only whether files are there and their sizes.
        store: The store in its format, where that may keep data of its own (:attr:`Format.foreign_folders`).

    Yields:
        Each shard.
    """
    for index in shards:
        path = record_path(root, index)
        name = path.relative_to(root).as_posix()
        if not present(path):
            yield CheckedShard(index, None, (Problem(Kind.MISSING, name, "the shard has no record", index),))
            continue
        try:
            record = read_record(path)
            if record.index != index:
                raise StoreError(f"it is the record of shard {record.index}")
        except StoreError as error:
            yield CheckedShard(index, None, (Problem(Kind.DAMAGED, name, str(error), index),))
            continue
        files = sorted(record.files.items())
        found = [_check_file(root, file, wanted, index, thorough=thorough) for file, wanted in files]
        if store is not None and store.foreign_folders and (reason := store.check_shard(index, thorough=thorough)):
            found.append(Problem(Kind.DAMAGED, f"{store.foreign_folders[0]}, shard {index}", reason, index))
        yield CheckedShard(index, record, tuple(problem for problem in found if problem is not None))


def check_ends(root: Path) -> tuple[dict[str, Checksum], list[Problem]]:
    """Checks the files of a finished output that belong to no single shard, by their checksums.

    Returns:
        What they must be, by path in the output; empty if that is not known. And what is wrong.
    """
    path = ends_path(root)
    name = path.relative_to(root).as_posix()
    if not present(path):
        return {}, [Problem(Kind.MISSING, name, "the checksums of tables and metadata are gone")]
    try:
        ends = read_ends(root)
    except StoreError as error:
        return {}, [Problem(Kind.DAMAGED, name, str(error))]
    found = [_check_file(root, file, wanted, None, thorough=True) for file, wanted in sorted(ends.items())]
    return ends, [problem for problem in found if problem is not None]


def find_extra(root: Path, known: set[str], kept: Sequence[str] = ()) -> Iterator[Problem]:
    """Finds files that changen did not write, or not in this run.

    Args:
        root: The output.
        known: Paths in it of all files that belong there.
        kept: Folders that another library keeps.

    Yields:
        Each of the others; none on a web server, which lists no folder.
    """
    if not can_be_listed(root):
        return
    own = {f"{HOME}/lock", ends_path(root).relative_to(root).as_posix(), plan_path(root).relative_to(root).as_posix()}
    for path in all_files(root):
        folder, _, name = path.rpartition("/")
        is_lock = folder == HOME and LOCK_OF_WORKER.fullmatch(name)
        if path.partition("/")[0] in kept:
            continue
        if path not in known and path not in own and not is_lock:
            yield Problem(Kind.EXTRA, path, "changen did not write it; move it away")


def _check_file(root: Path, name: str, wanted: Checksum, shard: int | None, *, thorough: bool) -> Problem | None:
    """Checks one file; None if it is as it was written."""
    path = root / name
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return Problem(Kind.DAMAGED, name, "it is a link or a folder, no file", shard)
        if status.st_size != wanted.size:
            return Problem(Kind.DAMAGED, name, f"it has {status.st_size} bytes, not {wanted.size}", shard)
        if thorough and (found := checksum_file(path)) != wanted:
            return Problem(Kind.DAMAGED, name, f"its XXH3 is {found.digest}, not {wanted.digest}", shard)
    except (FileNotFoundError, NotADirectoryError):
        return Problem(Kind.MISSING, name, "it is gone", shard)
    except OSError as error:
        return Problem(Kind.DAMAGED, name, f"it cannot be read: {error.strerror}", shard)
    return None
