"""The best validation of a run so far, by a stated rule, and the log of validations that it can be found from again.

A distance between sets of images alone misleads: in Table 3 of the paper FID is lower without the masked transition,
whose images are worse to train on. So an image must first show its labels:

    With A the highest mean of the label agreement (role "agreement") of any validation so far, one whose mean is
    A - 0.02 or more is eligible. A new one becomes the best if the best is no longer eligible, or if it is itself
    eligible and has the smaller distance (role "distance", unbiased; the first column counts). Without label agreement
    the distance decides alone, without a distance the agreement; of a segmenter, the overlap (role "overlap").

Whatever is not a number never wins, and of equals the earlier stays. A best validation that is no longer eligible is
followed by the one that made it so, though an earlier one might have been better: there is only one checkpoint.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from changen_cli.errors import TrainingError
from changen_cli.metrics.base import Column, Role
from changen_cli.metrics.registry import find_columns

BEST = "best.ckpt"
"""Name of the checkpoint of the best validation, beside :data:`~changen_cli.training.run.checkpoint.LAST`."""

VALIDATION = "validation.csv"

SLACK = 0.02
"""How far below the highest mean agreement a validation may be."""

RULE = (
    "the smallest unbiased distance to real images (the first that there are networks for) with a mean label agreement "
    f"within {SLACK} of the highest so far; of a segmenter, the highest overlap"
)
"""The rule in one sentence."""


class BestSoFar:
    """Picks the best among validations as they come; a function of their metrics and of what these declare alone.

    Values count as the log keeps them, to six digits, so that the rows of a log rebuild it exactly.

    Attributes:
        iteration: Of the best validation; None before there is one.
        values: Its metrics.
        rule: What decides with these columns, in words.
    """

    def __init__(self, columns: Iterable[str], declared: Mapping[str, Column] | None = None) -> None:
        """Reads the roles of the columns.

        Args:
            columns: Names of the columns that a validation has, the distance that counts before others.
            declared: What they declare, by name; what the metrics that are installed do if None.
        """
        roles = {name: column.role for name, column in (find_columns() if declared is None else declared).items()}
        parts = {role: tuple(name for name in columns if roles.get(name) is role) for role in Role}
        self._distance = next(iter(parts[Role.DISTANCE]), None)
        self._overlap = next(iter(parts[Role.OVERLAP]), None)
        self._agreement = parts[Role.AGREEMENT]
        self.iteration: int | None = None
        self.values: dict[str, float] = {}
        self.rule = self._in_words()
        self._highest = self._best_mean = -math.inf
        self._best_cost = math.inf

    def consider(self, iteration: int, values: Mapping[str, float]) -> bool:
        """Looks at the next validation.

        Args:
            iteration: Iterations done.
            values: A value for every column.

        Returns:
            Whether it is the best so far.
        """
        kept = {name: float(f"{value:.6g}") for name, value in values.items()}
        # without label agreement all are eligible alike
        mean = _mean([kept[name] for name in self._agreement])
        cost = self._cost(kept, mean)
        if not (math.isfinite(cost) and math.isfinite(mean)):
            return False
        self._highest = max(self._highest, mean)
        least = self._highest - SLACK
        if mean < least or (self._best_mean >= least and cost >= self._best_cost):
            return False
        self._best_mean, self._best_cost = mean, cost
        self.iteration, self.values = iteration, kept
        return True

    def _cost(self, values: Mapping[str, float], mean: float) -> float:
        """Returns what is the smaller the better."""
        if self._overlap is not None:
            return -values[self._overlap]
        if self._distance is not None:
            return values[self._distance]
        return -mean if self._agreement else math.nan

    def _in_words(self) -> str:
        if self._overlap is not None:
            return f"the highest {self._overlap}"
        if self._distance is None:
            missing = "none: it needs a segmenter, or a network whose features tell images apart"
            return "the highest mean label agreement" if self._agreement else missing
        eligible = f" with a mean label agreement within {SLACK} of the highest so far" if self._agreement else ""
        return f"the smallest {self._distance}{eligible}"


@dataclass(frozen=True, slots=True)
class ValidationRow:
    """A line of the log.

    Attributes:
        iteration: Iterations done.
        figures: By column.
        best: Whether it was the best so far.
    """

    iteration: int
    figures: dict[str, float]
    best: bool


def read_validations(path: Path) -> tuple[tuple[str, ...], list[ValidationRow]]:
    """Reads a log of validations; lines that a kill cut short are passed over.

    Args:
        path: ``validation.csv`` of a run.

    Returns:
        The columns of figures, and the rows in order; nothing if there is no such file.

    Raises:
        TrainingError: If it cannot be read, or is not such a log.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            header, *lines = list(csv.reader(file)) or [[]]
    except FileNotFoundError:
        return (), []
    except (OSError, csv.Error) as error:
        raise TrainingError(f"{path}: the log of validations cannot be read ({error}); move it away") from error
    if header and (header[0], header[-1]) != ("iteration", "best"):
        raise TrainingError(f"{path}: is not a log of validations; move it away")
    columns = tuple(header[1:-1])
    return columns, [row for line in lines if (row := _parse(line, columns)) is not None]


