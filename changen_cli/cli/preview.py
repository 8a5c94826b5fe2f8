"""``changen preview``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Draw a contact sheet of an output, to be looked at.

For each series a row of images I_0 ... I_n, and below it the layouts S_0 ... S_n: white is kept, green was created by
the step before, red is removed by the step after.

**Example:** `changen preview changen-out --output sheet.png --limit 4`
"""


def command(
    series: Annotated[Path, typer.Argument(help="Output folder of changen generate, any format.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG file.")] = Path("preview.png"),
    limit: Annotated[int, typer.Option(help="Most series, spread evenly over the output.", min=1)] = 6,
) -> None:
    """Draws a contact sheet."""
    from changen_cli.reports.pictures import write_picture
    from changen_cli.reports.preview import preview
    from changen_cli.store.series import open_series

    write_picture(output, preview(open_series(series), limit))
    typer.echo(str(output))
