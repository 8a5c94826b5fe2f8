"""What ``changen pretrain`` and ``changen finetune`` have in common: where pairs are, and the recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from changen_cli.cli.options import takes
from changen_cli.cli.training import list_models, run_training
from changen_cli.errors import UsageError
from changen_cli.models.detector import OPTIONS
from changen_cli.models.registry import models_trained_with
from changen_cli.training.config.detection import DetectionConfig, with_head
from changen_cli.training.config.recipes import default_recipe, override, read_recipe
from changen_cli.training.config.run import default_model, parse

MODELS = models_trained_with(OPTIONS)
LISTED = list_models(MODELS)

Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; resumed if it holds one.")]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        "-d",
        help="Pairs (an output of changen generate, LEVIR-CD, WHU-CD, S2Looking, any A/B/label folder), or scenes with "
        "footprints as for changen train, of which pairs are then made on the fly; repeatable.",
    ),
]
ValData = Annotated[list[str] | None, typer.Option("--val-data", help="Pairs, or scenes, to validate on; repeatable.")]
Resolution = Annotated[
    float | None, typer.Option(help="Ground metres per pixel to read scenes of --data at (0.3 to 0.6).")
]
Val = Annotated[
    list[str] | None,
    typer.Option(help="Pattern of ids of --data kept out of training, for sheets and validation; repeatable."),
]
Preset = Annotated[str | None, typer.Option(help="Shipped recipe, see above; else the model's own.")]
Config = Annotated[str | None, typer.Option(help="YAML recipe instead of a preset; options given here override it.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...")]
Devices = Annotated[
    int, typer.Option(help="Processes on this machine, each with a device; 0: one, or as torchrun says.")
]
Nodes = Annotated[int, typer.Option(help="Machines; 0: one, or as torchrun says.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


@dataclass(frozen=True, slots=True)
class DataWords:
    """What was typed of the data.

    Attributes:
        data: Paths.
        val_data: Paths.
        resolution: Ground metres per pixel.
        val: Patterns of ids.
    """

    data: Sequence[str] | None
    val_data: Sequence[str] | None
    resolution: float | None
    val: Sequence[str] | None

    def as_recipe(self) -> dict[str, object]:
        """Returns what a recipe has instead.

        Raises:
            UsageError: If there is no data that the other words are for.
        """
        if not self.data and (self.resolution is not None or self.val):
            raise UsageError("--resolution and --val are for --data; in a recipe they stand beside its data")
        found: dict[str, object] = {}
        if self.data:
            more = {"resolution": self.resolution, "val": list(self.val or ())}
            found["data"] = [{"path": path, **more} for path in self.data]
        if self.val_data:
            found["val_data"] = [{"path": path, "resolution": self.resolution} for path in self.val_data]
        return found


def recipe_of(given: Mapping[str, Any], words: DataWords, recipe: str | None, *, finetune: bool) -> DetectionConfig:
    """Puts a recipe together: the model's own or the one asked for, and what was typed.

    Args:
        given: Options that were typed.
        words: What was typed of the data.
        recipe: Name or path of the recipe that was asked for.
        finetune: Whether a model's own is the one for fine-tuning.

    Raises:
        ChangenError: If it cannot be used.
    """
    from changen_cli.training.run.start import adopt

    values = dict(given)
    if recipe is None:
        started = adopt(values)
        recipe = default_recipe(str(started.get("model", default_model(DetectionConfig))), finetune=finetune)
    merged = {**override(read_recipe(recipe), values), **words.as_recipe()}
    return parse(DetectionConfig, with_head(adopt(merged)), recipe)


def training_command(verb: str, *, finetune: bool) -> Callable[..., None]:
    """Makes the command of a verb that trains a detector; the two differ in their recipes alone.

    Args:
        verb: Shown with the progress.
        finetune: Whether it goes on from something, so that ``--init`` must be said.
    """

    @takes(DetectionConfig, build=False)
    def command(
        given: Mapping[str, Any],
        output: Output,
        data: Data = None,
        val_data: ValData = None,
        resolution: Resolution = None,
        val: Val = None,
        preset: Preset = None,
        config: Config = None,
        device: Device = "auto",
        devices: Devices = 0,
        nodes: Nodes = 0,
        quiet: Quiet = False,
    ) -> None:
        """Calls :func:`changen_cli.training.train.train`, and reports."""
        if finetune and "init" not in given and not (config or preset):
            raise UsageError("--init is missing: a checkpoint, weights, imagenet, or none to start from nothing")
        words = DataWords(data, val_data, resolution, val)
        parsed = recipe_of(given, words, config or preset, finetune=finetune)
        run_training(parsed, output, device=device, devices=devices, nodes=nodes, quiet=quiet, verb=verb)

    return command
