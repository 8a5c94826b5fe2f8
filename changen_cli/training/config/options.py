"""Arguments of a training run: validated dataclasses, filled from YAML recipes and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from changen_cli.errors import UsageError
from changen_cli.models.registry import get_model, model_names
from changen_cli.options import build
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.source import DataConfig, check_types

__all__ = ["RECIPES", "DataConfig", "TrainConfig", "default_recipe", "parse_config", "read_recipe"]

RECIPES = Path(__file__).parents[1] / "recipes"

OPTIONS: Mapping[str, str] = {
    "projected": "changen",
    "changed": "changen",
    "labelmix": "oasis",
    "matching": "spade",
    "perceptual": "spade",
    "adversarial": "deepfill",
    "jitter": "segmenter",
}
"""Arguments that one model alone knows; for the others they must keep their defaults."""

CLASSES = 256
"""Classes that a mask can hold, for networks that do not look at classes."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training run; section 4.1 unless a comment says otherwise.

    Attributes:
        model: What is trained, a name from :func:`~changen_cli.models.registry.model_names`.
        data: Where the scenes are.
        generator: Architecture of G (of the segmenter, for that model); None takes the model's defaults.
        discriminator: Architecture of D; None takes the model's defaults, and is all that the segmenter has.
        iterations: Updates of G (and of D).
        batch_size: Samples per update, over all devices.
        micro_batch: Most samples that a device takes at once; a device whose share is larger accumulates gradients over
            several, which gives the same update but for batch normalisation. 0 takes the share at once.
        crops: What a crop is, and what changes in it.
        lr_generator: Learning rate of G.
        lr_discriminator: Learning rate of D.
        betas: Of Adam.
        ema: Decay of the moving average of G's weights that is kept; warmed up over the first iterations.
        balance: Weigh classes by their inverse frequency, as OASIS does.
        changed: Weight of pixels of changed ground in the losses of synthesised images. The paper has 1; more shows
            short runs sooner what a removed building leaves, which is a small part of few crops.
        projected: Weight of the projected discriminator (MODEL.md); 0, the paper's loss alone, has none.
        labelmix: OASIS alone: weight of the LabelMix consistency of D; 10 as published, 0 goes without.
        matching: SPADE alone: weight of feature matching; 10 as published.
        perceptual: SPADE alone: weight of the comparison of EfficientNet-Lite0 features, in place of VGG-19's.
        adversarial: DeepFillv2 alone: weight of the hinge loss beside that of L1, which is 1.
        jitter: Segmenter alone: largest relative change of brightness, contrast and each band's gain.
        init: Checkpoint whose state the run starts from; empty for fresh networks.
        precision: "auto", "fp32" or "bf16".
        seed: Of everything.
        log_every: Iterations between two lines of the loss log.
        sample_every: Iterations between two sample sheets.
        save_every: Iterations between two checkpoints.
        validate_every: Iterations between two validations on held-out scenes; 0 has none.
        validation_crops: Held-out crops that a validation sees.
        segmenter: Weights that read layouts from synthesised images in a validation; empty goes without.
        inception_weights: File of the Inception network, for FID and KID in a validation; empty goes without.
        workers: Processes that prepare crops, for each training process; None: one, or, where scenes are streamed, as
            many as there are cores to spare.
        threads: CPU threads of the training process; 0 leaves PyTorch's choice.
    """

    model: str = "changen"
    data: tuple[DataConfig, ...] = ()
    # the configuration classes of the model; there are as many as models
    generator: Any = None
    discriminator: Any = None
    iterations: int = 100_000
    batch_size: int = 32
    micro_batch: int = 0
    crops: CropOptions = field(default_factory=CropOptions)
    lr_generator: float = 1e-4
    lr_discriminator: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.999)
    ema: float = 0.9999
    balance: bool = True
    changed: float = 1.0
    projected: float = 0.0
    labelmix: float = 0.0
    matching: float = 10.0
    perceptual: float = 0.0
    adversarial: float = 1.0
    jitter: float = 0.2
    init: str = ""
    precision: str = "auto"
    seed: int = 0
    log_every: int = 10
    sample_every: int = 1000
    save_every: int = 1000
    validate_every: int = 1000
    validation_crops: int = 64
    segmenter: str = "segmenter"
    inception_weights: str = ""
    workers: int | None = None
    threads: int = 0

    def __post_init__(self) -> None:
        check_types(self, "training recipe")
        object.__setattr__(self, "data", tuple(self.data))
        object.__setattr__(self, "betas", tuple(self.betas))
        generator, discriminator = _networks(self.model, "training recipe")
        for name, kind in (("generator", generator), ("discriminator", discriminator)):
            if getattr(self, name) is None and kind is not None:
                object.__setattr__(self, name, kind())
            if not isinstance(getattr(self, name), kind or type(None)):
                wanted = "must be left out" if kind is None else f"must be {kind.__name__}"
                raise UsageError(f"training recipe: {name} {wanted} for model {self.model!r}")
        problems = {
            "iterations must be at least 1": self.iterations < 1,
            "batch_size must be at least 1": self.batch_size < 1,
            "micro_batch must not be negative": self.micro_batch < 0,
            "data must all have a share, or none": len({d.share > 0 for d in self.data}) > 1,
            "learning rates must be positive": min(self.lr_generator, self.lr_discriminator) <= 0,
            "betas must be two numbers in 0..1": len(self.betas) != 2 or not all(0 <= b < 1 for b in self.betas),
            "ema must be in 0..1": not 0 <= self.ema < 1,
            "changed must be positive": self.changed <= 0,
            "projected must not be negative": self.projected < 0,
            "labelmix, matching, perceptual and adversarial must not be negative": min(
                self.labelmix, self.matching, self.perceptual, self.adversarial
            )
            < 0,
            "jitter must be in 0..1": not 0 <= self.jitter < 1,
            "precision must be auto, fp32 or bf16": self.precision not in ("auto", "fp32", "bf16"),
            "log_every, sample_every and save_every must be at least 1": min(
                self.log_every, self.sample_every, self.save_every
            )
            < 1,
            "validate_every must not be negative": self.validate_every < 0,
            "validation_crops must be at least 4": self.validation_crops < 4,
            "workers and threads must not be negative": min(self.workers or 0, self.threads) < 0,
            "generator and discriminator must have the same classes": self.classes
            != getattr(self.discriminator, "classes", self.classes),
        }
        for known in fields(self):
            model = OPTIONS.get(known.name, self.model)
            problems[f"{known.name} is for model {model!r} alone, not for {self.model!r}"] = (
                model != self.model and getattr(self, known.name) != known.default
            )
        for problem, found in problems.items():
            if found:
                raise UsageError(f"training recipe: {problem}")

    @property
    def classes(self) -> int:
        """Classes that the masks may have, background included; as many as a mask can hold where no network looks."""
        return int(getattr(self.generator, "classes", CLASSES))

    @property
    def noise_dim(self) -> int:
        """Length of z; 0 for a model without noise."""
        return int(getattr(self.generator, "noise_dim", 0))

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, ready for YAML and :func:`parse_config`."""
        plain: dict[str, Any] = yaml.safe_load(yaml.safe_dump(_plain(asdict(self))))
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _build(cls: type[Any], values: Any, where: str) -> Any:
    if not isinstance(values, Mapping):
        raise UsageError(f"{where}: must be a mapping of argument to value, not {values!r}")
    known = {f.name for f in fields(cls)}
    unknown = sorted({str(key) for key in values} - known)
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {error}") from error


