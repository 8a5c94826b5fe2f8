"""``changen preview``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
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
    from changen_cli.reports.pictures import as_picture, assemble, draw_history, write_picture
    from changen_cli.store.series import open_series

    data = open_series(series)
    rows = []
    for item in np.unique(np.linspace(0, len(data) - 1, min(limit, len(data))).round().astype(int)).tolist():
        sample = data[item]
        rows.append([as_picture(image) for image in sample.image])
        if sample.mask is not None:
            rows.append(draw_history(sample.mask))
        else:  # a pair of the LEVIR layout has a change label and no masks
            label = np.repeat(sample.change[0][..., None], 3, 2) * np.uint8(255)
            rows.append([np.zeros_like(label), label])
    write_picture(output, assemble(rows))
    typer.echo(str(output))
