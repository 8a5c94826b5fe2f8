"""Arguments of a detector's training: ``changen pretrain`` and ``changen finetune``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from changen_cli.conditions.options import ConditionOptions
from changen_cli.errors import UsageError
from changen_cli.models.detector import OPTIONS
from changen_cli.models.registry import models_trained_with
from changen_cli.options import Ge, Gt, Le, Lt, Number, PathText, Whole, option, options
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.options import sources
from changen_cli.training.config.pairs import AugmentOptions, PairData, SynthesisOptions
from changen_cli.training.config.run import OPTIMIZER, TRAINING, VALIDATION, RunOptions

SEGMENTATION = "segmentation"
"""The task of a pre-training on single dates."""

IMAGENET, NOTHING = "imagenet", "none"
"""What ``init`` may be beside weights and checkpoints."""


def _models() -> Iterable[str]:
    return models_trained_with(OPTIONS)


PairSources = Annotated[tuple[PairData, ...], BeforeValidator(sources)]


@options(kw_only=True)
class DetectionConfig(RunOptions, ConditionOptions):
    """One training run of a change detector; the defaults are those of the paper's pre-training (section 4).

    Attributes:
        detector: Architecture of the detector, typed by the model's record; None takes its defaults.
    """

    typed: ClassVar[Mapping[str, str]] = {"detector": "config", "arguments": "arguments"}
    verbs: ClassVar[str] = "changen pretrain and finetune"
    architecture_field: ClassVar[str] = "detector"

    model: str = option(
        default="changestar", help="What is trained; overrides the recipe's.", group=TRAINING, choices=_models
    )
    data: PairSources = option(default=(), help="Where pairs, or scenes, are.", group=TRAINING, cli=False)
    val_data: PairSources = option(default=(), help="Pairs, or scenes, to validate on.", group=VALIDATION, cli=False)
    detector: Any = option(default=None, help="Architecture of the detector.", cli=False)
    task: Literal["change", "segmentation"] = option(
        default="change",
        help="change, or segmentation: single dates of scenes, each with its footprints, nothing synthesised; the "
        "start that Table 6 compares with.",
        group=TRAINING,
    )
    init: str = option(
        default=NOTHING,
        help="What the detector starts from: imagenet (its backbone), weights (a name or a .safetensors file), a "
        "checkpoint of another run, or none.",
        group=TRAINING,
    )
    imagenet_weights: PathText = option(
        default="",
        help="File with the ImageNet weights of the backbone, as torchvision or timm saves them, for --init imagenet; "
        "changelite has a package with its own.",
        group=TRAINING,
    )
    iterations: Annotated[Whole, Ge(0)] = option(
        default=0, help="Updates of the detector; 0: as many as the epochs have.", group=TRAINING
    )
    epochs: Annotated[Number, Gt(0)] = option(
        default=20, help="How often each pair is seen, where --iterations says nothing.", group=TRAINING
    )
    pairs_per_epoch: Annotated[Whole, Ge(1)] = option(
        default=90_000,
        help="What counts as an epoch where pairs are made on the fly, and there is no end of them; the paper's data "
        "set has 90,000.",
        group=TRAINING,
    )
    fraction: Annotated[Number, Gt(0), Le(1)] = option(
        default=1.0,
        help="Share of the training pairs of each stored source that is used, the first by name; an epoch is as long "
        "as with all of them.",
        group=TRAINING,
    )
    batch_size: Annotated[Whole, Ge(1)] = option(default=64, help="Pairs per update, over all devices.", group=TRAINING)
    crops: CropOptions = option(default_factory=CropOptions, help="What a crop is, and what changes in one of scenes.")
    augment: AugmentOptions = option(default_factory=AugmentOptions, help="How pairs are varied.")
    synthesis: SynthesisOptions = option(default_factory=SynthesisOptions, help="How pairs of scenes are made.")
    optimizer: Literal["sgd", "adam", "adamw"] = option(
        default="sgd", help="sgd (of momentum 0.9), adam or adamw.", group=OPTIMIZER
    )
    lr: Annotated[Number, Gt(0)] = option(default=0.03, help="Learning rate at the start.", group=OPTIMIZER)
    power: Annotated[Number, Ge(0)] = option(
        default=0.9, help="Of the decay of the rate, (1 - n / N)^power; 0: it stays.", group=OPTIMIZER
    )
    momentum: Annotated[Number, Ge(0), Lt(1)] = option(default=0.9, help="Of SGD.", group=OPTIMIZER)
    weight_decay: Annotated[Number, Ge(0)] = option(default=1e-4, help="Weight decay.", group=OPTIMIZER)
    clip: Annotated[Number, Ge(0)] = option(
        default=0.0, help="Largest norm of the gradient; a larger one is scaled down. 0: any.", group=OPTIMIZER
    )
    ema: Annotated[Number, Ge(0), Lt(1)] = option(
        default=0.0, help="Decay of the moving average of the weights that is kept; 0: the weights as they are.",
        group=OPTIMIZER,
    )  # fmt: skip
    dice: Annotated[Number, Ge(0)] = option(
        default=1.0, help="Weight of the soft Dice loss beside the cross-entropy.", group="Losses"
    )
    change: Annotated[Number, Ge(0)] = option(
        default=1.0,
        help="Weight of the losses of change; 0: the layouts alone are learnt, as a segmenter learns them.",
        group="Losses",
    )
    layouts: Annotated[Number, Ge(0)] = option(
        default=0.0,
        help="Weight of the same losses of the layouts of both dates, where they are known. 0: the paper's protocol; "
        "more makes a detector that reads them too.",
        group="Losses",
    )

    def __post_init__(self) -> None:
        for name, several in (("data", self.data), ("val_data", self.val_data)):
            if len({source.share > 0 for source in several}) > 1:
                raise UsageError(f"{name} must all have a share, or none")
        if self.layouts > 0 and not getattr(self.detector, "layouts", False):
            raise UsageError(
                f"layouts {self.layouts:g}: the detector has no head for layouts; set detector: {{layouts: true}}"
            )
        if not (self.change or self.layouts):
            raise UsageError("change 0: then layouts must be learnt, or nothing is; set layouts: 1")
        if self.task == SEGMENTATION and (self.change or not self.layouts):
            raise UsageError("task segmentation: learns layouts and no change; set layouts: 1 and change: 0")
        if self.imagenet_weights and self.init != IMAGENET:
            raise UsageError(f"imagenet_weights {self.imagenet_weights}: is for init: {IMAGENET}")

    @property
    def fresh(self) -> bool:
        """Whether the run starts from nothing that was trained."""
        return self.init in ("", NOTHING)


def with_head(values: Mapping[str, object]) -> dict[str, object]:
    """Gives a detector a head for layouts where they are learnt and the recipe does not say whether it has one.

    For the task segmentation layouts are learnt whatever the recipe has, and no change.

    Args:
        values: A recipe, as :func:`~changen_cli.training.config.run.parse` takes it.
    """
    if values.get("task") == SEGMENTATION:
        values = {**values, "layouts": values.get("layouts") or 1.0, "change": 0.0}
    detector = values.get("detector")
    if values.get("layouts") in (None, 0, 0.0, "0") or (isinstance(detector, Mapping) and "layouts" in detector):
        return dict(values)
    return {**values, "detector": {**(detector if isinstance(detector, Mapping) else {}), "layouts": True}}
