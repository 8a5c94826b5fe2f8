"""``changen replay``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changen_cli.cli.progress import ProgressView

if TYPE_CHECKING:
    from changen_cli.pipeline.replay import Replayed

HELP = """Make an output again from its recipe, its sources and its weights, and say whether it is the same.

On the device, precision and number of threads (OMP_NUM_THREADS) that the recipe was made with, every byte is. Elsewhere
the last bits of images may be others, and labels the same: then it is said how many images differ, and the root mean
square of the difference in grey levels (an estimate, 9 % from the true one for an image; the largest single difference
cannot be known without pixels). A source that has changed is refused by name, and so are other weights.

Exit code 0: all is what it was, or as close as `--tolerance` asks; 1: something is not, and listed; 2: it cannot be
made. A run that was stopped goes on with the same command.

**Examples**

`changen replay my-series-recipe --input xBD/ --output changen-out`

On a CPU what was made on a GPU, differences of one grey level in the mean allowed:

`changen replay my-series-recipe -i xBD/ -o changen-out --device cpu --precision fp32 --tolerance 1`
"""

SHOWN = 5
"""Files that are listed; ``--json`` has them all."""


def command(
    recipe: Annotated[Path, typer.Argument(help="Folder that changen recipe wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder.")],
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="Folder or file of sources; where they were if not given. Repeatable."),
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Where the weights are, if they were not changen's own.")] = None,
    device: Annotated[str | None, typer.Option(help="Another device than that of the recipe.")] = None,
    precision: Annotated[str | None, typer.Option(help="Another precision than that of the recipe.")] = None,
    workers: Annotated[str, typer.Option(help="Processes that read and write: auto, or a number; 0: none.")] = "auto",
    batch_size: Annotated[str, typer.Option(help="auto or a number.")] = "auto",
    tolerance: Annotated[
        float, typer.Option(min=0.0, max=255.0, help="Root mean square grey levels that an image may be off.")
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Result as JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> int:
    """Calls :func:`changen_cli.pipeline.replay.replay`, and reports."""
    from changen_cli.pipeline.replay import replay

    given = {"weights": weights, "device": device, "precision": precision}
    others: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    with ProgressView("replay", quiet=quiet or as_json) as view:
        found = replay(recipe, output, inputs or (), view, workers=workers, batch_size=batch_size, **others)
    code = found.exit_code(tolerance)
    if as_json:
        typer.echo(json.dumps({**asdict(found), "identical": found.identical, "exit_code": code}, indent=2))
    else:
        typer.echo("\n".join(_lines(found)))
    return code


def _lines(found: Replayed) -> list[str]:
    if found.identical:
        return [f"{found.root}: the same, byte for byte: {found.files} files, {found.series} series"]
    named = ", ".join(found.differing[:SHOWN]) + (" ..." if len(found.differing) > SHOWN else "")
    lines = [f"{found.root}: {len(found.differing)} of {found.files} files are not what they were: {named}"]
    lines += [f"otherwise now: {one}" for one in found.other]
    lines.append(
        f"labels of {len(found.labels)} of {found.series} series differ"
        + (f", the first: {found.labels[0]}" if found.labels else "")
    )
    off = f": root mean square {found.rms:.3g} grey levels of all images, about {found.worst:.3g} of the furthest one"
    lines.append(f"{found.images_differing} of {found.images} images differ{off if found.images_differing else ''}")
    return lines