def _networks(model: Any, where: str) -> tuple[type[Any], type[Any] | None]:
    """Gives the configuration classes of a model's generator and discriminator."""
    if model not in model_names():
        raise UsageError(f"{where}: no model {model!r}; choose {', '.join(model_names())}")
    found = get_model(model)
    return found.config, found.discriminator


def parse_config(values: Mapping[str, Any], where: str = "training recipe") -> TrainConfig:
    """Builds a configuration from plain values.

    Args:
        values: As read from YAML; ``generator`` and ``discriminator`` are mappings of arguments of the model's
            networks, ``data`` a path, a mapping or a list of either.
        where: Named in errors, for example the file.

    Returns:
        The validated configuration.

    Raises:
        UsageError: For an unknown key or a value out of range.
    """
    merged = dict(values)
    data = merged.get("data") or ()
    data = data if isinstance(data, list | tuple) else [data]
    merged["data"] = [_build(DataConfig, {"path": d} if isinstance(d, str) else d, f"{where}: data") for d in data]
    if "crops" in merged and not isinstance(merged["crops"], CropOptions):
        merged["crops"] = build(CropOptions, merged["crops"], f"{where}: crops")
    model = merged.get("model", "changen")
    for key, cls in zip(("generator", "discriminator"), _networks(model, where), strict=True):
        if key not in merged:
            continue
        if cls is None:
            if merged[key] is not None:
                raise UsageError(f"{where}: {key} must be left out for model {model!r}")
        else:
            merged[key] = _build(cls, merged[key], f"{where}: {key}")
    config: TrainConfig = _build(TrainConfig, merged, where)
    return config


def default_recipe(model: str) -> str:
    """Names the shipped recipe that trains a model on a CPU.

    Raises:
        UsageError: If there is no such model.
    """
    _networks(model, "--model")
    return get_model(model).recipe


def read_recipe(name_or_path: str) -> dict[str, Any]:
    """Reads a recipe: a YAML file, or one of the presets that ship with changen.

    Args:
        name_or_path: "paper", "compact", another file's name in :data:`RECIPES`, or a path.

    Returns:
        Its values, not yet validated, so that the command line can override them.

    Raises:
        UsageError: If there is no such recipe, or it is not a YAML mapping.
    """
    path = Path(name_or_path)
    if not path.suffix:
        path = RECIPES / f"{name_or_path}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.yaml")))
        raise UsageError(f"no training recipe {name_or_path!r}; shipped: {known}; or give the path of a .yaml file")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: the recipe cannot be read ({error.strerror or error})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a YAML file: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path}: a recipe is a mapping of argument to value")
    return values
