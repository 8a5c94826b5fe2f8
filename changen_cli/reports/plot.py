"""``plot()``: one sample as a figure of matplotlib, for notebooks and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from changen_cli.errors import UsageError
from changen_cli.reports.pictures import draw_history
from changen_cli.store.sample import Sample
from changen_cli.types import AnyArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = 2.5
"""Side of one picture."""


def plot(sample: Sample | Mapping[str, Any], show_titles: bool = True, suptitle: str | None = None) -> Figure:
    """Draws a sample: its images, and below them its layouts, where green was created and red will be removed.

    Where there are no layouts (a format that stores pairs, a sample of torchgeo), what changed since the image before
    is white.

    Args:
        sample: Of :func:`~changen_cli.store.series.open_series`, or a dict as :meth:`Sample.as_dict` and the change
            detection data sets of torchgeo give: ``image`` [T, 3, H, W] of 0..255, ``mask`` [T - 1, H, W], and
            ``layout`` [T, H, W] if known. ``prediction`` [T - 1, H, W] makes a third row.
        show_titles: Whether each picture has a title.
        suptitle: Title of all.

    Returns:
        The figure; ``figure.savefig("sample.png")`` writes it.

    Raises:
        UsageError: If matplotlib is not installed, or the dict is of another shape.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise UsageError("plot() needs matplotlib: pip install matplotlib") from error
    arrays = _arrays(sample)
    images, changes = arrays["image"], arrays["mask"]
    below: list[AnyArray | None]
    if "layout" in arrays:
        below = [*draw_history(arrays["layout"].astype(np.uint8))]
        title = "layout"
    else:
        below, title = [None, *_white(changes)], "change"
    rows: list[list[AnyArray | None]] = [[*images.transpose(0, 2, 3, 1).clip(0, 255).astype(np.uint8)], below]
    titles = ["image", title]
    if "prediction" in arrays:
        rows.append([None, *_white(arrays["prediction"])])
        titles.append("prediction")
    count = len(images)
    figure, axes = pyplot.subplots(
        len(rows), count, figsize=(INCHES * count, INCHES * len(rows)), squeeze=False, layout="constrained"
    )
    dates = sample.times if isinstance(sample, Sample) else range(count)
    for row, pictures, name in zip(axes, rows, titles, strict=True):
        for place, picture, date in zip(row, pictures, dates, strict=True):
            place.set_axis_off()
            if picture is not None:
                place.imshow(picture, interpolation="none")
                if show_titles:
                    place.set_title(f"{name} {date}", fontsize="small")
    if suptitle is not None:
        figure.suptitle(suptitle)
    return figure


def _arrays(sample: Sample | Mapping[str, Any]) -> dict[str, AnyArray]:
    """Reads what is drawn, as arrays by name."""
    if isinstance(sample, Sample):
        found: dict[str, Any] = {"image": sample.image, "mask": sample.change, "layout": sample.mask}
    else:
        found = {name: sample.get(name) for name in ("image", "mask", "layout", "prediction")}
    arrays = {name: np.asarray(value) for name, value in found.items() if value is not None}
    for name, planes in (("image", 4), ("mask", 3)):
        if name not in arrays or arrays[name].ndim != planes:
            raise UsageError(f"plot(): {name!r} must have {planes} dimensions; see changen_cli.plot")
    dates = len(arrays["image"])
    if arrays["image"].shape[1] != 3 or len(arrays["mask"]) != dates - 1:
        raise UsageError(f"plot(): {dates} images of three bands need {dates - 1} change masks")
    return arrays


def _white(masks: AnyArray) -> list[AnyArray]:
    """Draws masks white on black, uint8 [H, W, 3] each."""
    return [np.repeat((mask != 0)[..., None] * np.uint8(255), 3, axis=2) for mask in masks]
