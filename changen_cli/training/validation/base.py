"""What the loop of a training needs to know of a validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from torch import Tensor

from changen_cli.metrics.base import Column
from changen_cli.metrics.registry import find_columns
from changen_cli.training.data.base import Samples

Seen = TypeVar("Seen", bound=Samples, covariant=True)


class Validator(Protocol[Seen]):
    """Computes metrics of a model in training."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of the log (:attr:`~changen_cli.metrics.base.Column.name`), the same ones each time."""
        ...

    @property
    def absent(self) -> Mapping[str, str]:
        """Of columns that cannot be had, by name: why."""
        ...

    @property
    def unchanged(self) -> Mapping[str, float]:
        """What images that stay as they are would have, by column; empty where that says nothing."""
        ...

    def run(self, predict: Callable[[Seen], Tensor]) -> dict[str, float]:
        """Computes the metrics.

        PyTorch's random generators and modes are left as they were: a run gives the same bytes with validations as
        without.

        Args:
            predict: Inference of the model, in evaluation mode.

        Returns:
            A value for every column; NaN where this model's predictions leave nothing to measure.

        Raises:
            TrainingError: If what the model gives is not finite.
        """
        ...


def remarks(absent: Mapping[str, str]) -> list[str]:
    """Says what is absent: one line for each reason, the columns before it."""
    columns: dict[str, list[str]] = {}
    for column, reason in absent.items():
        columns.setdefault(reason, []).append(column)
    return [f"{', '.join(names)}: {reason}" for reason, names in columns.items()]


def in_words(values: Mapping[str, float], declared: Mapping[str, Column] | None = None) -> str:
    """Says a validation in a line: the columns that are declared as said.

    Args:
        values: By column.
        declared: Columns by name; of the metrics that are installed if None.
    """
    columns = find_columns() if declared is None else declared
    return ", ".join(f"{name} {value:.3g}" for name, value in values.items() if name in columns and columns[name].said)
