"""``changen weights list | show | verify | pack | import``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from changen_cli.errors import ExitCode, UsageError, WeightsError
from changen_cli.texts import parse_yaml, read_text
from changen_cli.weights.card import Card, discriminators_path, find_weights, read_card, verify_weights, weights_paths

app = typer.Typer(no_args_is_help=True, help="See, verify, pack and import weights.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@app.command("list")
def list_command(as_json: AsJson = False) -> int:
    """List the weights that `changen generate --weights NAME` knows."""
    read = {name: (path, _read(path)) for name, path in weights_paths().items()}
    bad = any(isinstance(card, WeightsError) for _, card in read.values())
    if as_json:
        typer.echo(_json([_values(name, path, card) for name, (path, card) in read.items()]))
        return ExitCode.SOME_FAILED if bad else ExitCode.DONE
    table = Table("name", "architecture", "part", "iterations", "size", "what it is", title=None)
    for name, (path, card) in read.items():
        size = f"{path.stat().st_size / 1e6:.1f} MB"
        if isinstance(card, WeightsError):
            row = (name, "", "", "", size, f"cannot be used: {card}")
        else:
            row = (name, card.architecture, card.part, str(card.training.get("iterations", "")), size, card.summary)
        table.add_row(*map(escape, row))  # what a card says is text, not markup
    Console().print(table)
    return ExitCode.SOME_FAILED if bad else ExitCode.DONE


def _read(path: Path) -> Card | WeightsError:
    """Reads a card; one that is broken must not hide the others."""
    try:
        return read_card(path.with_suffix(".yaml"))
    except WeightsError as error:
        return error


def _values(name: str, path: Path, card: Card | WeightsError) -> dict[str, object]:
    if isinstance(card, WeightsError):
        return {"name": name, "path": str(path), "error": str(card)}
    return asdict(card) | {"path": str(path)}


def _json(values: object) -> str:
    return json.dumps(values, indent=2, default=str)  # YAML has dates, JSON has none


@app.command("show")
def show_command(
    weights: Annotated[str, typer.Argument(help="Name or path.")],
    as_json: AsJson = False,
    stac: Annotated[
        bool, typer.Option("--stac", help="Print a STAC item with the machine-learning-model extension.")
    ] = False,
) -> None:
    """Show the card of one set of weights: architecture, training, data, licence, metrics."""
    path, card = find_weights(weights)
    if stac:
        from changen_cli.weights.stac import describe_weights

        typer.echo(_json(describe_weights(path, card)))
        return
    values = asdict(card) | {"path": str(path)}
    typer.echo(_json(values) if as_json else yaml.safe_dump(values, sort_keys=False).rstrip())


@app.command("verify")
def verify_command(
    weights: Annotated[list[str] | None, typer.Argument(help="Names or paths; all that are known if none.")] = None,
) -> int:
    """Compare weights with the SHA-256 of their cards."""
    bad: WeightsError | None = None
    for name in weights or list(weights_paths()):
        try:
            path, card = find_weights(name)
            verify_weights(path, card)
        except WeightsError as error:
            if bad is not None:
                typer.echo(f"bad: {bad}", err=True)
            bad = error
        else:
            typer.echo(f"{path}: good, SHA-256 {card.sha256}")
    if bad is not None:
        raise bad
    return ExitCode.DONE


@app.command("pack")
def pack_command(
    run: Annotated[Path, typer.Argument(help="Folder of a training run, or one of its checkpoints.")],
    name: Annotated[str, typer.Option(help="Name of the weights.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for NAME.safetensors and NAME.yaml.")] = Path(),
    checkpoint: Annotated[
        str, typer.Option(help="Which of a run's: last (where it stands) or best (of its validations).")
    ] = "last",
    discriminators: Annotated[
        bool,
        typer.Option("--discriminators", help="Pack NAME-discriminators too, for changen train --init to start from."),
    ] = False,
    dtype: Annotated[str, typer.Option(help="fp16 (half the size) or fp32.")] = "fp16",
    trained_with: Annotated[str, typer.Option("--command", help="The command that trained them, for the card.")] = "",
    summary: Annotated[str, typer.Option(help="One line for the card.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the card.")] = "",
    attribution: Annotated[str, typer.Option(help="What users must say of the training data, for the card.")] = "",
    metrics: Annotated[Path | None, typer.Option(help="YAML or JSON file of metrics, for the card.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Of a detector: probability from which changen detect takes a pixel as changed; else 0.5."),
    ] = None,
) -> None:
    """Pack a training run's generator into safetensors and a card."""
    from changen_cli.training.export import pack_weights

    path = pack_weights(
        run,
        output,
        name,
        checkpoint=checkpoint,
        discriminators=discriminators,
        dtype=dtype,
        command=trained_with,
        summary=summary,
        licence=licence,
        attribution=attribution,
        metrics=None if metrics is None else _read_metrics(metrics),
        threshold=threshold,
    )
    for made in (path, discriminators_path(path)) if discriminators else (path,):
        typer.echo(f"{made}\n{made.with_suffix('.yaml')}")


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="What the authors publish: a file of torch.save, or .safetensors.")],
    model: Annotated[str, typer.Option("--as", help="The model that it is of: changestar.")],
    name: Annotated[str, typer.Option(help="Name of the weights; that of the file if none.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for NAME.safetensors and NAME.yaml.")] = Path(),
    sha256: Annotated[str | None, typer.Option(help="SHA-256 that the file must have.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the file, for the card.")] = "",
    attribution: Annotated[str, typer.Option(help="What users must say of the file, for the card.")] = "",
) -> None:
    """Read a detector that its authors publish into safetensors and a card.

    `changestar` reads the four files of ChangeStar(1x96) of https://github.com/Z-Zheng/Changen (ResNet-18 and MiT-B1,
    LEVIR-CD and S2Looking). Nothing in a file is executed, and one that has more or less than the network is refused.

    `changen weights import changestar1x96_r18_ft_levircd.pth --as changestar --name changestar-levir`
    """
    from changen_cli.weights.published import import_weights

    path = import_weights(
        file, model, output, name or file.stem, sha256=sha256, licence=licence, attribution=attribution
    )
    typer.echo(f"{path}\n{path.with_suffix('.yaml')}")


def _read_metrics(path: Path) -> dict[str, object]:
    try:
        values = parse_yaml(read_text(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"--metrics {path}: not a readable YAML or JSON file: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict):
        raise UsageError(f"--metrics {path}: must be a mapping of metric to value")
    return values
