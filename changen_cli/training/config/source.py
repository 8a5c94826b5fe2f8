"""One source of training scenes, and the checks that all parts of a recipe share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from changen_cli.errors import UsageError


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
