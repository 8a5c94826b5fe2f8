"""The results of ``changen evaluate quality`` in words and numbers, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from changen_cli.metrics.base import Metric, Result
from changen_cli.metrics.registry import find_metrics
from changen_cli.metrics.text import Line

ABSENT = "absent"


def summarize(results: Mapping[str, Result], metrics: Mapping[str, Metric] | None = None) -> list[Line]:
    """Returns the lines of the table.

    Args:
        results: As :class:`changen_cli.metrics.quality.QualityReport` has them.
        metrics: Declarations by name; of all that are installed if None.
    """
    declared = find_metrics() if metrics is None else metrics
    lines: list[Line] = []
    for name, result in results.items():
        metric = declared[name]
        if "absent" not in result:
            lines += metric.lines(metric, result)
        elif lines and (lines[-1].value, lines[-1].detail) == (ABSENT, result["absent"]):
            # what is absent for one reason stands on one line
            lines[-1] = replace(lines[-1], title=f"{lines[-1].title}, {metric.title}")
        else:
            lines.append(Line(metric.title, ABSENT, "", result["absent"]))
    return lines
