"""The logs of a run: CSV files that anyone can plot, and TensorBoard where it is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from changen_cli.errors import TrainingError
from changen_cli.files import disk_errors, write_whole

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LOSSES = "losses.csv"
"""Log of the losses: a row for each logged iteration, with the columns :data:`TIMES` before the learner's."""

VALIDATION = "validation.csv"
"""Log of the validations: a row for each, with the column :data:`BEST_SO_FAR` after the validator's."""

ITERATION = "iteration"
TIMES = ("seconds", "images_per_second")
BEST_SO_FAR = "best"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a log.

    Attributes:
        iteration: Iterations done.
        values: Numbers by column, to the six digits that the log keeps; NaN where there is none.
    """

    iteration: int
    values: dict[str, float]


def read_log(path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Reads a log; rows that a kill cut short are passed over.

    Args:
        path: ``losses.csv`` or ``validation.csv`` of a run.

    Returns:
        The columns after "iteration", and the rows in order; nothing if there is no such file or it is empty.

    Raises:
        TrainingError: If it cannot be read, or is not such a log.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            header, *lines = list(csv.reader(file)) or [[]]
    except FileNotFoundError:
        return (), []
    except (OSError, csv.Error) as error:
        raise TrainingError(f"{path}: the log cannot be read ({error}); move it away") from error
    if header and header[0] != ITERATION:
        raise TrainingError(f"{path}: is not a log of a training run; move it away")
    columns = tuple(header[1:])
    return columns, [row for line in lines if (row := _parse(line, columns)) is not None]


class MetricLog:
    """Appends rows to a CSV file and scalars to TensorBoard.

    Attributes:
        path: The CSV file.
        columns: Its columns after "iteration".
        rows: What an earlier start of the run has logged.
    """

    def __init__(self, path: Path, columns: Sequence[str], done: int, board: Path) -> None:
        """Opens the log of a run.

        Args:
            path: CSV file; its folder is made where it is missing.
            columns: Names of the values, in their order.
            done: Iterations done; rows of later ones, of a run that was killed after its last checkpoint, are dropped.
            board: Folder of the TensorBoard files.

        Raises:
            TrainingError: If the log that is there has other columns, or it cannot be written.
        """
        self.path, self.columns = path, tuple(columns)
        found, rows = read_log(path)
        self.rows = [row for row in rows if row.iteration <= done]
        if self.rows and found != self.columns:
            other = next(iter(sorted(set(found) ^ set(self.columns))), "their order")
            raise TrainingError(
                f"{path}: has other columns than this run writes ({other}); go on with the same packages, segmenter "
                "and weights as before, or delete the file to start it anew"
            )
        kept = io.StringIO(newline="")
        csv.writer(kept).writerows([[ITERATION, *self.columns], *map(self._line, self.rows)])
        write_whole(path, kept.getvalue(), TrainingError)  # a kill meanwhile must not lose the rows
        with disk_errors(path, TrainingError):
            self._file = path.open("a", newline="", encoding="utf-8")
            self._board = _open_board(board, done)

    def write(self, iteration: int, values: Mapping[str, float]) -> None:
        """Appends one row.

        Args:
            iteration: Iterations done.
            values: A value for every column.

        Raises:
            TrainingError: If it cannot be written.
        """
        with disk_errors(self.path, TrainingError):
            csv.writer(self._file).writerow(self._line(Row(iteration, dict(values))))
            self._file.flush()
            if self._board is not None:
                for name in self.columns:
                    self._board.add_scalar(name, values[name], iteration)

    def close(self) -> None:
        """Closes the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> MetricLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _line(self, row: Row) -> list[str]:
        return [str(row.iteration), *(f"{row.values[name]:.6g}" for name in self.columns)]


def _open_board(folder: Path, done: int) -> SummaryWriter | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:  # optional: the CSV holds the same numbers
        return None
    return SummaryWriter(str(folder), purge_step=done + 1)


def _parse(line: Sequence[str], columns: Sequence[str]) -> Row | None:
    if len(line) != len(columns) + 1 or not line[0].isdigit():
        return None
    try:
        return Row(int(line[0]), {name: float(value) for name, value in zip(columns, line[1:], strict=True)})
    except ValueError:
        return None
