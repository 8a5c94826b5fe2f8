"""What a run did, in lines and in JSON: for the verbs that end with a summary."""

from __future__ import annotations

from dataclasses import fields

from changen_cli.cli.progress import ProgressView
from changen_cli.errors import ExitCode
from changen_cli.pipeline.summary import Summary

FAILED_SHOWN = 20
"""Failed samples that are listed at the end."""


def report_summary(view: ProgressView, summary: Summary) -> None:
    """Says what was done, what failed, and why.

    Args:
        view: Takes the lines.
        summary: Of the run.
    """
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items())) or "none"
    changes = ", ".join(f"{count} {event}" for event, count in sorted(summary.changes.items())) or "none"
    before = f"; {summary.resumed} by an earlier run" if summary.resumed else ""
    worker = "" if summary.shard is None else f" of worker {summary.shard}"
    view.say(
        f"{summary.output}: {counts} of {summary.samples} series{worker}{before}; changes: {changes}; "
        f"{summary.seconds:.1f} s"
    )
    failed = [(id_, reason) for id_, status, reason in summary.problems if status == "failed"]
    for id_, reason in failed[:FAILED_SHOWN]:
        view.warn(f"failed: {id_}: {reason}")
    if (more := summary.statuses["failed"] - FAILED_SHOWN) > 0:
        view.warn(f"failed: {more} more; samples.parquet in {summary.output} has them all")
    skipped = [reason for _, status, reason in summary.problems if status == "skipped"]
    if skipped:
        view.say(f"skipped: {summary.statuses['skipped']} series, the first because: {skipped[0]}")
    if summary.shard is not None:
        view.say(f"when every worker is done: changen finalize {summary.output}")


def summary_json(summary: Summary, code: ExitCode) -> dict[str, object]:
    """Returns a summary as JSON values.

    Args:
        summary: Of the run.
        code: What the command exits with.
    """
    values: dict[str, object] = {item.name: getattr(summary, item.name) for item in fields(summary)}
    values["problems"] = [{"id": i, "status": s, "reason": r} for i, s, r in summary.problems]
    values["tile_steps_per_second"] = round(summary.tile_steps_per_second, 3)
    values["seconds"] = round(summary.seconds, 3)
    values["exit_code"] = code
    return values
