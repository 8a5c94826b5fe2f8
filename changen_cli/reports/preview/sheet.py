"""Series of an output on one picture: a contact sheet with titles and a legend."""

from __future__ import annotations

import numpy as np
from PIL import Image

from changen_cli.reports.contact_sheet import Row, contact_sheet
from changen_cli.reports.pictures import CREATED, KEPT, REMOVED, as_picture, draw_history
from changen_cli.reports.preview.chosen import Chosen
from changen_cli.reports.preview.facts import said_of_step
from changen_cli.reports.preview.lettering import INK, LINE, PALE, Word, length, letter
from changen_cli.reports.preview.overlays import fitted
from changen_cli.store.sample import Sample
from changen_cli.types import UInt8Array

MARGIN = 6
"""Pixels to the left of the text."""

LEGENDS: dict[str, list[Word]] = {
    "series": [
        ("below the images the layouts: ", PALE),
        ("kept", KEPT),
        (", ", PALE),
        ("created by the step before", CREATED),
        (", ", PALE),
        ("removed by the step after", REMOVED),
    ],
    "pairs": [("below the second image what changed: ", PALE), ("changed", KEPT)],
}
"""What the pictures below the images are, by what the items of an output are."""


def draw_sheet(chosen: Chosen, most: int | None = None) -> UInt8Array:
    """Draws series: for each a title, a row of images I_0 ... I_n, and below it the layouts S_0 ... S_n.

    Args:
        chosen: The series; in a format that stores pairs, each pair is drawn as a series of two images.
        most: Most pixels of the longer side of a picture; None leaves them as they are.

    Returns:
        uint8 [rows, columns, 3].

    Raises:
        StoreError: If one cannot be read.
    """
    data = chosen.data
    size = fitted(data.size[1], data.size[0], most)
    parts = [_series_part(data[item], size) for item in chosen.items]
    width = max(*(part.width for part in parts), length(LEGENDS[data.items]) + 2 * MARGIN)
    head = Image.new("RGB", (width, 2 * LINE))
    some = f"{len(parts)} of " if len(parts) < len(data) else ""
    letter(head, (MARGIN, 2), [(data.root.resolve().name, INK), (f": {some}{len(data)} {data.items}", PALE)])
    letter(head, (MARGIN, LINE), LEGENDS[data.items])
    sheet = Image.new("RGB", (width, head.height + sum(part.height for part in parts)))
    top = 0
    for part in (head, *parts):
        sheet.paste(part, (0, top))
        top += part.height
    return np.asarray(sheet)


def _series_part(sample: Sample, size: tuple[int, int]) -> Image.Image:
    """Draws a series: its title, what happened before each date, and the rows of its pictures."""
    rows = [[None if one is None else _sized(one, size) for one in row] for row in series_rows(sample)]
    pictures = Image.fromarray(contact_sheet(rows))
    part = Image.new("RGB", (pictures.width, pictures.height + 2 * LINE))
    letter(part, (MARGIN, 4), [(sample.id, INK), (f"  {sample.split}", PALE)])
    column = pictures.width // len(sample.times)
    for place, time in enumerate(sample.times):
        label = Image.new("RGB", (column, LINE))
        letter(label, (MARGIN, 0), [(f"I_{time}", INK), (f"  {said_of_step(sample, place)}", PALE)], size=12)
        part.paste(label, (place * column, LINE + 2))
    part.paste(pictures, (0, 2 * LINE))
    return part


def _sized(picture: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def series_rows(sample: Sample) -> list[Row]:
    """Makes the two rows of a series; where layouts are not stored, the change mask stands below the last image."""
    images = [as_picture(image) for image in sample.image]
    if sample.mask is not None:
        return [images, draw_history(sample.mask)]
    label = np.repeat(sample.change[0][..., None], 3, 2) * np.uint8(255)
    return [images, [None, label]]
