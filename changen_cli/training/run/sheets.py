"""Sample sheets: what the moving average predicts for the same few crops, all through a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from changen_cli.reports.contact_sheet import Row, contact_sheet
from changen_cli.reports.pictures import write_picture

ROWS = 8
"""Samples on a sheet."""


class Sheets:
    """Writes the sample sheets of a run."""

    def __init__(self, folder: Path, draw: Callable[[], list[Row]]) -> None:
        """Keeps what draws them.

        Args:
            folder: Where the sheets go.
            draw: Gives the rows of pictures of a sheet, as the model is now.
        """
        self._folder, self._draw = folder, draw

    def write(self, iteration: int) -> Path:
        """Writes a sheet.

        Args:
            iteration: Iterations done; names the sheet.

        Returns:
            The sheet, a PNG with a row for each sample.

        Raises:
            StoreError: If it cannot be written.
        """
        path = self._folder / f"{iteration:06d}.png"
        write_picture(path, contact_sheet(self._draw()))
        return path
