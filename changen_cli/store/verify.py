"""Whether a finished output is what it was when its run ended, and whether its labels agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from changen_cli.errors import ExitCode, StoreError
from changen_cli.files import place, present
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.store.base import Status
from changen_cli.store.damage import CheckedShard, Kind, Problem, check_ends, check_shards, find_extra
from changen_cli.store.ends import ends_path
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import done_shards
from changen_cli.store.labels import check_labels
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import read_entry, read_manifest, read_store
from changen_cli.store.records import record_path
from changen_cli.store.series import SeriesDataset

ENDS = ends_path(Path()).as_posix()
"""The file of checksums, by its path in an output."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    Attributes:
        root: The output.
        shards: Shards that were looked at.
        files: Files whose checksums are recorded.
        samples: Samples that the records have.
        labels: Samples whose labels were held against each other; those of damaged shards cannot be.
        problems: What is wrong.
    """

    root: str
    shards: int
    files: int
    samples: int
    labels: int
    problems: tuple[Problem, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def damaged(self) -> bool:
        """Whether a file is missing or damaged, so that there is something to make anew."""
        return any(problem.kind in (Kind.MISSING, Kind.DAMAGED) for problem in self.problems)

    @property
    def exit_code(self) -> ExitCode:
        """0 if nothing is wrong, else 1."""
        return ExitCode.DONE if self.whole else ExitCode.SOME_FAILED


def verify(path: Path | str, reporter: Reporter | None = None) -> Verification:
    """Checks every file of an output against the checksums that were recorded when it was written, and its labels.

    Nothing is written. Labels are checked by :func:`~changen_cli.store.labels.check_labels`, counts against the plan.

    Args:
        path: The output folder.
        reporter: Told how many shards are checked.

    Returns:
        What was found.

    Raises:
        StoreError: If the folder is no output of changen, is not finished, or was written by a changen without
            checksums.
    """
    root, reporter = place(path), reporter or Silent()
    _refuse_unverifiable(root)
    ends, problems = check_ends(root)
    manifest = None if {MANIFEST, ENDS} & {problem.path for problem in problems} else read_manifest(root)
    data = None if problems else SeriesDataset(root)
    shards = sorted(done_shards(root)) if manifest is None else range(read_store(root, manifest).shards)
    store = (
        None
        if manifest is None
        else make_format(read_entry(root, manifest)["format"], root, read_store(root, manifest))
    )
    tally = _Tally(set(ends))
    for number, shard in enumerate(check_shards(root, shards, thorough=True, store=store)):
        reporter.progress(_progress(number, len(shards), problems))
        problems += shard.problems
        tally.add(root, shard)
        if data is not None and shard.record is not None and not shard.problems:
            problems += check_labels(data, shard.record)
            tally.labels += sum(sample.status is Status.DONE for sample in shard.record.samples)
    # without every record nobody can say which files and samples there should be
    if ends and tally.complete:
        problems += find_extra(root, tally.files, () if store is None else store.foreign_folders)
        if manifest is not None:
            problems += _check_counts(manifest, tally)
    reporter.progress(_progress(len(shards), len(shards), problems))
    return Verification(str(root), len(shards), len(tally.files), tally.samples, tally.labels, tuple(problems))


@dataclass
class _Tally:
    """What the records have, added up."""

    files: set[str]
    complete: bool = True
    labels: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)

    @property
    def samples(self) -> int:
        return sum(self.statuses.values())

    def add(self, root: Path, shard: CheckedShard) -> None:
        """Adds a shard."""
        self.files.add(record_path(root, shard.index).relative_to(root).as_posix())
        if shard.record is None:
            self.complete = False
            return
        self.files.update(shard.record.files)
        summary = shard.record.summary()
        self.statuses.update(summary.statuses)
        self.changes.update(summary.changes)


def _refuse_unverifiable(root: Path) -> None:
    """Refuses what is no finished output, and what was written without checksums."""
    if not (root / MANIFEST).is_file() and not present(ends_path(root)):
        read_manifest(root)  # says which of the reasons it is
    if not present(ends_path(root)) and _version(root) == 1:
        raise StoreError(
            f"{root} was written by an earlier changen, which recorded no checksums: it can be read, but not verified "
            "or repaired; run generate with --overwrite to make it anew"
        )


def _version(root: Path) -> object:
    """Returns the version of the layout of an output; None where its manifest does not say."""
    try:
        store = read_manifest(root).get("store")
    except StoreError:
        return None
    return store.get("version") if isinstance(store, dict) else None


def _check_counts(manifest: Mapping[str, Any], tally: _Tally) -> Iterator[Problem]:
    """Holds the records against the plan, as the manifest has it."""
    planned = manifest["store"]["samples"]
    if tally.samples != planned:
        yield Problem(Kind.COUNTS, MANIFEST, f"{planned} samples were planned, the records have {tally.samples}")
    if "scenes" in manifest:
        variants = manifest["arguments"]["variants"]
        tiles = sum(scene["tiles"] for scene in manifest["scenes"])
        if tiles * variants != planned:
            yield Problem(Kind.COUNTS, MANIFEST, f"{tiles} tiles of {variants} variants are no {planned} samples")
    if "counts" in manifest:
        for name, found in (("statuses", tally.statuses), ("changes", tally.changes)):
            if manifest["counts"][name] != dict(found):
                yield Problem(
                    Kind.COUNTS, MANIFEST, f"it has the {name} {manifest['counts'][name]}, the records {dict(found)}"
                )


def _progress(done: int, total: int, problems: Sequence[Problem]) -> Progress:
    note = f"problems: {len(problems)}"
    return Progress("verify", done, total, "shards", note, values={"problems": len(problems)})
