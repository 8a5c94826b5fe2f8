"""Arguments that every training run has, whatever it trains and on what; each is declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import yaml
from pydantic import model_validator
from pydantic_core import ArgsKwargs

from changen_cli.errors import UsageError
from changen_cli.models.base import Model
from changen_cli.models.registry import get_model, model_names, models_trained_with
from changen_cli.options import Ge, Lt, Number, Whole, build, option, options

TRAINING, OPTIMIZER, RUN, VALIDATION = "Training", "Optimizer", "Run", "Validation"
"""Headings in ``--help``."""


@options(kw_only=True)
class RunOptions:
    """Base of the arguments of a training run.

    Attributes:
        typed: Fields whose types the model's record gives, and the record's attributes that do.
        verbs: The verbs of the command line that take these arguments, for messages.
        architecture_field: Which field has the architecture of the network that is trained for use.
        arguments: Arguments that the model alone has, typed by its record. In a recipe they stand among the others.
    """

    typed: ClassVar[Mapping[str, str]] = {"arguments": "arguments"}
    verbs: ClassVar[str] = ""
    architecture_field: ClassVar[str] = ""

    model: str = option(help="What is trained; overrides the recipe's.", group=TRAINING, choices=model_names)
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
    ema: Annotated[Number, Ge(0), Lt(1)] = option(
        default=0.9999,
        help="Decay of the moving average of the weights that is kept; warmed up over the first iterations.",
        group=OPTIMIZER,
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
        help="Iterations between two validations on held-out data; 0: none.",
        group=VALIDATION,
        recorded=False,
    )
    validation_crops: Annotated[Whole, Ge(4)] = option(
        default=64, help="Held-out crops that a validation sees.", group=VALIDATION
    )
    workers: Annotated[Whole, Ge(0)] | None = option(
        default=None,
        help="Processes that prepare crops, for each device; one, or as many as there are cores to spare where data "
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
        record = record_of(cls, str(values.setdefault("model", default_model(cls))))
        for name, attribute in cls.typed.items():
            kind, value = getattr(record, attribute), values.get(name)
            if kind is None:
                if value is not None:
                    raise UsageError(f"{name} must be left out for model {record.name!r}")
            elif value is None:
                values[name] = kind()
            elif not isinstance(value, kind):
                values[name] = build(kind, value, name)
        return values

    @property
    def architecture(self) -> Any:
        """Architecture of the network that is trained for use."""
        return getattr(self, self.architecture_field)

    def to_dict(self) -> dict[str, object]:
        """Returns plain values, ready for YAML and :func:`~changen_cli.training.config.parse.parse_run`."""
        values = asdict(self)
        values |= values.pop("arguments")
        plain: dict[str, object] = yaml.safe_load(yaml.safe_dump(_plain(values)))
        return plain


Options = TypeVar("Options", bound=RunOptions)


def record_of(cls: type[RunOptions], model: str) -> Model[Any]:
    """Finds the record of a model that a run of these arguments trains.

    Raises:
        UsageError: If there is no such model, or it is trained with other arguments.
    """
    if model not in model_names():
        raise UsageError(f"no model {model!r}; choose {', '.join(models_of(cls))}")
    record = get_model(model)
    if record.options != f"{cls.__module__}:{cls.__qualname__}":
        raise UsageError(f"model {model!r} is not trained by {cls.verbs}; choose {', '.join(models_of(cls))}")
    return record


def default_model(cls: type[RunOptions]) -> str:
    """Returns the model that is trained where nobody says which."""
    return next(str(field.default) for field in fields(cls) if field.name == "model")


def models_of(cls: type[RunOptions]) -> dict[str, Model[Any]]:
    """Finds the records of the models that these arguments train, by name."""
    return models_trained_with(f"{cls.__module__}:{cls.__qualname__}")


def parse(cls: type[Options], values: Mapping[str, object], where: str) -> Options:
    """Builds arguments from plain values.

    Args:
        cls: Their class.
        values: As read from YAML; what the model alone has stands among the others.
        where: Named in errors, for example the file.

    Returns:
        The validated arguments.

    Raises:
        UsageError: For an unknown key, a value out of range, or a model of another verb.
    """
    model = str(values.get("model", default_model(cls)))
    try:
        record_of(cls, model)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
    own = argument_names(model)
    merged: dict[str, object] = {str(key): value for key, value in values.items() if key not in own}
    nested = merged.get("arguments")
    merged["arguments"] = {
        **(nested if isinstance(nested, Mapping) else {}),
        **{key: values[key] for key in own if key in values},
    }
    known = {field.name for field in fields(cls)} - {"arguments"}
    for key in sorted(merged.keys() - known - {"arguments"}):
        others = [name for name in models_of(cls) if key in argument_names(name)]
        if others:
            raise UsageError(f"{where}: {key} is for model {' or '.join(map(repr, others))} alone, not for {model!r}")
        raise UsageError(f"{where}: unknown key {key!r}; known: {', '.join(sorted(known | own))}")
    return build(cls, merged, where)


def argument_names(model: str) -> set[str]:
    """Returns the names of the arguments that a model alone has."""
    return {field.name for field in fields(get_model(model).arguments)}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
