"""``changen preview``: series of an output at a glance."""

from __future__ import annotations

import numpy as np

from changen_cli.errors import UsageError
from changen_cli.metrics.pairs import choose
from changen_cli.reports.contact_sheet import Row, contact_sheet
from changen_cli.reports.pictures import as_picture, draw_history
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset
from changen_cli.types import UInt8Array


def preview(data: SeriesDataset, limit: int) -> UInt8Array:
    """Draws series: for each a row of images I_0 ... I_n, and below it the layouts S_0 ... S_n.

    Args:
        data: The series; in a format that stores pairs, each pair is drawn as a series of two images.
        limit: Most series, spread evenly; at least 1.

    Returns:
        uint8 [rows, columns, 3].

    Raises:
        UsageError: If no series is done.
        StoreError: If one cannot be read.
    """
    if not len(data):
        raise UsageError(f"{data.root}: has no series that is done, so there is nothing to draw")
    return contact_sheet([row for item in choose(len(data), limit) for row in series_rows(data[item])])


def series_rows(sample: Sample) -> list[Row]:
    """Makes the two rows of a series; where layouts are not stored, the change mask stands below the last image."""
    images = [as_picture(image) for image in sample.image]
    if sample.mask is not None:
        return [images, draw_history(sample.mask)]
    label = np.repeat(sample.change[0][..., None], 3, 2) * np.uint8(255)
    return [images, [None, label]]
