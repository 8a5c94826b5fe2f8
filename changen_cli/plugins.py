"""Plugins are entry points, loaded when first asked for.

Our own are registered in ``pyproject.toml`` in the same groups as anybody's::

    [project.entry-points."changen.events"]
    flood = "my_package.flood:Flood"

A broken plugin of somebody else's must not stop a run that does not ask for it, so nothing is imported to list names.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from changen_cli.errors import PluginError

EVENTS = "changen.events"
FORMATS = "changen.formats"
MODELS = "changen.models"
SYNTHESIZERS = "changen.synthesizers"
METRICS = "changen.metrics"
CONDITIONS = "changen.conditions"
LAYOUTS = "changen.layouts"
PLACES = "changen.places"


def find(group: str) -> dict[str, EntryPoint]:
    """Lists the plugins of a group without importing them.

    Args:
        group: One of the groups above, such as :data:`EVENTS`.

    Returns:
        Entry points by name, sorted. Where two distributions register one name, changen's own wins, so that installing
        a package cannot change what a recorded command means; the other can be reached only by another name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda p: (p.name, p.value)):
        if point.name not in found or point.value.startswith("changen_cli."):
            found[point.name] = point
    return found


def load(group: str, name: str) -> Any:
    """Imports one plugin.

    Args:
        group: One of the groups above, such as :data:`EVENTS`.
        name: The entry point's name.

    Returns:
        The object that the entry point names.

    Raises:
        PluginError: If no such plugin is installed (the message lists those that are), or importing it fails.
    """
    points = find(group)
    kind = group.rsplit(".", 1)[-1].rstrip("s")
    if name not in points:
        known = ", ".join(points) or "none; is changen installed with pip?"
        raise PluginError(f"unknown {kind} {name!r}; installed: {known}")
    try:
        return points[name].load()
    except Exception as error:  # whatever a third party's import raises, it is the plugin that is at fault
        raise PluginError(
            f"{kind} plugin {name!r} ({points[name].value}) cannot be loaded: {error}; repair or uninstall its package"
        ) from error
