"""The output formats that are installed: plugins of the group ``changen.formats``."""

from __future__ import annotations

import logging
from pathlib import Path

from changen_cli import plugins
from changen_cli.errors import PluginError, StoreError
from changen_cli.files import place
from changen_cli.store.base import StoreSpec
from changen_cli.store.formats.base import Format

_log = logging.getLogger(__name__)


def find_formats() -> tuple[str, ...]:
    """Lists the names that ``--format`` takes, sorted; nothing is imported for it."""
    return tuple(plugins.find(plugins.FORMATS))


def get_format(name: str) -> type[Format]:
    """Imports a format.

    Args:
        name: One of :func:`find_formats`.

    Raises:
        PluginError: If no such format is installed, it cannot be imported, or it is no :class:`Format` of that name.
    """
    found = plugins.load(plugins.FORMATS, name)
    if not (isinstance(found, type) and issubclass(found, Format) and getattr(found, "name", None) == name):
        raise PluginError(f"format plugin {name!r} is no Format of that name; see changen_cli/store/formats/base.py")
    return found


def make_format(name: str, root: Path | str, spec: StoreSpec) -> Format:
    """Returns an output in a format, to be written or read; nothing is written yet.

    Args:
        name: One of :func:`find_formats`.
        root: The output folder.
        spec: The shape of the store.

    Raises:
        PluginError: If there is no such format, or it cannot be used.
        StoreError: If the spec has no sample, step or pixel.
    """
    kind = get_format(name)
    for field in ("samples", "steps", "height", "width", "shard_samples"):
        if getattr(spec, field) < 1:
            raise StoreError(f"a store needs at least 1 for {field}, not {getattr(spec, field)}")
    return kind(place(root), spec)


def clear_formats(root: Path) -> None:
    """Deletes what any installed format wrote into a folder, and nothing else.

    A plugin that cannot be loaded is passed over with a warning: what it wrote stays.

    Args:
        root: The output.

    Raises:
        StoreError: If something cannot be deleted.
    """
    for name in find_formats():
        try:
            get_format(name).clear(root)
        except PluginError as error:
            _log.warning("what format %s may have written into %s stays: %s", name, root, error)