class ValidationLog:
    """Appends rows to ``validation.csv`` and scalars to ``tensorboard/validation/``.

    Attributes:
        best: The best so far, with what an earlier start of the run has seen.
    """

    def __init__(self, folder: Path, iteration: int, columns: Sequence[str]) -> None:
        """Opens the log of a run.

        Args:
            folder: The run's folder.
            iteration: Iterations done; rows beyond it, of a run that was killed after its last checkpoint, are dropped.
            columns: Names of the figures, in their order.

        Raises:
            TrainingError: If the log has other figures.
            OSError: If it cannot be written.
        """
        self.columns = tuple(columns)
        self.path = folder / VALIDATION
        found, rows = read_validations(self.path)
        rows = [row for row in rows if row.iteration <= iteration]
        if rows and found != self.columns:
            other = next(iter(set(found) ^ set(self.columns)), "their order")
            raise TrainingError(
                f"{self.path}: has other figures than this validation ({other}), so the best of both cannot be told; "
                "validate with the same segmenter, weights and packages as before, or delete the file to start anew"
            )
        self.best = BestSoFar(self.columns)
        for row in rows:
            self.best.consider(row.iteration, row.figures)
        temporary = self.path.with_suffix(".tmp")
        with temporary.open("w", newline="", encoding="utf-8") as file:  # a kill meanwhile must not lose the rows
            writer = csv.writer(file)
            writer.writerow(["iteration", *self.columns, "best"])
            writer.writerows(self._line(row) for row in rows)
        os.replace(temporary, self.path)
        self._file = self.path.open("a", newline="", encoding="utf-8")
        self._board = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:  # optional: the CSV holds the same figures
            return
        self._board = SummaryWriter(str(folder / "tensorboard" / "validation"), purge_step=iteration + 1)

    def write(self, iteration: int, figures: Mapping[str, float], best: bool) -> None:
        """Appends one row.

        Args:
            iteration: Iterations done.
            figures: A value for every column.
            best: What :meth:`BestSoFar.consider` said of it. The checkpoint of a best validation is written before.

        Raises:
            OSError: If it cannot be written.
        """
        csv.writer(self._file).writerow(self._line(ValidationRow(iteration, dict(figures), best)))
        self._file.flush()
        if self._board is not None:
            for name in self.columns:
                self._board.add_scalar(name, figures[name], iteration)

    def close(self) -> None:
        """Closes the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> ValidationLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _line(self, row: ValidationRow) -> list[str]:
        return [str(row.iteration), *(_written(row.figures[name]) for name in self.columns), str(int(row.best))]


def _parse(line: Sequence[str], columns: Sequence[str]) -> ValidationRow | None:
    if len(line) != len(columns) + 2 or not line[0].isdigit() or line[-1] not in ("0", "1"):
        return None
    try:
        figures = {name: float(value) for name, value in zip(columns, line[1:-1], strict=True)}
    except ValueError:
        return None
    return ValidationRow(int(line[0]), figures, line[-1] == "1")


def _written(value: float | None) -> str:
    """Writes a figure as the log keeps it."""
    return f"{math.nan if value is None else value:.6g}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
