"""``changen train``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from changen_cli.cli.options import takes
from changen_cli.cli.training import list_models, run_training
from changen_cli.errors import UsageError
from changen_cli.models.base import TRAINING
from changen_cli.models.registry import models_trained_with
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.config.recipes import default_recipe, override, read_recipe, recipe_names
from changen_cli.training.config.weights import WITHOUT_RECIPE, complete, names_weights
from changen_cli.training.validation.best import RULE

MODELS = models_trained_with(TRAINING)


HELP = f"""Train a network on single-date scenes with footprints: changen (Algorithm 1), or one it is compared with.

The folder RUN gets `config.yaml`, `last.ckpt`, `losses.csv`, `curves.png`, `tensorboard/` and `sheets/*.png`: a sheet
shows I_t, S_t (removed in red), S_t+1 (created in green) and the synthesised I_t+1. The same command again goes on
where the run stopped. Then `changen weights pack RUN` makes weights for `changen generate` (the segmenter's for
`changen evaluate`).

**Validation**

Every `--validate-every` iterations crops of held-out scenes (`--val`) are measured as `changen evaluate quality` does,
into `validation.csv` and `curves.png`. `best.ckpt` keeps the best so far: {RULE}.

**Models** (`--model`, or `model:` in a recipe)

{list_models(MODELS)}

**Recipes** (`--preset`)

{", ".join(f"`{name}`" for name in recipe_names())}; without `--preset` or `--config` a model's own is taken.
Those whose names begin with `paper` are for GPUs, as in section 4.1 and at full size, the others for a CPU;
`no-destyle` and `no-masking` are the ablations of Table 3.

**From trained weights** (`--init`)

`--init compact` starts from the shipped weights, and from the discriminators beside them, by the recipe in their card
(without `--preset` and without a recipe that has a `generator:` of its own): {WITHOUT_RECIPE["iterations"]} iterations
if `--iterations` says nothing else.

**Several GPUs, or processes**

`--devices 8` starts a process for each of 8 GPUs (with `--device cpu`, 8 processes that compute on the CPU), and
`torchrun --nproc-per-node 8 -m changen_cli train ...` does as torchrun says, on one machine or many. The batch is
shared by all; on fewer GPUs than a recipe is meant for, each takes `--micro-batch` samples at a time and accumulates
their gradients. What is learnt does not depend on it but for rounding, so a run can go on with another number of GPUs.

**Examples**

`changen train --data scenes/ --output runs/a`

`changen train --data xview2/ --preset paper --devices 8 --output runs/paper`

`changen train --init compact --data my-scenes/ --val 'east_*' --output runs/mine`

`changen train --data scenes/ --model oasis --output runs/oasis`

`changen train --config recipe.yaml --output runs/b --device cuda`
"""


@takes(TrainConfig, build=False, also=[model.arguments for model in MODELS.values()])
def command(
    given: Mapping[str, Any],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; resumed if it holds one.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            "-d",
            help="Folder, raster or list of scenes with footprints, or an xBD / xView2 tree; repeatable.",
        ),
    ] = None,
    resolution: Annotated[
        float | None, typer.Option(help="Ground metres per pixel to read --data at (0.3 to 0.6 suits buildings).")
    ] = None,
    val: Annotated[
        list[str] | None,
        typer.Option(help="Pattern of scene ids kept out of training, for sheets and validation; repeatable."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Shipped recipe, see above; else the model's own.")] = None,
    config: Annotated[
        str | None, typer.Option(help="YAML recipe instead of a preset; options given here override it.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...")] = "auto",
    devices: Annotated[
        int, typer.Option(help="Processes on this machine, each with a device; 0: one, or as torchrun says.")
    ] = 0,
    nodes: Annotated[int, typer.Option(help="Machines; 0: one, or as torchrun says.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Calls :func:`changen_cli.training.train.train`, and reports."""
    if not data and (resolution is not None or val):
        raise UsageError("--resolution and --val are for --data; in a recipe they stand beside its data")
    recipe = config or preset
    if not recipe and not names_weights(given.get("init")):  # weights bring their recipe along
        recipe = default_recipe(given.get("model", TrainConfig().model))
    values = override(read_recipe(recipe) if recipe else {}, given)
    if data:
        values["data"] = [{"path": path, "resolution": resolution, "val": val or []} for path in data]
    parsed = parse_config(complete(values), recipe or "options")
    run_training(parsed, output, device=device, devices=devices, nodes=nodes, quiet=quiet)
