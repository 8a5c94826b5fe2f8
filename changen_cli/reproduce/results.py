"""The figures of a table, ours beside the paper's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from changen_cli.errors import StoreError
from changen_cli.reproduce.plan import PERCENT, SCORES, RowEntry, Table
from changen_cli.reproduce.steps import Step

METRICS = {"fid": "fid", "is": "inception_score"}
"""Scores of images, and their names in the result of ``changen evaluate quality``."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure.

    Attributes:
        score: One of :data:`~changen_cli.reproduce.plan.SCORES`.
        paper: The paper's, in percent where it has percent; None where it has none.
        ours: Ours; None where there is none.
    """

    score: str
    paper: float | None
    ours: float | None

    @property
    def difference(self) -> float | None:
        """Ours less the paper's."""
        return None if self.paper is None or self.ours is None else self.ours - self.paper


@dataclass(frozen=True, slots=True)
class Line:
    """A row of figures.

    Attributes:
        entry: What the table has of it.
        cells: Figures by protocol.
        missing: Why figures of ours are missing, a line each.
    """

    entry: RowEntry
    cells: Mapping[str, tuple[Cell, ...]]
    missing: tuple[str, ...]


def read_line(table: Table, entry: RowEntry, steps: Mapping[str, Step], root: Path, failed: Mapping[str, str]) -> Line:
    """Reads the figures of a row, as far as they are there.

    Args:
        table: The table.
        entry: Its row.
        steps: What measures it, by protocol; none of a row that changen cannot make.
        root: The folder of all results.
        failed: What went wrong, by full name of the step.
    """
    cells: dict[str, tuple[Cell, ...]] = {}
    missing: list[str] = [f"{entry.title}: {entry.absent}"] if entry.absent else []
    for protocol, scores in table.columns.items():
        paper = entry.paper.get(protocol) or [None] * len(scores)
        step = steps.get(protocol)
        found: dict[str, float | None] = {}
        if step is not None and step.done(root):
            found = read_scores(step.target(root))
            missing += [
                f"{step.name}: no {SCORES[score]}, which is of the published Inception network alone"
                for score in scores
                if score in METRICS and found[score] is None
            ]
        elif step is not None:
            missing += step.all_lacking() or [failed.get(step.full_name, f"{step.name}: not made yet")]
        cells[protocol] = tuple(
            Cell(score, figure, found.get(score)) for score, figure in zip(scores, paper, strict=True)
        )
    return Line(entry, cells, tuple(dict.fromkeys(missing)))


def read_scores(path: Path) -> dict[str, float | None]:
    """Reads the scores of a result of ``changen evaluate``, in the paper's units.

    Args:
        path: JSON of ``changen evaluate detection`` of one detector, or of ``changen evaluate quality``.

    Raises:
        StoreError: If it is no such file.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if "figures" in values:
            return {score: values["figures"].get(name, {}).get("value") for score, name in METRICS.items()}
        (found,) = values["detectors"]
        return {score: None if found[score] is None else 100 * found[score] for score in PERCENT}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: no result of changen evaluate; delete it and run again") from error
