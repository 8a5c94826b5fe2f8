"""Sample sheets: what a network makes of held-out samples, side by side, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from changen_cli.models.units import to_bytes
from changen_cli.reports.contact_sheet import Row, change_row, contact_sheet
from changen_cli.reports.pictures import write_picture
from changen_cli.training.data.crops import Crop
from changen_cli.types import UInt8Array

Rows = list[Row]
"""Rows of pictures, uint8 [H, W, 3]."""


def as_bytes(images: Tensor) -> UInt8Array:
    """Turns images in -1..1, [B, 3, H, W], into bytes."""
    pixels: UInt8Array = to_bytes(images).cpu().numpy()
    return pixels


def change_rows(samples: Sequence[Crop], made: Tensor) -> Rows:
    """Makes a row of each sample: I_t, S_t (removed in red), S_t+1 (created in green), I~_t+1.

    Args:
        samples: What is shown.
        made: I~_t+1, float [len(samples), 3, H, W] in -1..1.

    Returns:
        The rows.
    """
    return [
        change_row(sample.image, sample.before, sample.after, [result])
        for sample, result in zip(samples, as_bytes(made), strict=True)
    ]


def write_sheet(path: Path, rows: Rows) -> None:
    """Writes one sheet.

    Args:
        path: PNG file.
        rows: Its pictures.

    Raises:
        StoreError: If it cannot be written.
    """
    write_picture(path, contact_sheet(rows))
