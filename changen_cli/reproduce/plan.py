"""The tables as they are written down: rows, protocols, detectors and starts, in YAML beside the paper's figures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from changen_cli.errors import UsageError
from changen_cli.options import build, option, options
from changen_cli.texts import parse_yaml, read_text

TABLES = Path(__file__).parent / "tables"
"""Folder of the files."""

SHARED = ("detectors", "starts", "protocols", "tiny", "rates")
"""Files of it that are no tables."""

PERCENT = ("iou", "f1", "precision", "recall")
"""Scores that the paper has in percent, and ``changen evaluate detection`` as shares."""

SCORES = {"iou": "IoU", "f1": "F1", "precision": "Prec.", "recall": "Rec.", "fid": "FID", "is": "IS"}
"""Scores of the tables, and their heads."""


@options()
class DetectorEntry:
    """A detector of the tables: a part of ``detectors.yaml``."""

    title: str = option(help="As the paper has it.")
    finetune: str = option(help="Recipe that fine-tunes it on real pairs.")
    pretrain: str = option(default="", help="Recipe that pre-trains it on synthetic pairs; empty: no row does.")
    backbone: str = option(default="", help="Whose ImageNet weights it may start from; empty: of none.")
    tiny: dict[str, Any] = option(default_factory=dict, help="What --tiny has instead, of its recipe or of this entry.")


@options()
class StartEntry:
    """What a detector starts from: a part of ``starts.yaml``."""

    title: str = option(help="As the paper has it.")
    init: Literal["", "none", "imagenet"] = option(default="", help="Nothing, or a backbone of ImageNet.")
    file: str = option(default="", help="Other weights of the backbone: their name in the folder of weights.")
    task: Literal["", "segmentation"] = option(default="", help="What it is pre-trained for on single dates.")
    generator: str = option(default="", help="Recipe that trains what synthesises the series.")
    series: dict[str, Any] = option(default_factory=dict, help="Options of changen generate; empty: no series.")


@options()
class ProtocolEntry:
    """How a figure is measured: a part of ``protocols.yaml``."""

    title: str = option(help="What it is called.")
    kind: Literal["fine-tuning", "zero-shot", "quality"] = option(help="What is done.")
    data: str = option(help="Data set that it is measured on.")
    fraction: float = option(default=1.0, help="Share of the training pairs.")
    iterations: int = option(default=0, help="Updates; 0: those of the detector's recipe.")
    curve: int = option(default=0, help="Epochs between two looks at the test split, for curves; 0: none.")


@options()
class RowEntry:
    """A row of a table."""

    title: str = option(help="As the paper has it.")
    paper: dict[str, list[float | None]] = option(help="The paper's figures by protocol, in the order of the columns.")
    detector: str = option(default="", help="Of detectors.yaml.")
    start: str = option(default="", help="Of starts.yaml.")
    absent: str = option(default="", help="Why changen cannot make the row.")
    remark: str = option(default="", help="How ours differs from the paper's.")


@options()
class Table:
    """A table or a figure.

    Attributes:
        name: Of its file.
    """

    name: str = option(help="Of its file.")
    title: str = option(help="Above it.")
    columns: dict[str, list[str]] = option(help="Scores by protocol.")
    rows: tuple[RowEntry, ...] = option(help="Its rows.")
    curves: bool = option(default=False, help="Whether it is drawn as curves.")

    def __post_init__(self) -> None:
        for protocol, scores in self.columns.items():
            if protocol not in protocols():
                raise UsageError(f"{self.name}: no protocol {protocol!r}")
            if unknown := [score for score in scores if score not in SCORES]:
                raise UsageError(f"{self.name}: no score {unknown[0]!r}")
        for row in self.rows:
            if not row.absent and (row.detector not in detectors() or row.start not in starts()):
                raise UsageError(f"{self.name}: {row.title}: no detector {row.detector!r} or start {row.start!r}")
            for protocol, figures in row.paper.items():
                if len(figures) != len(self.columns.get(protocol, ())):
                    raise UsageError(f"{self.name}: {row.title}: {protocol} has {len(figures)} figures")


def table_names() -> list[str]:
    """Lists the tables and figures, in the order of their names."""
    return sorted(path.stem for path in TABLES.glob("*.yaml") if path.stem not in SHARED)


def read_table(name: str) -> Table:
    """Reads a table.

    Args:
        name: One of :func:`table_names`; "5" is "table5".

    Raises:
        UsageError: If there is none of that name, or its file cannot be used.
    """
    wanted = f"table{name}" if name.isdigit() else name
    if wanted not in table_names():
        raise UsageError(f"no table {name!r}; choose {', '.join(table_names())}")
    return build(Table, {"name": wanted, **_read(wanted)}, f"{wanted}.yaml")


@cache
def detectors() -> Mapping[str, DetectorEntry]:
    """Returns the detectors by name."""
    return {name: build(DetectorEntry, about, name) for name, about in _read("detectors").items()}


@cache
def starts() -> Mapping[str, StartEntry]:
    """Returns what detectors start from, by name."""
    return {name: build(StartEntry, about, name) for name, about in _read("starts").items()}


@cache
def protocols() -> Mapping[str, ProtocolEntry]:
    """Returns how figures are measured, by name."""
    return {name: build(ProtocolEntry, about, name) for name, about in _read("protocols").items()}


@cache
def tiny() -> Mapping[str, Any]:
    """Returns what ``--tiny`` has instead: ``recipes`` by the kind of step, options of ``generate``."""
    return _read("tiny")


def read_rates() -> Mapping[str, Any]:
    """Reads what ``--dry-run`` calculates with."""
    return _read("rates")


def _read(name: str) -> dict[str, Any]:
    values = parse_yaml(read_text(TABLES / f"{name}.yaml"))
    assert isinstance(values, dict), f"{name}.yaml is a mapping"
    return values
