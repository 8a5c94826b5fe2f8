"""What the verbs that train have in common: processes, the loop, the last line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from changen_cli.cli.progress import ProgressView
from changen_cli.models.base import Model

if TYPE_CHECKING:
    from changen_cli.training.config.run import RunOptions


def list_models(models: Mapping[str, Model[Any]]) -> str:
    """Lists models for a help text: a line for each."""
    return "\n\n".join(f"`{name}`: {model.summary}." for name, model in models.items())


def run_training(
    config: RunOptions, output: Path, *, device: str, devices: int, nodes: int, quiet: bool, verb: str = "train"
) -> None:
    """Trains in as many processes as are asked for, and says what was made.

    Args:
        config: The recipe.
        output: Folder of the run.
        device: As ``--device``.
        devices: As ``--devices``.
        nodes: As ``--nodes``.
        quiet: Whether nothing is said but errors.
        verb: Shown with the progress.
    """
    from changen_cli.device import resolve_device
    from changen_cli.training.distributed import launched, make_fabric
    from changen_cli.training.train import train

    fabric = make_fabric(resolve_device(device), devices, nodes)
    with launched(fabric), ProgressView(verb, quiet=quiet or not fabric.is_global_zero) as view:
        checkpoint = train(config, output, fabric=fabric, reporter=view)
    if not quiet and fabric.is_global_zero:
        typer.echo(f"trained: {checkpoint}\npack the weights with: changen weights pack {output} --name NAME", err=True)
