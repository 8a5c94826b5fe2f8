"""Arguments of a run on single-date scenes (``changen train``); recipes and the command line are made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from changen_cli.errors import UsageError
from changen_cli.models.base import TRAINING as SCENES
from changen_cli.models.registry import models_trained_with
from changen_cli.options import Ge, Gt, Lt, Number, Says, option, options, split
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.run import OPTIMIZER, TRAINING, VALIDATION, RunOptions, parse
from changen_cli.training.config.source import DataConfig

CLASSES = 256
"""Classes that a mask can hold, for networks that do not look at classes."""


def sources(value: object) -> object:
    """Takes a path, a mapping or a list of either."""
    if value is None:
        return ()
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple({"path": item} if isinstance(item, str) else item for item in items)


def _models() -> Iterable[str]:
    return models_trained_with(SCENES)


Sources = Annotated[tuple[DataConfig, ...], BeforeValidator(sources)]
Beta = Annotated[Number, Ge(0), Lt(1)]
Betas = Annotated[tuple[Beta, Beta], split(","), Says("two numbers of at least 0 and below 1")]


@options(kw_only=True)
class TrainConfig(RunOptions):
    """One training run on scenes; the defaults are those of section 4.1 unless a help says otherwise.

    Attributes:
        generator: Architecture of the network that is trained for use (G), typed by the model's record; None takes its
            defaults.
        discriminator: Architecture of D, typed by the model's record; None takes its defaults, and is all that a model
            without one has.
    """

    typed: ClassVar[Mapping[str, str]] = {
        "generator": "config",
        "discriminator": "discriminator",
        "arguments": "arguments",
    }
    verbs: ClassVar[str] = "changen train"
    architecture_field: ClassVar[str] = "generator"

    model: str = option(
        default="changen", help="What is trained; overrides the recipe's.", group=TRAINING, choices=_models
    )
    data: Sources = option(default=(), help="Where the scenes are.", group=TRAINING, cli=False)
    generator: Any = option(default=None, help="Architecture of the network.", cli=False)
    discriminator: Any = option(default=None, help="Architecture of the discriminator.", cli=False)
    crops: CropOptions = option(default_factory=CropOptions, help="What a crop is, and what changes in it.")
    lr_generator: Annotated[Number, Gt(0)] = option(default=1e-4, help="Learning rate of the network.", group=OPTIMIZER)
    lr_discriminator: Annotated[Number, Gt(0)] = option(
        default=4e-4, help="Learning rate of the discriminators.", group=OPTIMIZER
    )
    betas: Betas = option(default=(0.0, 0.999), help="Of Adam.", group=OPTIMIZER)
    balance: bool = option(
        default=True, help="Weigh classes by their inverse frequency, as OASIS does.", group=OPTIMIZER
    )
    segmenter: str = option(
        default="segmenter",
        help="Weights that read layouts in a validation; the shipped `segmenter` by default, empty goes without.",
        group=VALIDATION,
    )
    inception_weights: str = option(
        default="",
        help="Inception network for FID and KID in a validation, as in `changen evaluate`; empty goes without.",
        group=VALIDATION,
    )

    def __post_init__(self) -> None:
        if len({source.share > 0 for source in self.data}) > 1:
            raise UsageError("data must all have a share, or none")
        if self.classes != getattr(self.discriminator, "classes", self.classes):
            raise UsageError("generator and discriminator must have the same classes")

    @property
    def classes(self) -> int:
        """Classes that the masks may have, background included; as many as a mask can hold where no network looks."""
        return int(getattr(self.generator, "classes", CLASSES))

    @property
    def noise_dim(self) -> int:
        """Length of z; 0 for a model without noise."""
        return int(getattr(self.generator, "noise_dim", 0))


def parse_config(values: Mapping[str, object], where: str = "training recipe") -> TrainConfig:
    """Builds a configuration from plain values; see :func:`~changen_cli.training.config.run.parse`.

    Args:
        values: As read from YAML; ``generator`` and ``discriminator`` are mappings of arguments of the model's
            networks, ``data`` a path, a mapping or a list of either; what the model alone has stands among the others.
        where: Named in errors, for example the file.

    Returns:
        The validated configuration.

    Raises:
        UsageError: For an unknown key or a value out of range.
    """
    return parse(TrainConfig, values, where)
