"""Arguments of a training run, each declared once; recipes and the command line are made from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, model_validator
from pydantic_core import ArgsKwargs

from changen_cli.errors import UsageError
from changen_cli.models.registry import find_models, get_model, model_names
from changen_cli.options import Ge, Gt, Lt, Number, Says, Whole, build, option, options, split
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.source import DataConfig

CLASSES = 256
"""Classes that a mask can hold, for networks that do not look at classes."""

TRAINING, OPTIMIZER, RUN, VALIDATION = "Training", "Optimizer", "Run", "Validation"
"""Headings in ``--help``."""


def _sources(value: object) -> object:
    """Takes a path, a mapping or a list of either."""
    if value is None:
        return ()
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple({"path": item} if isinstance(item, str) else item for item in items)


def _models() -> Iterable[str]:
    return model_names()


Sources = Annotated[tuple[DataConfig, ...], BeforeValidator(_sources)]
Beta = Annotated[Number, Ge(0), Lt(1)]
Betas = Annotated[tuple[Beta, Beta], split(","), Says("two numbers of at least 0 and below 1")]


@options(kw_only=True)
class TrainConfig:
    """One training run; the defaults are those of section 4.1 unless a help says otherwise.

    Attributes:
        generator: Architecture of the network that is trained for use (G), typed by the model's record; None takes its
            defaults.
        discriminator: Architecture of D, typed by the model's record; None takes its defaults, and is all that a model
            without one has.
        arguments: Arguments that the model alone has, typed by its record. In a recipe they stand among the others.
    """

    model: str = option(
        default="changen", help="What is trained; overrides the recipe's.", group=TRAINING, choices=_models
    )
    data: Sources = option(default=(), help="Where the scenes are.", group=TRAINING, cli=False)
    generator: Any = option(default=None, help="Architecture of the network.", cli=False)
    discriminator: Any = option(default=None, help="Architecture of the discriminator.", cli=False)
    arguments: Any = option(default=None, help="Arguments of the model alone.", cli=False)
    iterations: Annotated[Whole, Ge(1)] = option(
        default=100_000, help="Updates of the network.", group=TRAINING, recorded=False
    )
    batch_size: Annotated[Whole, Ge(1)] = option(
        default=32, help="Samples per update, over all devices.", group=TRAINING
    )
    micro_batch: Annotated[Whole, Ge(0)] = option(
        default=0,
        help="Most samples that a device takes at once; a larger share is accumulated, which gives the same update but "
        "for batch normalisation. 0: its whole share of the batch.",
        group=TRAINING,
        recorded=False,
    )
    crops: CropOptions = option(default_factory=CropOptions, help="What a crop is, and what changes in it.")
    lr_generator: Annotated[Number, Gt(0)] = option(default=1e-4, help="Learning rate of the network.", group=OPTIMIZER)
    lr_discriminator: Annotated[Number, Gt(0)] = option(
        default=4e-4, help="Learning rate of the discriminators.", group=OPTIMIZER
    )
    betas: Betas = option(default=(0.0, 0.999), help="Of Adam.", group=OPTIMIZER)
    ema: Annotated[Number, Ge(0), Lt(1)] = option(
        default=0.9999,
        help="Decay of the moving average of the weights that is kept; warmed up over the first iterations.",
        group=OPTIMIZER,
    )
    balance: bool = option(
        default=True, help="Weigh classes by their inverse frequency, as OASIS does.", group=OPTIMIZER
    )
    init: str = option(
        default="",
        help="Weights (a name such as compact, or a .safetensors file) or checkpoint that the run starts from; none "
        "for fresh networks. Weights bring their recipe along where none is given.",
        group=TRAINING,
    )
    precision: Literal["auto", "fp32", "bf16"] = option(default="auto", help="auto, fp32 or bf16.", group=RUN)
    seed: Whole = option(default=0, help="Seed of everything.", group=RUN)
    log_every: Annotated[Whole, Ge(1)] = option(
        default=10, help="Iterations between two lines of the loss log.", group=RUN, recorded=False
    )
    sample_every: Annotated[Whole, Ge(1)] = option(
        default=1000, help="Iterations between two sample sheets.", group=RUN, recorded=False
    )
    save_every: Annotated[Whole, Ge(1)] = option(
        default=1000, help="Iterations between two checkpoints.", group=RUN, recorded=False
    )
    validate_every: Annotated[Whole, Ge(0)] = option(
        default=1000,
        help="Iterations between two validations on held-out scenes; 0: none.",
        group=VALIDATION,
        recorded=False,
    )
    validation_crops: Annotated[Whole, Ge(4)] = option(
        default=64, help="Held-out crops that a validation sees.", group=VALIDATION
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
    workers: Annotated[Whole, Ge(0)] | None = option(
        default=None,
        help="Processes that prepare crops, for each device; one, or as many as there are cores to spare where scenes "
        "are streamed.",
        group=RUN,
        recorded=False,
    )
    threads: Annotated[Whole, Ge(0)] = option(
        default=0, help="CPU threads for the networks; 0: all.", group=RUN, recorded=False
    )

    @model_validator(mode="before")
    @classmethod
    def _type(cls, given: object) -> object:
        """Gives the fields that the model's record types their types, and their defaults."""
        named = given.kwargs or {} if isinstance(given, ArgsKwargs) else given
        if not isinstance(named, Mapping):
            return given
        # YAML reads a group with nothing in it as null
        values = {name: value for name, value in named.items() if name != "crops" or value is not None}
        model = values.get("model", "changen")
        if model not in model_names():
            raise UsageError(f"no model {model!r}; choose {', '.join(model_names())}")
        record = get_model(model)
        kinds = {"generator": record.config, "discriminator": record.discriminator, "arguments": record.arguments}
        for name, kind in kinds.items():
            value = values.get(name)
            if kind is None:
                if value is not None:
                    raise UsageError(f"{name} must be left out for model {model!r}")
            elif value is None:
                values[name] = kind()
            elif not isinstance(value, kind):
                values[name] = build(kind, value, name)
        return values

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

    def to_dict(self) -> dict[str, object]:
        """Returns plain values, ready for YAML and :func:`parse_config`."""
        values = asdict(self)
        values |= values.pop("arguments")
        plain: dict[str, object] = yaml.safe_load(yaml.safe_dump(_plain(values)))
        return plain


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def parse_config(values: Mapping[str, object], where: str = "training recipe") -> TrainConfig:
    """Builds a configuration from plain values.

    Args:
        values: As read from YAML; ``generator`` and ``discriminator`` are mappings of arguments of the model's
            networks, ``data`` a path, a mapping or a list of either; what the model alone has stands among the others.
        where: Named in errors, for example the file.

    Returns:
        The validated configuration.

    Raises:
        UsageError: For an unknown key or a value out of range.
    """
    model = str(values.get("model", "changen"))
    if model not in model_names():
        raise UsageError(f"{where}: no model {model!r}; choose {', '.join(model_names())}")
    own = argument_names(model)
    merged: dict[str, object] = {str(key): value for key, value in values.items() if key not in own}
    nested = merged.get("arguments")
    merged["arguments"] = {
        **(nested if isinstance(nested, Mapping) else {}),
        **{key: values[key] for key in own if key in values},
    }
    known = {field.name for field in fields(TrainConfig)} - {"arguments"}
    for key in sorted(merged.keys() - known - {"arguments"}):
        others = [name for name in find_models() if key in argument_names(name)]
        if others:
            raise UsageError(f"{where}: {key} is for model {' or '.join(map(repr, others))} alone, not for {model!r}")
        raise UsageError(f"{where}: unknown key {key!r}; known: {', '.join(sorted(known | own))}")
    return build(TrainConfig, merged, where)


def argument_names(model: str) -> set[str]:
    """Returns the names of the arguments that a model alone has."""
    return {field.name for field in fields(get_model(model).arguments)}
