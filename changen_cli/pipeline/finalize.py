"""``changen finalize``: what ends an output that several workers have filled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from changen_cli.errors import ChangenError, ExitCode, StoreError
from changen_cli.files import place
from changen_cli.pipeline.record import result_record
from changen_cli.pipeline.summary import NothingMadeError, Summary
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.store.arguments import read_run
from changen_cli.store.damage import check_shards
from changen_cli.store.finish import finish_run
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import read_entry, read_manifest, read_store
from changen_cli.store.overview import name_shards, require_plan
from changen_cli.store.planned import Planned
from changen_cli.store.records import ShardSummary
from changen_cli.store.skeleton import create_store


class HolesError(ChangenError):
    """An output that cannot be ended, since shards of it are missing.

    Attributes:
        missing: Which, by number.
    """

    exit_code = ExitCode.SOME_FAILED

    def __init__(self, root: Path, plan: Planned, missing: list[int]) -> None:
        """Makes the error; its message names the shards and whose they are."""
        shards = "1 shard is" if len(missing) == 1 else f"{len(missing)} shards are"
        again = "the same command of these workers" if plan.workers else "the same changen generate"
        super().__init__(
            f"{root} is not complete: of {plan.spec.shards} shards {shards} missing: {name_shards(plan, missing)}; "
            f"run {again} again, and then this; changen status {root} --json lists them all"
        )
        self.missing = missing


def finalize(path: Path | str, reporter: Reporter | None = None) -> Summary:
    """Checks that every shard of an output is there, and writes tables, checksums and manifest.

    They are, to the byte, what one undivided run writes. Neither input nor weights are needed.

    Args:
        path: The output folder.
        reporter: Told how many shards are checked.

    Returns:
        What is in the output, as a run returns it.

    Raises:
        HolesError: If shards are missing, or files of them are missing or cut off; nothing is written then.
        NothingMadeError: As :func:`~changen_cli.pipeline.generate.generate` raises it.
        StoreError: If the folder is no output of changen, or a worker is still writing it, or it cannot be written.
    """
    root, reporter = place(path), reporter or Silent()
    if (root / MANIFEST).is_file():
        return _finished(root, reporter)
    plan = require_plan(root)
    _refuse_holes(root, plan, reporter, lambda shard: None)  # whatever else, first of all say what is missing
    arguments = read_run(root)
    if arguments is None:
        raise StoreError(f"{root} has lost the arguments of its run; run the same changen generate again")
    summary = Summary(
        str(root), plan.format, plan.spec.samples, plan.spec.steps, unusable=tuple(dict(one) for one in plan.unusable)
    )
    with Journal(root) as journal:
        journal.open(arguments)
        _refuse_holes(root, plan, reporter, summary.add)
        writer = make_format(plan.format, root, plan.spec)
        create_store(writer)
        finish_run(writer, journal, result_record(plan, arguments, summary))
    if summary.nothing_made:
        raise NothingMadeError(summary)
    return summary


def _refuse_holes(root: Path, plan: Planned, reporter: Reporter, keep: Callable[[ShardSummary], None]) -> None:
    """Looks whether the files of every shard are there, with their sizes; hands on the counts of each."""
    missing = []
    total = plan.spec.shards
    store = make_format(plan.format, root, plan.spec)
    for shard in check_shards(root, range(total), thorough=False, store=store):
        if shard.problems or shard.record is None:
            missing.append(shard.index)
        else:
            keep(shard.record.summary())
        reporter.progress(Progress("finalize", shard.index + 1, total, "shards", f"missing: {len(missing)}"))
    if missing:
        raise HolesError(root, plan, missing)


def _finished(root: Path, reporter: Reporter) -> Summary:
    """Returns what is in an output that has its manifest."""
    reporter.say(f"{root} is finished; nothing is left to do")
    manifest = read_manifest(root)
    spec, unusable = read_store(root, manifest), manifest.get("unusable_scenes", ())
    summary = Summary(
        str(root), read_entry(root, manifest)["format"], spec.samples, spec.steps, unusable=tuple(unusable)
    )
    for shard in Journal(root).summaries():
        summary.add(shard)
    return summary
