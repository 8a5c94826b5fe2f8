"""The layouts that are installed: plugins of the group ``changen.layouts``."""

from __future__ import annotations

from changen_cli import plugins
from changen_cli.errors import PluginError
from changen_cli.export.base import DatasetLayout


def get_layout(name: str) -> type[DatasetLayout]:
    """Imports a layout.

    Args:
        name: One of :func:`~changen_cli.export.options.find_layouts`.

    Raises:
        PluginError: If no such layout is installed, it cannot be imported, or it is no :class:`DatasetLayout` of that
            name.
    """
    found = plugins.load(plugins.LAYOUTS, name)
    if not (isinstance(found, type) and issubclass(found, DatasetLayout) and getattr(found, "name", None) == name):
        raise PluginError(f"layout plugin {name!r} is no DatasetLayout of that name; see changen_cli/export/base.py")
    return found
