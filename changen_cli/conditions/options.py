"""Options of conditions, the same for generating and for training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from changen_cli import plugins
from changen_cli.conditions.choose import NONE, Conditions, make_conditions
from changen_cli.options import Ge, Le, Number, Says, option, options

GROUP = "Conditions"
"""Heading in ``--help``."""

DEFAULT = NONE
"""What ``changen generate`` does where it is not told; the one place."""

Strength = Annotated[Number, Ge(0), Le(4)]
"""How strong a condition is: a factor on how far it takes an image from what it was."""

Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Says("a list of text"),
]
"""Several texts, or one."""


def strength() -> Any:
    """Declares the parameter ``strength`` of a condition; to stand where ``option`` stands."""
    return option(default=1.0, help="Factor on all of it; 0: not at all.")


def _installed() -> Iterable[str]:
    return plugins.find(plugins.CONDITIONS)


@options("--", kw_only=True)
class ConditionOptions:
    """What differs between the dates besides the change.

    Attributes:
        conditions: Conditions in the order in which they are applied, with strengths, "light,haze=0.5", or strengths by
            name; "none" for none.
        condition_options: Parameters of conditions, ``CONDITION.PARAMETER=VALUE``, or values by parameter by condition.
    """

    conditions: str | Mapping[str, float | None] = option(
        default=DEFAULT,
        help="What differs between the dates besides the change, in this order, with strengths if you like: "
        "light,haze=0.5; or none. Labels stay as they are. See: changen conditions list.",
        group=GROUP,
        choices=_installed,
        recorded=False,
    )
    condition_options: Texts | Mapping[str, Mapping[str, Any]] = option(
        default=(),
        help="Parameter of a condition, registration.shift=2. Repeatable.",
        group=GROUP,
        name="condition-option",
        recorded=False,
    )

    def chosen_conditions(self) -> Conditions:
        """Loads the conditions.

        Raises:
            UsageError: If the conditions or their parameters cannot be used.
            PluginError: If a condition is not installed or cannot be loaded.
        """
        return make_conditions(self.conditions, self.condition_options)
