"""The loss log: a CSV file anyone can plot, and TensorBoard where it is installed."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

TIMES = ("iteration", "seconds", "images_per_second")
"""The columns before the learner's."""


class LossLog:
    """Appends rows to ``losses.csv`` and scalars to ``tensorboard/``.

    Attributes:
        seconds: What the run had spent, when the log was opened, up to its last row that was kept.
    """

    def __init__(self, folder: Path, iteration: int, names: Sequence[str]) -> None:
        """Opens the log of a run.

        Args:
            folder: The run's folder.
            iteration: Iterations done; rows beyond it, of a run that was killed after its last checkpoint, are dropped.
            names: Scalars of the learner, in the order of their columns.
        """
        self.columns = (*TIMES, *names)
        self.path = folder / "losses.csv"
        rows: list[list[str]] = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                rows = [r for r in csv.reader(file) if len(r) == len(self.columns) and r[0].isdigit()]
            rows = [r for r in rows if int(r[0]) <= iteration]
        self.seconds = float(rows[-1][1]) if rows else 0.0
        temporary = self.path.with_suffix(".tmp")
        with temporary.open("w", newline="") as file:  # a kill while the rows are rewritten must not lose them
            csv.writer(file).writerows([self.columns, *rows])
        os.replace(temporary, self.path)
        self.file = self.path.open("a", newline="")
        self.csv = csv.writer(self.file)
        self.board = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:  # optional: the CSV holds the same figures
            return
        self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=iteration + 1)

    def write(self, iteration: int, values: dict[str, float]) -> None:
        """Appends one row.

        Args:
            iteration: Iterations done.
            values: A value for every column but "iteration".
        """
        self.csv.writerow([iteration, *(f"{values[c]:.6g}" for c in self.columns[1:])])
        self.file.flush()
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name, value, iteration)

    def __enter__(self) -> LossLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()
        if self.board is not None:
            self.board.close()
