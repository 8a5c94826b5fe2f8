"""Sample sheets: what the moving average predicts for the same few crops, all through a run."""

from __future__ import annotations

from pathlib import Path

from changen_cli.reports.contact_sheet import contact_sheet
from changen_cli.reports.pictures import write_picture
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.learners.base import Learner
from changen_cli.training.validation.held_out import draw_held_out

ROWS = 8
"""Crops on a sheet."""


class Sheets:
    """Writes the sample sheets of a run."""

    def __init__(self, folder: Path, crops: CropSampler, noise_dim: int, rows: int = ROWS) -> None:
        """Draws the crops.

        Args:
            folder: Where the sheets go.
            crops: Draws the crops.
            noise_dim: Length of z.
            rows: Crops on a sheet.

        Raises:
            TrainingError: If a streamed scene cannot be read or used.
            PluginError: If an event fails.
        """
        self._folder = folder
        self._samples, self._noise = draw_held_out(crops, rows, noise_dim)

    def write(self, iteration: int, learner: Learner) -> Path:
        """Writes a sheet.

        Args:
            iteration: Iterations done; names the sheet.
            learner: The model.

        Returns:
            The sheet, a PNG with a row for each crop.

        Raises:
            StoreError: If it cannot be written.
        """
        path = self._folder / f"{iteration:06d}.png"
        write_picture(path, contact_sheet(learner.show(self._samples, self._noise)))
        return path
