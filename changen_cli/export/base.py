"""What a layout is: the plugin that writes an output as another data set lies in its folders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.export.target import Target


@dataclass(frozen=True, slots=True)
class Written:
    """What a layout wrote.

    Attributes:
        unit: What was counted: "pairs", "series", "images".
        counts: How many, by split; or by name, where there are no splits.
    """

    unit: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts.values())


class DatasetLayout(ABC):
    """How a data set lies in its folders. A plugin: an entry point of ``changen.layouts`` names such a class."""

    name: ClassVar[str]
    """Name of the entry point and of ``--layout``."""

    summary: ClassVar[str]
    """What it is and who reads it, in one line."""

    is_file: ClassVar[bool] = False
    """Whether what it writes is one file, not a folder."""

    @abstractmethod
    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes all that a source gives.

        Args:
            source: What there is.
            target: Where it goes; it has its real name only after this returns.
            options: What was asked for.

        Returns:
            What was written, by split.

        Raises:
            UsageError: If the source has not what this layout needs.
            StoreError: If the source is damaged, or the disk is full or not writable.
        """
