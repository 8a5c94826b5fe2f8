"""``changen detect``: what changed between two rasters of any size."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from changen_cli.detection.options import DetectOptions
from changen_cli.detection.outputs import ChangeRasters, probability_path
from changen_cli.detection.polygons import check_suffix, write_polygons
from changen_cli.detection.predictors import Predictor, choose_threshold, find_detector, load_predictor
from changen_cli.detection.rasters import RasterPair
from changen_cli.detection.resume import key_of, resumable_folder
from changen_cli.detection.windows import Block, Windows, predict_blocks
from changen_cli.device import resolve_device
from changen_cli.errors import UsageError
from changen_cli.files import put_whole
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.version import __version__

SUFFIXES = (".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class DetectSummary:
    """What was detected.

    Attributes:
        mask: Path of the mask.
        probability: Path of the probabilities.
        vector: Path of the polygons, if any were asked for.
        height: Rows of the grid.
        width: Columns.
        resolution: Metres on the ground per pixel, or None if not known.
        valid: Pixels that both dates show.
        changed: Of those, pixels that changed.
        polygons: How many there are; None if none were asked for.
        threshold: Probability from which a pixel counted as changed.
        weights: Name of the weights.
        kind: "detector" or "post-classification".
    """

    mask: str
    probability: str
    vector: str | None
    height: int
    width: int
    resolution: float | None
    valid: int
    changed: int
    polygons: int | None
    threshold: float
    weights: str
    kind: str

    def as_json(self) -> dict[str, object]:
        """Returns the fields by name."""
        return asdict(self)


def detect(
    options: DetectOptions, reporter: Reporter | None = None, *, predictor: Predictor | None = None
) -> DetectSummary:
    """Detects change between two rasters, and writes a mask, probabilities and, if asked for, polygons.

    The second raster is laid on the grid of the first. Windows overlap and fade into each other; memory does not grow
    with the rasters. Every file appears under its name whole, the mask last; until then all lies in a hidden folder
    beside it, which takes about three times the room of the results. A run that is cut off leaves that folder, and the
    same call goes on after the last row of windows that was complete, to the same bytes.

    Args:
        options: The rasters, the weights, and what to write.
        reporter: Told how far it is.
        predictor: Used in place of the weights; on the device that the options name.

    Returns:
        What was written, and how much changed.

    Raises:
        SceneError: If the rasters cannot be read, or do not belong to one place.
        WeightsError: If the weights cannot be used.
        StoreError: If a result cannot be written.
        UsageError: If an option cannot be used, or no weights are named and none are found.
    """
    reporter = reporter or Silent()
    output, vector = _targets(options)
    device = resolve_device(options.device)
    if predictor is None:
        predictor = load_predictor(options.weights or find_detector(), device)
    threshold = choose_threshold(options.threshold, predictor)
    options = replace(options, threshold=threshold)  # what pixels depend on and tags tell, whoever chose it
    windows = Windows(options.window, options.overlap, options.batch_size)
    with (
        RasterPair(
            options.before,
            options.after,
            resolution=options.resolution,
            bands=options.bands,
            after_bands=options.after_bands,
            rescale=options.rescale,
        ) as pair,
        resumable_folder(output, key_of(options, predictor, device)) as folder,
        ChangeRasters(folder, pair.grid, threshold, windows.stride) as rasters,
    ):
        grid = pair.grid
        reporter.say(_about(grid, native=pair.native))
        total, start = windows.blocks(grid.height, grid.width), time.monotonic()
        first = rasters.rows
        before = first * windows.count(grid.width)
        if before:
            reporter.say(f"going on where a run was cut off: {before} of {total} windows are done")
        found: Iterable[Block] = ()
        if before < total:
            found = predict_blocks(predictor, pair.read, grid.height, grid.width, windows, device, first)
        for done, block in enumerate(found, before + 1):
            rasters.write(block)
            left = (time.monotonic() - start) / (done - before) * (total - done)
            share = rasters.changed / rasters.valid if rasters.valid else 0.0
            reporter.progress(Progress("detect", done, total, "windows", f"{share:.1%} changed", left))
        rasters.join(_tags(options, predictor, threshold))
        if not rasters.valid:
            reporter.warn(f"{options.before} and {options.after} have no pixel in common that is valid in both")
        reporter.say("packing")
        mask, probability = rasters.pack(folder)
        polygons = None
        if vector is not None:
            polygons = write_polygons(rasters.mask, rasters.probability, vector, options.min_area)
        put_whole(probability, probability_path(output))
        put_whole(mask, output)
    return DetectSummary(
        mask=str(output),
        probability=str(probability_path(output)),
        vector=None if vector is None else str(vector),
        height=grid.height,
        width=grid.width,
        resolution=grid.ground_resolution,
        valid=rasters.valid,
        changed=rasters.changed,
        polygons=polygons,
        threshold=threshold,
        weights=predictor.name,
        kind=predictor.kind,
    )


def _targets(options: DetectOptions) -> tuple[Path, Path | None]:
    """Returns where the results go; refuses what would be no GeoTIFF, or would write over an input."""
    output = Path(options.output)
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--output {output}: must end in .tif, since a GeoTIFF is written")
    vector = None if options.vector is None else Path(options.vector)
    if vector is not None:
        check_suffix(vector)
    inputs = {Path(path).resolve() for path in (options.before, options.after)}
    for path in (output, probability_path(output), vector):
        if path is not None and path.resolve() in inputs:
            raise UsageError(f"{path}: is one of the two rasters, and would be written over; choose another --output")
    return output, vector


def _about(grid: GeoBox, *, native: bool) -> str:
    size = "" if grid.ground_resolution is None else f" of {grid.ground_resolution:.3g} m"
    how = "" if native else ", the second raster laid on the grid of the first"
    return f"comparing {grid.width} x {grid.height} pixels{size}{how}"


def _tags(options: DetectOptions, predictor: Predictor, threshold: float) -> dict[str, str]:
    """Returns what the metadata of the results says of where they come from."""
    return {
        "CHANGEN": __version__,
        "BEFORE": options.before,
        "AFTER": options.after,
        "WEIGHTS": predictor.name,
        "WEIGHTS_SHA256": predictor.card.sha256,
        "METHOD": predictor.kind,
        "THRESHOLD": f"{threshold:g}",
    }
