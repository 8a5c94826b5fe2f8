"""What a user asks of ``changen evaluate detection`` and ``changen detect``."""

from __future__ import annotations

from typing import Annotated

from changen_cli.errors import UsageError
from changen_cli.options import Ge, Gt, Lt, Number, PathText, Whole, option, options
from changen_cli.scenes.options import Bands, Rescale, Resolution

INPUT, COMPUTING, OUTPUT = "Input", "Computing", "Output"

Threshold = Annotated[Number, Gt(0), Lt(1)]
"""A probability between 0 and 1."""


def _check_windows(window: int, overlap: int) -> None:
    if 2 * overlap > window:
        raise UsageError(f"--overlap {overlap}: must be at most half of --window, {window // 2}")


@options("--")
class EvaluateOptions:
    """Which detectors are measured on which pairs."""

    data: PathText = option(
        help="Output of changen generate, LEVIR-CD, LEVIR-CD+, WHU-CD, S2Looking, or any folder with A, B and label.",
        group=INPUT,
        flags=("-d",),
    )
    weights: tuple[str, ...] = option(
        default=(),
        help="Name or path of weights of a detector, or of a segmenter that reads both dates. Repeatable.",
        group=INPUT,
        flags=("-w",),
    )
    split: str | None = option(default=None, help="Only this split: train, val or test; else all.", group=INPUT)
    limit: Annotated[Whole, Ge(1)] | None = option(
        default=None, help="At most so many pairs, spread evenly.", group=INPUT
    )
    run: tuple[PathText, ...] = option(
        default=(), help="Folder of a training run, whose validations the report draws. Repeatable.", group=INPUT
    )
    threshold: Threshold = option(default=0.5, help="Probability from which a pixel counts as changed.")
    device: str = option(default="auto", help="auto, cpu, cuda, cuda:1 ...", group=COMPUTING)
    batch_size: Annotated[Whole, Ge(1)] = option(default=4, help="Pairs a network sees at once.", group=COMPUTING)
    window: Annotated[Whole, Ge(64)] = option(
        default=1024, help="Pairs that are larger are cut into windows of so many pixels, blended.", group=COMPUTING
    )
    overlap: Annotated[Whole, Ge(0)] = option(
        default=128, help="Pixels that neighbouring windows share.", group=COMPUTING
    )
    sheet_rows: Annotated[Whole, Ge(0)] = option(
        default=3, help="Best, median and worst pairs that the report shows, so many of each.", group=OUTPUT
    )

    def __post_init__(self) -> None:
        _check_windows(self.window, self.overlap)


@options("--")
class DetectOptions:
    """Two rasters, and what is made of them."""

    before: PathText = option(help="Raster of the first date; its grid is that of the output.", group=INPUT)
    after: PathText = option(help="Raster of the second date, on any grid.", group=INPUT)
    output: PathText = option(
        help="GeoTIFF of the change mask; NAME_probability.tif is written beside it.", group=OUTPUT, flags=("-o",)
    )
    weights: str | None = option(
        default=None,
        help="Name or path of weights of a detector, or of a segmenter that reads both dates; else a detector's that "
        "come with changen.",
        group=INPUT,
        flags=("-w",),
    )
    resolution: Resolution | None = option(
        default=None, help="Ground metres per pixel to compare at; else that of the first raster.", group=INPUT
    )
    bands: Bands | None = option(
        default=None, help="Bands of red, green and blue, from 1: 3,2,1. Of both rasters.", group=INPUT
    )
    after_bands: Bands | None = option(
        default=None, help="Those of the second raster, where they are others.", group=INPUT
    )
    rescale: Rescale | None = option(
        default=None, help="LOW:HIGH (become 0 and 255) or auto, for 16-bit and float rasters.", group=INPUT
    )
    threshold: Threshold | None = option(
        default=None,
        help="Probability from which a pixel counts as changed; else what the weights' card says, or 0.5.",
        group=OUTPUT,
    )
    vector: PathText | None = option(
        default=None, help="Polygons of change too, FILE.gpkg, .geojson or .parquet.", group=OUTPUT
    )
    min_area: Annotated[Number, Ge(0)] = option(
        default=0.0,
        help="Smallest polygon, square metres (pixels where there is no georeference).",
        group=OUTPUT,
    )
    device: str = option(default="auto", help="auto, cpu, cuda, cuda:1 ...", group=COMPUTING)
    batch_size: Annotated[Whole, Ge(1)] = option(default=4, help="Windows a network sees at once.", group=COMPUTING)
    window: Annotated[Whole, Ge(64)] = option(default=640, help="Pixels of a window.", group=COMPUTING)
    overlap: Annotated[Whole, Ge(0)] = option(
        default=128, help="Pixels that neighbouring windows share, where they fade into each other.", group=COMPUTING
    )

    def __post_init__(self) -> None:
        _check_windows(self.window, self.overlap)
