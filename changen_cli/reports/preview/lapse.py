"""A time-lapse: the dates of one series one after another, as an animated picture or a film."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.files import write_whole
from changen_cli.reports.pictures import as_picture
from changen_cli.reports.preview.colours import Colour, event_colours
from changen_cli.reports.preview.facts import said_of_step
from changen_cli.reports.preview.film import write_film
from changen_cli.reports.preview.lettering import INK, LINE, PALE, letter
from changen_cli.reports.preview.options import PreviewOptions
from changen_cli.reports.preview.overlays import fitted, resized
from changen_cli.store.sample import Sample


def write_lapse(path: Path, kind: str, sample: Sample, options: PreviewOptions) -> None:
    """Writes the time-lapse of a series, whole or not at all; it goes round and round where the kind of file can.

    Args:
        path: The file.
        kind: "gif", "webp" or "mp4".
        sample: The series.
        options: How long each date is shown, how large, and whether with outlines.

    Raises:
        UsageError: For a film, if what writes films is not installed.
        StoreError: If it cannot be written.
    """
    frames = draw_frames(sample, options.size, outlines=options.outlines)
    if kind == "mp4":
        write_film(path, [np.asarray(frame) for frame in frames], options.seconds)
    else:
        write_whole(path, _animated(frames, kind, options.seconds), StoreError)


def draw_frames(sample: Sample, most: int | None = None, *, outlines: bool = True) -> list[Image.Image]:
    """Draws each date of a series, and below it which one it is and what happened before it.

    Args:
        sample: The series.
        most: Most pixels of the longer side of a date; None leaves it as it is.
        outlines: Whether to draw what the step before a date changed: what is new or altered as a line, what is gone
            in its colour too.

    Returns:
        A picture for each date, of one size, RGB.
    """
    height, width = sample.image.shape[2:]
    size = fitted(width, height, most)
    colours = event_colours(sample.changes)
    frames = []
    for place, time in enumerate(sample.times):
        picture = resized(Image.fromarray(np.ascontiguousarray(as_picture(sample.image[place]))), size)
        if outlines and place:
            since = sample.times[place - 1]
            _outline(picture, [one for one in sample.changes if since < one.step <= time], colours, size[0] / width)
        frame = Image.new("RGB", (size[0], size[1] + LINE))
        frame.paste(picture)
        letter(frame, (4, size[1] + 2), [(f"I_{time}", INK), (f"  {said_of_step(sample, place)}", PALE)], size=12)
        frames.append(frame)
    return frames


def _outline(picture: Image.Image, changes: Sequence[Change], colours: dict[str, Colour], scale: float) -> None:
    draw = ImageDraw.Draw(picture)
    for change in changes:
        what = change.after or change.before
        assert what is not None, "the store keeps no change of nothing"
        for ring in _rings(what.polygon):
            draw.line([(x * scale, y * scale) for x, y in ring], fill=colours[change.event], width=2)


def _rings(shape: Polygon | MultiPolygon) -> list[list[tuple[float, float]]]:
    parts = shape.geoms if isinstance(shape, MultiPolygon) else [shape]
    return [[(p[0], p[1]) for p in ring.coords] for part in parts for ring in (part.exterior, *part.interiors)]


def _animated(frames: Sequence[Image.Image], kind: str, seconds: float) -> bytes:
    """Returns an animated picture; Pillow would join frames that are equal, but not here: each has its own words."""
    memory = io.BytesIO()
    how = {"lossless": False, "quality": 90} if kind == "webp" else {"optimize": True}
    frames[0].save(
        memory,
        kind.upper(),
        save_all=True,
        append_images=frames[1:],
        duration=round(seconds * 1000),
        loop=0,
        **how,
    )
    return memory.getvalue()
