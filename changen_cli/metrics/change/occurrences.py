"""Event statistics: what was asked of the events, and what came of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from changen_cli.files import HOME
from changen_cli.metrics.base import Figure, WeightedMean
from changen_cli.metrics.change.pairs import Pair
from changen_cli.metrics.distances.reservoir import Reservoir
from changen_cli.store.records import read_record

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
KEPT = 10_000
_NUMBER = re.compile(r"\d+(\.\d+)?")


class EventStatistics:
    """Counts changes, their sizes and the pixels they cover, over the pairs of a series."""

    def __init__(self, seed: int = 0) -> None:
        """Starts with nothing.

        Args:
            seed: Of the sample of sizes.
        """
        self._events: Counter[str] = Counter()
        self._per_step: Counter[int] = Counter()
        self._changed = WeightedMean()
        self._sizes = {name: Reservoir(KEPT, seed) for name in ("created", "series", "reference")}

    def update(self, pair: Pair) -> None:
        """Adds a pair."""
        self._events.update(change.event for change in pair.changes)
        self._per_step[len(pair.changes)] += 1
        valid = int(np.count_nonzero(pair.valid))
        if valid:
            self._changed.add(float(np.count_nonzero(pair.created | pair.removed)) / valid, valid)
        created = [c.after.polygon.area for c in pair.changes if c.before is None and c.after is not None]
        self.update_sizes("created", pair.id, created)

    def update_sizes(self, group: str, name: str, areas: Iterable[float]) -> None:
        """Adds sizes of footprints.

        Args:
            group: "created", "series" (real footprints of the series, S_0) or "reference".
            name: Of the tile, unique in its group.
            areas: Square pixels; footprints that the tile cuts are left out by the caller.
        """
        for number, area in enumerate(areas):
            self._sizes[group].add(f"{name} {number}", np.array(area))

    def compute(self, manifest: Mapping[str, Any], root: Path) -> Figure:
        """Compares with the request.

        Args:
            manifest: Of the series.
            root: Its folder, whose records say why events fell short.

        Returns:
            - ``changes``: by event ``count``, ``share`` of all changes, and ``requested``, the share by weight;
            - ``per_step``: ``requested`` [least, most], ``histogram`` (number of steps by number of changes), ``below``
              and ``above``: steps with fewer or more than requested;
            - ``shortfalls``: of the whole run: ``event``, ``reason`` (numbers in it stand as N), ``wanted``, ``made``,
              ``times``; ``reasons_known`` is False where only the counts of the manifest are left;
            - ``changed_pixels``: share of valid pixels;
            - ``sizes``: by group ``count`` and ``quantiles`` of the area, square pixels.
        """
        schedule = manifest.get("arguments", {}).get("schedule", {})
        weights = {event["name"]: float(event["weight"]) for event in schedule.get("events", ())}
        total, weight = self._events.total(), sum(weights.values())
        changes = {
            name: {
                "count": self._events[name],
                "share": self._events[name] / total if total else None,
                "requested": weights[name] / weight if name in weights else None,
            }
            for name in sorted(weights.keys() | self._events.keys())
        }
        asked = schedule.get("changes_per_step")
        low, high = asked or (None, None)
        shortfalls, known = read_shortfalls(root, manifest)
        return {
            "changes": changes,
            "per_step": {
                "requested": asked,
                "histogram": {str(number): self._per_step[number] for number in sorted(self._per_step)},
                "below": None if low is None else sum(n for k, n in self._per_step.items() if k < low),
                "above": None if high is None else sum(n for k, n in self._per_step.items() if k > high),
            },
            "shortfalls": shortfalls,
            "reasons_known": known,
            "changed_pixels": self._changed.mean if self._changed.weight else None,
            "sizes": {name: _quantiles(sizes) for name, sizes in self._sizes.items()},
        }


def read_shortfalls(root: Path, manifest: Mapping[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    """Reads what the events of a run could not do.

    Args:
        root: The output.
        manifest: Its manifest, which has only counts; used where the records were not copied along.

    Returns:
        One entry per event and reason, most changes missing first; and whether reasons are known.

    Raises:
        StoreError: If a record is damaged.
    """
    records = sorted((root / HOME / "shards").glob("*.json"))
    if not records:
        counts = manifest.get("counts", {}).get("shortfalls", {})
        return [{"event": name, "reason": None, "missing": count} for name, count in sorted(counts.items())], False
    sums: dict[tuple[str, str], Counter[str]] = {}
    for path in records:
        for sample in read_record(path)["samples"]:
            for short in sample["shortfalls"]:
                key = short["event"], _NUMBER.sub("N", short["reason"])
                missing = short["wanted"] - short["made"]
                sums.setdefault(key, Counter()).update(
                    missing=missing, wanted=short["wanted"], made=short["made"], times=1
                )
    ordered = sorted(sums.items(), key=lambda item: (-item[1]["missing"], item[0]))
    return [{"event": event, "reason": reason, **counts} for (event, reason), counts in ordered], True


def _quantiles(sizes: Reservoir) -> dict[str, Any]:
    if not len(sizes):
        return {"count": 0, "quantiles": None}
    values = np.quantile(sizes.rows(), QUANTILES)
    return {"count": sizes.seen, "quantiles": {f"{q:.0%}": float(v) for q, v in zip(QUANTILES, values, strict=True)}}
