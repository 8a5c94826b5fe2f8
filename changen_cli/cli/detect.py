"""``changen detect``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from changen_cli.cli.options import takes
from changen_cli.cli.progress import ProgressView
from changen_cli.detection.options import OUTPUT, DetectOptions

HELP = """Detect what changed between two rasters of one place, of any size.

The second raster is laid on the grid of the first (any CRS, any resolution; `--resolution` compares at another one);
two pictures without a georeference, PNG or JPEG too, must be of one size. What either date lacks is not data. Windows
overlap and fade into each other, and memory does not grow with the rasters.

**What is written**

`change.tif`: cloud optimised GeoTIFF, 1 where it changed, 0 where not, 255 no data. That is where the probability
reaches `--threshold`; the weights' card says which serves them best.

`change_probability.tif`: probability of change, 0 to 1, so that another threshold needs no second run.

`--vector changes.gpkg`: polygons with `area_m2`, `pixels` and `mean_probability`.

Each appears under its name whole; a run that is killed leaves nothing that looks so.

**Weights**: those of a detector; or of a segmenter (`--weights segmenter`), which reads buildings on both dates, and
change is where they differ. `changen evaluate detection` says how good either is.

**Examples**

`changen detect --before 2018.tif --after 2024.tif --weights segmenter --output change.tif`

`changen detect --before a.tif --after b.tif -w mine.safetensors -o change.tif --vector changes.gpkg --resolution 0.5`
"""


@takes(DetectOptions)
def command(
    options: DetectOptions,
    as_json: Annotated[
        bool, typer.Option("--json", help="What was detected as JSON on standard output.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.", rich_help_panel=OUTPUT)] = False,
) -> None:
    """Calls :func:`changen_cli.detection.detect.detect`, and reports."""
    from changen_cli.detection.detect import detect

    with ProgressView("detect", quiet=quiet) as view:
        found = detect(options, view)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
        return
    share = f"{found.changed / found.valid:.2%}" if found.valid else "none"
    typer.echo(
        f"{found.mask}: {share} of {found.valid:,} valid pixels changed (probability of {found.threshold:g} or more)"
    )
    typer.echo(f"{found.probability}: probability of change")
    if found.vector is not None:
        typer.echo(f"{found.vector}: {found.polygons:,} polygons")
