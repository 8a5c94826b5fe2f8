"""Arguments of a training run: validated dataclasses, filled from YAML recipes and the command line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from changen_cli.errors import UsageError
from changen_cli.models.changen import GeneratorConfig
from changen_cli.models.oasis import DiscriminatorConfig

RECIPES = Path(__file__).parent / "recipes"


def check_scale(scale: Sequence[float]) -> tuple[float, float]:
    """Returns a scale jitter as a pair, or says what is wrong with it."""
    if len(scale) != 2 or not 0.1 <= scale[0] <= scale[1] <= 10:
        raise UsageError(f"training scale {list(scale)}: give two factors, 0.1 <= lower <= upper <= 10")
    return float(scale[0]), float(scale[1])


def check_types(config: Any, where: str) -> None:
    """Refuses values of another type than their field's, such as ``1e-4``, which YAML reads as text (``1.0e-4`` not).

    Args:
        config: A dataclass whose plain fields are annotated int, float, bool or str.
        where: Named in errors.

    Raises:
        UsageError: Naming the first such field.
    """
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}
    for known in fields(config):
        kind, value = str(known.type).removesuffix(" | None"), getattr(config, known.name)
        if kind not in kinds or (value is None and str(known.type).endswith("None")):
            continue
        right = {
            "int": isinstance(value, int) and not isinstance(value, bool),
            "float": isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
            "bool": isinstance(value, bool),
            "str": isinstance(value, str),
        }
        if not right[kind]:
            hint = " (YAML wants a dot: 1.0e-4)" if kind == "float" and isinstance(value, str) else ""
            raise UsageError(f"{where}: {known.name} must be {kinds[kind]}, not {value!r}{hint}")


@dataclass(frozen=True, slots=True)
class DataConfig:
    """One source of training scenes.

    Attributes:
        path: Folder, raster or list, as for ``changen generate --input``.
        resolution: Ground metres per pixel to read at; scenes without a georeference are read as they are.
        val: Patterns (as in shells) of scene ids that are kept for validation.
        exclude: Patterns of scene ids that are not used at all (bad labels).
        scale: Scale jitter of this source, where its resolution asks for another than the run's.
        share: Share of the samples that comes from this source, relative to the others; 0 shares by valid pixels.
    """

    path: str
    resolution: float | None = None
    val: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    share: float = 0.0

    def __post_init__(self) -> None:
        check_types(self, "training data")
        object.__setattr__(self, "val", (self.val,) if isinstance(self.val, str) else tuple(self.val))
        object.__setattr__(self, "exclude", (self.exclude,) if isinstance(self.exclude, str) else tuple(self.exclude))
        if self.scale is not None:
            object.__setattr__(self, "scale", check_scale(self.scale))
        if self.share < 0:
            raise UsageError(f"training data {self.path}: share must not be negative")
        if self.resolution is not None and self.resolution <= 0:
            raise UsageError(f"training data {self.path}: resolution must be above 0 metres")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training run; section 4.1 unless a comment says otherwise.

    Attributes:
        data: Where the scenes are.
        generator: Architecture of G.
        discriminator: Architecture of D.
        iterations: Updates of G (and of D).
        batch_size: Samples per update, over all devices.
        crop: Side of a training crop, pixels; a multiple of 64.
        scale: Scale jitter, lower and upper factor.
        min_building: Least share of building pixels that a crop should have.
        remove: Largest share of the objects of a crop that is removed to make S_t+1.
        create: Most objects that are created to make S_t+1.
        lr_generator: Learning rate of G.
        lr_discriminator: Learning rate of D.
        betas: Of Adam.
        ema: Decay of the moving average of G's weights that is kept; warmed up over the first iterations.
        balance: Weigh classes by their inverse frequency, as OASIS does.
        changed: Weight of pixels of changed ground in the losses of synthesised images. The paper has 1; more shows
            short runs sooner what a removed building leaves, which is a small part of few crops.
        projected: Weight of the projected discriminator (MODEL.md); 0, the paper's loss alone, has none.
        init: Checkpoint whose state the run starts from; empty for fresh networks.
        precision: "auto", "fp32" or "bf16".
        seed: Of everything.
        log_every: Iterations between two lines of the loss log.
        sample_every: Iterations between two sample sheets.
        save_every: Iterations between two checkpoints.
        workers: Processes that prepare crops.
        threads: CPU threads of the training process; 0 leaves PyTorch's choice.
    """

    data: tuple[DataConfig, ...] = ()
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    iterations: int = 100_000
    batch_size: int = 32
    crop: int = 256
    scale: tuple[float, float] = (0.75, 1.5)
    min_building: float = 0.02
    remove: float = 0.5
    create: int = 5
    lr_generator: float = 1e-4
    lr_discriminator: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.999)
    ema: float = 0.9999
    balance: bool = True
    changed: float = 1.0
    projected: float = 0.0
    init: str = ""
    precision: str = "auto"
    seed: int = 0
    log_every: int = 10
    sample_every: int = 1000
    save_every: int = 1000
    workers: int = 1
    threads: int = 0

    def __post_init__(self) -> None:
        check_types(self, "training recipe")
        object.__setattr__(self, "data", tuple(self.data))
        object.__setattr__(self, "scale", check_scale(self.scale))
        object.__setattr__(self, "betas", tuple(self.betas))
        problems = {
            "iterations must be at least 1": self.iterations < 1,
            "batch_size must be at least 1": self.batch_size < 1,
            "crop must be a multiple of 64, at least 64": self.crop < 64 or self.crop % 64 != 0,
            "data must all have a share, or none": len({d.share > 0 for d in self.data}) > 1,
            "min_building must be in 0..1": not 0 <= self.min_building <= 1,
            "remove must be in 0..1": not 0 <= self.remove <= 1,
            "create must not be negative": self.create < 0,
            "learning rates must be positive": min(self.lr_generator, self.lr_discriminator) <= 0,
            "betas must be two numbers in 0..1": len(self.betas) != 2 or not all(0 <= b < 1 for b in self.betas),
            "ema must be in 0..1": not 0 <= self.ema < 1,
            "changed must be positive": self.changed <= 0,
            "projected must not be negative": self.projected < 0,
            "precision must be auto, fp32 or bf16": self.precision not in ("auto", "fp32", "bf16"),
            "log_every, sample_every and save_every must be at least 1": min(
                self.log_every, self.sample_every, self.save_every
            )
            < 1,
            "workers and threads must not be negative": min(self.workers, self.threads) < 0,
            "generator and discriminator must have the same classes": self.generator.classes
            != self.discriminator.classes,
        }
        for problem, found in problems.items():
            if found:
                raise UsageError(f"training recipe: {problem}")

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


def parse_config(values: Mapping[str, Any], where: str = "training recipe") -> TrainConfig:
    """Builds a configuration from plain values.

    Args:
        values: As read from YAML; ``generator`` and ``discriminator`` are mappings, ``data`` a path, a mapping or a
            list of either.
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
    for key, cls in (("generator", GeneratorConfig), ("discriminator", DiscriminatorConfig)):
        if key in merged:
            merged[key] = _build(cls, merged[key], f"{where}: {key}")
    config: TrainConfig = _build(TrainConfig, merged, where)
    return config


def read_recipe(name_or_path: str) -> dict[str, Any]:
    """Reads a recipe: a YAML file, or one of the presets that ship with changen.

    Args:
        name_or_path: "paper", "compact", or a path.

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
