"""``changen train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from changen_cli.cli.progress import ProgressView
from changen_cli.errors import UsageError
from changen_cli.training.validation.best import RULE

HELP = f"""Train a network on single-date scenes with footprints: changen (Algorithm 1), or one it is compared with.

The folder RUN gets `config.yaml`, `last.ckpt`, `losses.csv`, `curves.png`, `tensorboard/` and `sheets/*.png`: a sheet
shows I_t, S_t (removed in red), S_t+1 (created in green) and the synthesised I_t+1. The same command again goes on
where the run stopped. Then `changen weights pack RUN` makes weights for `changen generate` (the segmenter's for
`changen evaluate`).

**Validation**

Every `--validate-every` iterations crops of held-out scenes (`--val`) are measured as `changen evaluate quality` does,
into `validation.csv` and `curves.png`. `best.ckpt` keeps the best so far: {RULE}.

**Models** (`--model`, or `model:` in a recipe)

`changen`: the change generator. `oasis`, `spade`: images from layouts alone. `deepfill`: fills the ground of removed
objects. `segmenter`: reads layouts from images.

**Recipes** (`--preset`)

For a CPU: `compact` for changen; `ablation-no-destyle` and `ablation-no-masking` (Table 3); `oasis`, `spade`,
`deepfill` and `segmenter`, of about that size. Without `--preset` or `--config` a model's own is taken. For GPUs, as in
section 4.1 and at full size: `paper`, `paper-no-destyle`, `paper-no-masking`, `paper-oasis`, `paper-spade`,
`paper-deepfill`.

**Several GPUs, or processes**

`--devices 8` starts a process for each of 8 GPUs (with `--device cpu`, 8 processes that compute on the CPU), and
`torchrun --nproc-per-node 8 -m changen_cli train ...` does as torchrun says, on one machine or many. The batch is
shared by all; on fewer GPUs than a recipe is meant for, each takes `--micro-batch` samples at a time and accumulates
their gradients. What is learnt does not depend on it but for rounding, so a run can go on with another number of GPUs.

**Examples**

`changen train --data scenes/ --output runs/a`

`changen train --data xview2/ --preset paper --devices 8 --output runs/paper`

`changen train --data scenes/ --model oasis --output runs/oasis`

`changen train --config recipe.yaml --output runs/b --device cuda`
"""


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; resumed if it holds one.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            "-d",
            help="Folder, raster or list of scenes with footprints, or an xBD / xView2 tree; repeatable.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="changen (default), oasis, spade, deepfill or segmenter; overrides the recipe's."),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Shipped recipe, see above. Default: compact for changen, else the model's.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="YAML recipe instead of a preset; options given here override it.")
    ] = None,
    resolution: Annotated[
        float | None, typer.Option(help="Ground metres per pixel to read --data at (0.3 to 0.6 suits buildings).")
    ] = None,
    val: Annotated[
        list[str] | None,
        typer.Option(help="Pattern of scene ids kept out of training, for sheets and validation; repeatable."),
    ] = None,
    iterations: Annotated[int | None, typer.Option(help="Updates of the network.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples per update, over all devices.")] = None,
    micro_batch: Annotated[
        int | None, typer.Option(help="Most samples that a device takes at once; 0: its whole share of the batch.")
    ] = None,
    crop: Annotated[int | None, typer.Option(help="Side of the training crops, a multiple of 64 pixels.")] = None,
    projected: Annotated[
        float | None, typer.Option(help="Weight of the projected discriminator; 0: the paper's loss alone.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything.")] = None,
    validate_every: Annotated[
        int | None, typer.Option(help="Iterations between two validations on held-out scenes; 0: none.")
    ] = None,
    segmenter: Annotated[
        str | None, typer.Option(help="Weights that read layouts in a validation; default: the shipped `segmenter`.")
    ] = None,
    inception_weights: Annotated[
        str | None, typer.Option(help="Inception network for FID and KID in a validation, as in `changen evaluate`.")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="auto, fp32 or bf16.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    devices: Annotated[
        int, typer.Option(help="Processes on this machine, each with a device; 0: one, or as torchrun says.")
    ] = 0,
    nodes: Annotated[int, typer.Option(help="Machines; 0: one, or as torchrun says.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes that prepare crops, for each device.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads for the networks; 0: all.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Trains a network."""
    from changen_cli.device import resolve_device
    from changen_cli.training.config.options import default_recipe, parse_config, read_recipe
    from changen_cli.training.distributed import launched, make_team
    from changen_cli.training.train import train

    if not data and (resolution is not None or val):
        raise UsageError("--resolution and --val are for --data; in a recipe they stand beside its data")
    recipe = config or preset or default_recipe(model or "changen")
    values = read_recipe(recipe)
    given: dict[str, Any] = {
        "model": model,
        "iterations": iterations,
        "batch_size": batch_size,
        "micro_batch": micro_batch,
        "projected": projected,
        "seed": seed,
        "validate_every": validate_every,
        "segmenter": segmenter,
        "inception_weights": inception_weights,
        "precision": precision,
        "workers": workers,
        "threads": threads,
    }
    values.update({name: value for name, value in given.items() if value is not None})
    if crop is not None:
        values["crops"] = {**(values.get("crops") or {}), "size": crop}
    if data:
        values["data"] = [{"path": path, "resolution": resolution, "val": val or []} for path in data]
    parsed = parse_config(values, recipe)
    team = make_team(resolve_device(device), devices, nodes)
    with launched(team), ProgressView("train", quiet=quiet or not team.is_global_zero) as view:
        checkpoint = train(parsed, output, team=team, reporter=view)
    if not quiet and team.is_global_zero:
        typer.echo(f"trained: {checkpoint}\npack the weights with: changen weights pack {output} --name NAME", err=True)
