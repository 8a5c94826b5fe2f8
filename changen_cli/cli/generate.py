"""``changen generate``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from changen_cli.cli.config import read_config
from changen_cli.cli.progress import ProgressView
from changen_cli.errors import UsageError

if TYPE_CHECKING:
    from changen_cli.pipeline.summary import Summary

HELP = """Simulate how places change, and write labelled image series.

Every tile of the input becomes a series: its own image, then one synthesised image for each step, with a class mask and
an instance mask for each, and a change mask for each pair. The same command again goes on where a run was stopped.

**Examples**

Three steps of building and demolition, on every raster of a folder with footprints beside:

`changen generate --input tiles/ --events create,remove --steps 3`

One large GeoTIFF with footprints in a GeoPackage, read at 0.5 m, as GeoTIFF folders:

`changen generate --input city.tif --footprints city.gpkg --resolution 0.5 --format geotiff`

A training set in the layout of LEVIR-CD+, removal twice as often, no more than two changes a step:

`changen generate -i tiles/ --events remove=2,create --changes-per-step 1:2 --format levir`

What would be done, and how long it would take: `changen generate -i tiles/ --dry-run`
"""

FAILED_SHOWN = 20
"""Failed samples that are listed at the end."""

INPUT, EVENTS, MODEL, OUTPUT, RUN = "Input", "Events", "Synthesis", "Output", "Run"


def command(
    input: Annotated[
        list[str],
        typer.Option(
            "--input",
            "-i",
            help="Folder, xBD tree, raster, .txt list, /vsi path, URL, or - for paths on standard input. Repeatable.",
            rich_help_panel=INPUT,
        ),
    ],
    masks: Annotated[
        str | None, typer.Option(help="Mask raster, or folder of masks by equal name.", rich_help_panel=INPUT)
    ] = None,
    footprints: Annotated[
        str | None,
        typer.Option(
            help="Vector file of footprints, any CRS: GeoJSON, GPKG, SHP, FGB, Parquet.", rich_help_panel=INPUT
        ),
    ] = None,
    footprints_crs: Annotated[
        str | None, typer.Option(help="CRS of vectors that do not say, EPSG:32633 or pixel.", rich_help_panel=INPUT)
    ] = None,
    resolution: Annotated[
        float | None,
        typer.Option(help="Ground metres per pixel to read at (shipped weights: 0.3 to 0.6).", rich_help_panel=INPUT),
    ] = None,
    bands: Annotated[
        str | None, typer.Option(help="Bands of red, green and blue, from 1: 3,2,1.", rich_help_panel=INPUT)
    ] = None,
    rescale: Annotated[
        str | None,
        typer.Option(help="LOW:HIGH (become 0 and 255) or auto, for 16-bit and float rasters.", rich_help_panel=INPUT),
    ] = None,
    tile_size: Annotated[int, typer.Option(help="Side of a tile, pixels.", rich_help_panel=INPUT)] = 256,
    overlap: Annotated[int, typer.Option(help="Pixels that neighbouring tiles share.", rich_help_panel=INPUT)] = 0,
    edges: Annotated[
        str, typer.Option(help="Last tiles of a scene: shift (moved inwards) or pad.", rich_help_panel=INPUT)
    ] = "shift",
    min_valid: Annotated[
        float, typer.Option(help="Least share of valid pixels of a tile.", rich_help_panel=INPUT)
    ] = 0.5,
    events: Annotated[
        str,
        typer.Option(
            help="Events, with weights if you like: create=2,remove=1. See: changen events list.",
            rich_help_panel=EVENTS,
        ),
    ] = "create,remove",
    steps: Annotated[int, typer.Option(help="Steps of a series.", rich_help_panel=EVENTS)] = 1,
    changes_per_step: Annotated[
        str, typer.Option(help="Least and most changes of a step.", rich_help_panel=EVENTS)
    ] = "1:5",
    variants: Annotated[
        int, typer.Option(help="Series per tile: the paper's Changen-{n x 90}k.", rich_help_panel=EVENTS)
    ] = 1,
    event_option: Annotated[
        list[str] | None,
        typer.Option(help="Parameter of an event, create.turn=45. Repeatable.", rich_help_panel=EVENTS),
    ] = None,
    exclude: Annotated[
        str | None, typer.Option(help="Vector file of water, roads ... where nothing is built.", rich_help_panel=EVENTS)
    ] = None,
    library: Annotated[
        str | None,
        typer.Option(help="Vector file of footprints whose outlines new objects take.", rich_help_panel=EVENTS),
    ] = None,
    gap: Annotated[
        float, typer.Option(help="Least distance of a placed footprint to others, pixels.", rich_help_panel=EVENTS)
    ] = 2.0,
    synthesizer: Annotated[
        str, typer.Option(help="changen, or copy (labels only: images do not change).", rich_help_panel=MODEL)
    ] = "changen",
    weights: Annotated[
        str | None, typer.Option(help="Name or path. See: changen weights list.", rich_help_panel=MODEL)
    ] = None,
    background: Annotated[
        str,
        typer.Option(help="synthesize (the paper: all pixels) or keep (only around changes).", rich_help_panel=MODEL),
    ] = "synthesize",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...", rich_help_panel=MODEL)] = "auto",
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16 or fp16.", rich_help_panel=MODEL)] = "auto",
    batch_size: Annotated[str, typer.Option(help="auto or a number.", rich_help_panel=MODEL)] = "auto",
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder.", rich_help_panel=OUTPUT)] = Path(
        "changen-out"
    ),
    format: Annotated[
        str, typer.Option("--format", "-f", help="zarr, geotiff or levir.", rich_help_panel=OUTPUT)
    ] = "zarr",
    split: Annotated[
        str, typer.Option(help="Shares of train,val,test; whole scenes are shared out.", rich_help_panel=OUTPUT)
    ] = "0.8,0.1,0.1",
    creation_option: Annotated[
        list[str] | None,
        typer.Option(
            "--creation-option", "--co", help="GDAL's, for GeoTIFF: COMPRESS=ZSTD. Repeatable.", rich_help_panel=OUTPUT
        ),
    ] = None,
    cog: Annotated[bool, typer.Option("--cog", help="Cloud optimised GeoTIFFs.", rich_help_panel=OUTPUT)] = False,
    shard_samples: Annotated[
        str, typer.Option(help="Series per shard, the unit of commit: auto or a number.", rich_help_panel=OUTPUT)
    ] = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start again if the output holds another run.", rich_help_panel=OUTPUT)
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same output.", rich_help_panel=RUN)] = 0,
    workers: Annotated[
        str, typer.Option(help="Processes that read and write: auto, or a number; 0: none.", rich_help_panel=RUN)
    ] = "auto",
    config: Annotated[
        Path | None,
        typer.Option(
            help="YAML file with any of these options; what is typed overrides it.",
            callback=read_config,
            is_eager=True,
            rich_help_panel=RUN,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.", rich_help_panel=RUN)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Summary as JSON on standard output.", rich_help_panel=RUN)
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=RUN)] = False,
) -> int:
    """Parses, calls :func:`changen_cli.pipeline.run.generate`, reports."""
    from changen_cli.pipeline.estimate import estimate
    from changen_cli.pipeline.options import GenerateOptions, parse_bands, parse_split
    from changen_cli.pipeline.run import generate, prepare_run

    del config  # its values came in as defaults
    options = GenerateOptions(
        inputs=tuple(input),
        output=str(output),
        masks=masks,
        footprints=footprints,
        format=format,
        events=events,
        steps=steps,
        changes_per_step=changes_per_step,
        event_options=tuple(event_option or ()),
        variants=variants,
        tile_size=tile_size,
        overlap=overlap,
        edges=edges,  # type: ignore[arg-type]  # checked by the options themselves
        min_valid=min_valid,
        resolution=resolution,
        bands=None if bands is None else parse_bands(bands),
        rescale=rescale,
        footprints_crs=footprints_crs,
        exclude=exclude,
        gap=gap,
        library=library,
        synthesizer=synthesizer,
        weights=weights,
        background=background,  # type: ignore[arg-type]  # checked by the options themselves
        device=device,
        precision=precision,
        batch_size=_number("--batch-size", batch_size),
        workers=_number("--workers", workers),
        shard_samples=_number("--shard-samples", shard_samples),
        split=parse_split(split),
        creation_options=_pairs(creation_option or ()),
        cog=cog,
        seed=seed,
        overwrite=overwrite,
    )
    view = ProgressView("generate", "series", quiet=quiet)
    if dry_run:
        figures = estimate(prepare_run(options, view.warn))
        typer.echo(json.dumps(figures, indent=2) if as_json else _estimate_lines(figures))
        return 0
    with view:
        summary = generate(options, lambda s: _show(view, s), view.warn)
    if as_json:
        typer.echo(json.dumps(_summary_json(summary), indent=2))
    if not summary.statuses["done"]:
        reason = summary.problems[0][2] if summary.problems else "there are no tiles"
        raise UsageError(f"no series could be made of {summary.samples} samples; the first: {reason}")
    _report(view, summary)
    return summary.exit_code


def _number(name: str, text: str) -> str | int:
    if text == "auto":
        return text
    try:
        return int(text)
    except ValueError as error:
        raise UsageError(f"{name} {text}: must be auto or a whole number") from error


def _pairs(items: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for item in items:
        name, given, value = item.partition("=")
        if not (name and given):
            raise UsageError(f"--creation-option {item!r}: must be NAME=VALUE, for example COMPRESS=ZSTD")
        pairs[name.upper()] = value
    return pairs


def _show(view: ProgressView, summary: Summary) -> None:
    note = f"{summary.tile_steps_per_second:.1f} tile-steps/s"
    if troubled := summary.statuses["skipped"] + summary.statuses["failed"]:
        note += f", {troubled} skipped or failed"
    view.show(summary.finished, summary.samples, note, summary.seconds_left)


def _report(view: ProgressView, summary: Summary) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items()))
    changes = ", ".join(f"{count} {event}" for event, count in sorted(summary.changes.items())) or "none"
    before = f"; {summary.resumed} by an earlier run" if summary.resumed else ""
    view.say(
        f"{summary.output}: {counts} of {summary.samples} series{before}; changes: {changes}; {summary.seconds:.1f} s"
    )
    failed = [(id_, reason) for id_, status, reason in summary.problems if status == "failed"]
    for id_, reason in failed[:FAILED_SHOWN]:
        view.warn(f"failed: {id_}: {reason}")
    if (more := summary.statuses["failed"] - FAILED_SHOWN) > 0:
        view.warn(f"failed: {more} more; samples.parquet in {summary.output} has them all")
    skipped = [reason for _, status, reason in summary.problems if status == "skipped"]
    if skipped:
        view.say(f"skipped: {summary.statuses['skipped']} series, the first because: {skipped[0]}")


def _summary_json(summary: Summary) -> dict[str, Any]:
    values = {item.name: getattr(summary, item.name) for item in fields(summary)}
    values["problems"] = [{"id": i, "status": s, "reason": r} for i, s, r in summary.problems]
    values["tile_steps_per_second"] = round(summary.tile_steps_per_second, 3)
    values["seconds"] = round(summary.seconds, 3)
    values["exit_code"] = summary.exit_code
    return values


def _estimate_lines(figures: dict[str, Any]) -> str:
    return "\n".join(
        (
            f"scenes:  {figures['scenes']}",
            f"tiles:   {figures['tiles']}, {figures['variants']} series each",
            f"series:  {figures['samples']} of {figures['steps']} steps, in {figures['shards']} shards",
            f"bytes:   {figures['bytes'] / 1e9:.2f} GB before compression",
            f"device:  {figures['device']}, {figures['precision']}",
            f"time:    about {figures['seconds'] / 60:.1f} minutes ({figures['seconds_per_step']:.3f} s a tile-step, "
            "measured now on one tile)",
        )
    )
