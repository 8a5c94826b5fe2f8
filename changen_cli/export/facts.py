"""What is told of each pair, and of a whole export, where a layout has words for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import yaml

from changen_cli.export.source import Pair, Source


class PairFacts(TypedDict):
    """What is told of a pair; JSON values, every key always there."""

    id: str
    series: str
    scene: str
    time_before: int
    time_after: int
    events: list[str]
    crs: str | None
    transform: list[float] | None


def pair_facts(pair: Pair) -> PairFacts:
    """Returns what is told of a pair: where it comes from, what happened (an event for each change), where it lies."""
    return {
        "id": pair.id,
        "series": pair.sample,
        "scene": pair.scene,
        "time_before": pair.times[0],
        "time_after": pair.times[1],
        "events": [change.event for change in pair.changes],
        "crs": pair.crs,
        "transform": None if pair.transform is None else list(pair.transform)[:6],
    }


def card(
    source: Source,
    title: str,
    configs: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    columns: Mapping[str, str],
    use: str,
) -> str:
    """Writes the card of a data set as the Hugging Face Hub reads it: YAML, then Markdown.

    Args:
        source: What it was made of.
        title: Of the card.
        configs: Which files are what, for the YAML.
        counts: Pairs by split.
        columns: What each column is, by name.
        use: Python code that reads it.
    """
    manifest = source.manifest
    total = sum(counts.values())
    header = {
        "license": "other",
        "license_name": "see-below",
        "task_categories": ["image-segmentation"],
        "tags": ["change-detection", "remote-sensing", "synthetic", "changen"],
        "size_categories": [_size(total)],
        "configs": [dict(config) for config in configs],
    }
    arguments, licences = manifest.get("arguments", {}), manifest.get("licences", {})
    synthesizer = arguments.get("synthesizer", {}).get("name", "not recorded")
    weights = licences.get("weights", {})
    changes = ", ".join(f"{name} {count}" for name, count in manifest.get("counts", {}).get("changes", {}).items())
    lines = [
        f"# {title}",
        "",
        f"{total} pairs of overhead images with change labels, **simulated** by changen: date 0 is a real image, every "
        f"later date is synthesised (synthesizer: {synthesizer}). Labels are exact by construction; places are those "
        "of the source imagery, events are made up.",
        "",
        "| split | pairs |",
        "| --- | --- |",
        *(f"| {split} | {count} |" for split, count in counts.items()),
        "",
        f"Changes in the output that this was made of: {changes or 'not recorded'}.",
        "",
        "| column | what |",
        "| --- | --- |",
        *(f"| `{name}` | {what} |" for name, what in columns.items()),
        "",
        "```python",
        use,
        "```",
        "",
        "## Licences",
        "",
        f"- Imagery: {licences.get('imagery', 'not recorded')}",
        f"- Weights: {weights.get('licence') or 'none used, or not recorded'}",
        *([f"- Attribution: {weights['attribution']}"] if weights.get("attribution") else []),
    ]
    return f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n" + "\n".join(lines) + "\n"


def _size(count: int) -> str:
    """Returns the size as the Hub has it."""
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for most, name in bounds if count < most), "n>1M")
