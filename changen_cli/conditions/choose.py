"""Which conditions images are put under, with which parameters, in which order.

The text forms are those of the command line: ``light,haze=0.5`` for the conditions and their strengths,
``registration.shift=2`` for a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changen_cli import plugins
from changen_cli.conditions.base import Condition
from changen_cli.errors import UsageError
from changen_cli.parameters.fields import parameters_of
from changen_cli.parameters.kind import Kind, describe_made

CONDITION = Kind(
    "condition", plugins.CONDITIONS, Condition, ("draw", "apply"), "registration.shift=2", "conditions/base.py"
)
"""The kind of plugin that conditions are."""

NONE = "none"
"""In place of a list of conditions: no condition."""

STANDARD = "season,light,haze,registration,sharpness,noise"
"""The conditions of our first experiments with detectors, in the order in which they arise on the way to a sensor."""

_STRENGTH = "strength"


@dataclass(frozen=True)
class Conditions:
    """Conditions in the order in which they are applied. Picklable.

    Attributes:
        chosen: (name, plugin); the name is the entry point's. One of strength 0 is there, but never applied.
    """

    chosen: tuple[tuple[str, Condition], ...] = ()

    def __post_init__(self) -> None:
        for name, plugin in self.chosen:
            CONDITION.require(name, plugin)
        names = [name for name, _ in self.chosen]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise UsageError(f"condition {twice[0]!r} is listed twice; list it once")

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.chosen)

    @property
    def active(self) -> tuple[tuple[str, Condition], ...]:
        """Those that do something: not of strength 0."""
        return tuple((name, plugin) for name, plugin in self.chosen if getattr(plugin, _STRENGTH, 1) != 0)

    def as_manifest(self) -> list[dict[str, Any]]:
        """Returns everything that decides what happens, fit for JSON and for comparing two runs."""
        return [describe_made(name, plugin) for name, plugin in self.chosen]


def make_conditions(
    conditions: str | Sequence[str] | Mapping[str, float | None],
    parameters: Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
) -> Conditions:
    """Loads condition plugins and gives them their parameters.

    Args:
        conditions: "light,haze=0.5", names with strengths, "none" for none; or names, or strengths (None: as it is) by
            name. They are applied in this order.
        parameters: "registration.shift=2" and the like, or values by parameter by condition.

    Returns:
        The conditions.

    Raises:
        UsageError: If an argument cannot be used, or a parameter belongs to a condition that is not among them.
        PluginError: If a condition is not installed, cannot be loaded or is no condition.
    """
    strengths = _strengths(conditions)
    CONDITION.require_installed(strengths)
    given = parameters if isinstance(parameters, Mapping) else CONDITION.read_parameters(parameters)
    for name in given:
        if name not in strengths:
            raise UsageError(
                f"parameters of {name!r} are given, but it is not among the conditions "
                f"{', '.join(strengths) or NONE}; add it or drop them"
            )
    return Conditions(
        tuple(
            (name, CONDITION.make(name, {**given.get(name, {}), **_strength(name, strength, given)}))
            for name, strength in strengths.items()
        )
    )


def _strengths(conditions: str | Sequence[str] | Mapping[str, float | None]) -> dict[str, float | None]:
    if isinstance(conditions, Mapping):
        return dict(conditions)
    if not isinstance(conditions, str):
        conditions = ",".join(conditions) or NONE
    return {} if conditions.strip() == NONE else CONDITION.read_list(conditions, _STRENGTH)


def _strength(name: str, strength: float | None, given: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Returns the strength as a parameter, if there is one."""
    if strength is None:
        return {}
    if _STRENGTH not in parameters_of(CONDITION.load(name)):
        raise UsageError(f"condition {name}={strength:g}: it has no strength; write {name} alone")
    if _STRENGTH in given.get(name, {}):
        raise UsageError(f"the strength of condition {name} is given twice; give it once")
    return {_STRENGTH: strength}
