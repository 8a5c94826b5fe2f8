"""Event statistics: which changes a run made, against those it was asked for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from changen_cli.files import HOME
from changen_cli.metrics.base import Accumulator, Group, Metric, RealImage, Result, Setting, WeightedMean
from changen_cli.metrics.distances.reservoir import Reservoir
from changen_cli.metrics.pairs import Pair
from changen_cli.metrics.text import Bar, Chart, Line, number, percent
from changen_cli.store.records import read_record

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
KEPT = 10_000
_NUMBER = re.compile(r"\d+(\.\d+)?")


class EventStatistics(Accumulator):
    """Counts changes, their sizes and the pixels they cover, over the pairs of a series."""

    def __init__(self, manifest: Mapping[str, Any], root: Path, seed: int = 0) -> None:
        """Makes an accumulator.

        Args:
            manifest: Of the series.
            root: Its folder, whose records say why events fell short.
            seed: Of the sample of sizes.
        """
        self._manifest, self._root = manifest, root
        self._events: Counter[str] = Counter()
        self._per_step: Counter[int] = Counter()
        self._changed = WeightedMean()
        self._sizes = {name: Reservoir(KEPT, seed) for name in ("created", "series", "reference")}

    def see_pair(self, pair: Pair) -> None:
        """Adds a pair."""
        self._events.update(change.event for change in pair.changes)
        self._per_step[len(pair.changes)] += 1
        valid = int(np.count_nonzero(pair.valid))
        if valid:
            self._changed.add(float(np.count_nonzero(pair.created | pair.removed)) / valid, valid)
        created = [c.after.polygon.area for c in pair.changes if c.before is None and c.after is not None]
        self._add_sizes("created", pair.id, created)

    def see_real(self, image: RealImage, group: Group) -> None:
        """Adds the sizes of the footprints of a real image."""
        self._add_sizes("reference" if group == "real" else "series", image.id, image.areas)

    def compute(self) -> Result:
        """Compares with the request.

        Returns:
            - ``changes``: by event ``count``, ``share`` of all changes, and ``requested``, the share by weight;
            - ``per_step``: ``requested`` [least, most], ``histogram`` (number of steps by number of changes), ``below``
              and ``above``: steps with fewer or more than requested;
            - ``shortfalls``: of the whole run: ``event``, ``reason`` (numbers in it stand as N), ``wanted``, ``made``,
              ``times``; ``reasons_known`` is False where only the counts of the manifest are left;
            - ``changed_pixels``: share of valid pixels;
            - ``sizes``: by group ``count`` and ``quantiles`` of the area, square pixels.
        """
        schedule = self._manifest.get("arguments", {}).get("schedule", {})
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
        shortfalls, known = read_shortfalls(self._root, self._manifest)
        return {
            "changes": changes,
            "per_step": {
                "requested": asked,
                "histogram": {str(count): self._per_step[count] for count in sorted(self._per_step)},
                "below": None if low is None else sum(n for k, n in self._per_step.items() if k < low),
                "above": None if high is None else sum(n for k, n in self._per_step.items() if k > high),
            },
            "shortfalls": shortfalls,
            "reasons_known": known,
            "changed_pixels": self._changed.mean if self._changed.weight else None,
            "sizes": {name: _quantiles(sizes) for name, sizes in self._sizes.items()},
        }

    def _add_sizes(self, group: str, name: str, areas: Iterable[float]) -> None:
        for place, area in enumerate(areas):
            self._sizes[group].add(f"{name} {place}", np.array(area))


def read_shortfalls(root: Path, manifest: Mapping[str, Any]) -> tuple[list[dict[str, str | int | None]], bool]:
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
        for sample in read_record(path).samples:
            for short in sample.shortfalls:
                key = short.event, _NUMBER.sub("N", short.reason)
                missing = short.wanted - short.made
                sums.setdefault(key, Counter()).update(missing=missing, wanted=short.wanted, made=short.made, times=1)
    ordered = sorted(sums.items(), key=lambda item: (-item[1]["missing"], item[0]))
    return [{"event": event, "reason": reason, **counts} for (event, reason), counts in ordered], True


def _quantiles(sizes: Reservoir) -> dict[str, int | dict[str, float] | None]:
    if not len(sizes):
        return {"count": 0, "quantiles": None}
    values = np.quantile(sizes.rows(), QUANTILES)
    return {"count": sizes.seen, "quantiles": {f"{q:.0%}": float(v) for q, v in zip(QUANTILES, values, strict=True)}}


def _lines(metric: Metric, result: Result) -> list[Line]:
    lines = []
    for name, event in result["changes"].items():
        asked = f"{percent(event['share'])} of the changes, {percent(event['requested'])} requested"
        lines.append(Line(f"event {name}", str(event["count"]), "", asked))
    steps = result["per_step"]
    histogram = ", ".join(f"{count} x {changes}" for changes, count in steps["histogram"].items())
    asked = "not known" if steps["requested"] is None else "{}:{}".format(*steps["requested"])
    detail = f"requested {asked}; steps x changes: {histogram}"
    if steps["below"] or steps["above"]:
        detail += f"; {steps['below']} below, {steps['above']} above"
    lines.append(Line("changes a step", _mean(steps["histogram"]), "", detail))
    lines.append(Line("changed pixels", percent(result["changed_pixels"]), "", "of valid pixels, each step"))
    for group, what in (("created", "created"), ("series", "real, S_0"), ("reference", "real, reference")):
        sizes = result["sizes"][group]
        if sizes["quantiles"] is not None:
            values = ", ".join(f"{name} {value:.0f}" for name, value in sizes["quantiles"].items())
            lines.append(
                Line(f"size, {what}", f"{sizes['quantiles']['50%']:.0f} px²", "", f"{values}; of {sizes['count']}")
            )
    for short in result["shortfalls"]:
        reason = short["reason"] or "reasons are not with this copy"
        lines.append(Line(f"short of {short['event']}", str(short["missing"]), "", f"changes not made: {reason}"))
    return lines


def _mean(histogram: Mapping[str, int]) -> str:
    total = sum(histogram.values())
    return number(sum(int(k) * n for k, n in histogram.items()) / total if total else None, 2)


def _charts(result: Result) -> list[Chart]:
    charts = []
    bars = tuple(Bar(name, event["share"], event["requested"]) for name, event in result["changes"].items())
    if bars:
        charts.append(Chart("Events (grey: requested)", bars))
    if result["per_step"]["histogram"]:
        charts.append(_chart_of_steps(result["per_step"]))
    return charts + _chart_of_sizes(result["sizes"])


def _chart_of_steps(steps: Mapping[str, Any]) -> Chart:
    total = sum(steps["histogram"].values())
    counts = {int(changes): count / total for changes, count in steps["histogram"].items()}
    asked: dict[int, float] = {}
    if steps["requested"] is not None:
        low, high = steps["requested"]
        asked = dict.fromkeys(range(low, high + 1), 1 / (high - low + 1))
    every = sorted(counts.keys() | asked.keys())
    bars = tuple(Bar(str(n), counts.get(n, 0.0), asked.get(n, 0.0) if asked else None) for n in every)
    return Chart("Changes a step (grey: requested)", bars)


def _chart_of_sizes(sizes: Mapping[str, Any]) -> list[Chart]:
    """Draws the quantiles of the sizes, each as a share of the largest."""
    known = {name: group["quantiles"] for name, group in sizes.items() if group["quantiles"] is not None}
    if "created" not in known:
        return []
    real = known.get("reference") or known.get("series")
    most = max(max(group.values()) for group in known.values())
    bars = tuple(
        Bar(f"{q} ({v:.0f} px²)", v / most, real[q] / most if real else None) for q, v in known["created"].items()
    )
    return [Chart("Sizes of created footprints, quantiles (grey: real)", bars, numbers=False)]


def _make(setting: Setting) -> EventStatistics:
    assert setting.series is not None, "it needs a series"
    return EventStatistics(setting.series.manifest, setting.series.root, setting.seed)


EVENTS = Metric(
    name="events",
    title="events",
    columns=(),
    make=_make,
    rank=50,
    needs="series",
    summary="counts, shares, sizes and shortfalls against the request.",
    lines=_lines,
    charts=_charts,
)
