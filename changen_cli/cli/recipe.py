"""``changen recipe``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from changen_cli.cli.progress import ProgressView

HELP = """Write the recipe of a finished output: all that it is but its pixels.

Imagery may often not be passed on. A recipe has no pixel of it: options, seed, plan, events, looks, SHA-256 of the
weights, device, precision and threads, the size and checksum of every source file and of every file of the output, and
of each image a sketch of 64 numbers that says how far another one is from it. `changen replay` makes the output of it.

The output is verified first. Its sources must be where they were, since they are summed up: run this in the folder from
which `changen generate` was run. `changen generate --recipe FOLDER` writes the same at the end of a run.

**Examples**

`changen recipe changen-out --output my-series-recipe`

Whoever has the same imagery: `changen replay my-series-recipe --input xBD/ --output changen-out`
"""


def command(
    store: Annotated[Path, typer.Argument(help="Output folder of changen generate, finished, any format.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the recipe; one that is there is replaced.")
    ],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the name of the folder.")] = False,
) -> None:
    """Calls :func:`changen_cli.pipeline.recipe.write_recipe`, and names the folder."""
    from changen_cli.pipeline.recipe import write_recipe

    with ProgressView("recipe", quiet=quiet) as view:
        written = write_recipe(store, output, view)
    typer.echo(str(written))
