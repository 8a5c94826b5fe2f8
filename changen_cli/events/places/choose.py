"""Rules for places by name, as ``create.places`` has them: ``roads(distance=4:40)+aligned``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

from changen_cli import plugins
from changen_cli.errors import UsageError
from changen_cli.events.places.base import Place
from changen_cli.parameters.kind import Kind

PLACE = Kind("place", plugins.PLACES, Place, ("accept", "lacks"), "roads.distance=4:40", "events/places/base.py")
"""The kind of plugin that rules are."""

_RULE = re.compile(r"\s*([\w-]+)\s*(?:\(([^()]*)\))?\s*")


@lru_cache(maxsize=32)  # asked for at every tile
def read_places(text: str) -> tuple[Place, ...]:
    """Makes rules.

    Args:
        text: Names joined by ``+``, each with parameters in brackets if it has some: ``roads(distance=4:40)+aligned``.

    Returns:
        The rules; what is placed must meet all of them.

    Raises:
        UsageError: If it is not written like that, a rule is named twice, or a parameter cannot be used.
        PluginError: If a rule is not installed or cannot be loaded.
    """
    made: dict[str, Place] = {}
    for part in text.split("+"):
        found = _RULE.fullmatch(part)
        if found is None:
            raise UsageError(
                f"{text!r}: rules for places are names joined by +, with parameters in brackets, as in "
                "roads(distance=4:40)+aligned"
            )
        name, given = found[1], [one for one in (found[2] or "").split(",") if one.strip()]
        if name in made:
            raise UsageError(f"{text!r}: the rule {name!r} is named twice; name it once")
        values = PLACE.read_parameters([f"{name}.{one.strip()}" for one in given]).get(name, {})
        made[name] = cast(Place, PLACE.make(name, values))
    return tuple(made.values())
