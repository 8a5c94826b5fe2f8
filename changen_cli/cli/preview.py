"""``changen preview``."""

from __future__ import annotations

from typing import Annotated

import typer

from changen_cli.cli.options import takes
from changen_cli.cli.progress import ProgressView
from changen_cli.reports.preview.options import OUTPUT, PreviewOptions

HELP = """Look at an output: a page with all its dates and changes, a contact sheet, or a time-lapse.

**What is written**

`preview.html`: one page that needs no network. A gallery of series; for each a slider over its dates, a swipe between
two of them, masks, changes and outlines over them, and its events (created green, removed red). Filters by event and
split, counts and histograms, and a map where the output is georeferenced. Keys are listed beside each series.

`--png sheet.png`: a contact sheet. For each series a row of images I_0 ... I_n, and below it the layouts S_0 ... S_n:
white is kept, green was created by the step before, red is removed by the step after.

`--gif`, `--webp`, `--mp4`: the dates of one series one after another.

All formats are read; in one that stores pairs, such as levir, each pair is a series of two dates.

**Examples**

`changen preview changen-out --output page.html --limit 1000 --size 192`

`changen preview changen-out --png sheet.png --limit 4`

`changen preview changen-out --gif lapse.gif --id village__r0_c0__v0 --seconds 0.7`
"""


@takes(PreviewOptions)
def command(
    options: PreviewOptions,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only the names of the files.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Calls :func:`changen_cli.reports.preview.write.preview`, and names the files."""
    from changen_cli.reports.preview.write import preview

    with ProgressView("preview", quiet=quiet) as view:
        written = preview(options, view)
    for path in written:
        typer.echo(str(path))
