"""``changen example``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from changen_cli.errors import StoreError
from changen_cli.files import write_whole
from changen_cli.resources import example_files

HELP = """Copy the example scene that ships with changen to a folder.

A small GeoTIFF with footprints, drawn by a script, free for any use:

`changen example scene/ && changen generate --input scene/ --steps 3`
"""


def command(
    output: Annotated[Path, typer.Argument(help="Folder to copy to; files in it of the same names are kept.")] = Path(
        "changen-example"
    ),
) -> None:
    """Copies the example scene."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{output}: cannot copy the example there: {error.strerror}; choose another folder") from error
    for source in example_files():
        target = output / source.name
        if not target.exists():
            write_whole(target, source.read_bytes())
    typer.echo(str(output))
