"""The output formats by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.store.base import StoreSpec, Writer
from changen_cli.store.formats import geotiff, levir, zarr

_WRITERS: dict[str, Callable[[Path, StoreSpec], Writer]] = {
    "zarr": zarr.ZarrWriter,
    "geotiff": geotiff.GeoTiffWriter,
    "levir": levir.LevirWriter,
}

FORMATS = tuple(_WRITERS)
"""The names that ``--format`` takes, the default first."""


def make_writer(format: str, root: Path | str, spec: StoreSpec) -> Writer:
    """Returns the writer of a format; nothing is written yet.

    Args:
        format: One of :data:`FORMATS`.
        root: The output folder.
        spec: The shape of the store.

    Raises:
        StoreError: If there is no such format, or the spec has no sample, step or pixel.
    """
    if format not in _WRITERS:
        raise StoreError(f"unknown format {format!r}; choose one of {', '.join(FORMATS)}")
    for name in ("samples", "steps", "height", "width", "shard_samples"):
        if getattr(spec, name) < 1:
            raise StoreError(f"a store needs at least 1 for {name}, not {getattr(spec, name)}")
    return _WRITERS[format](Path(root), spec)


def clear(root: Path) -> None:
    """Deletes what the writers of all formats wrote into a folder, and nothing else.

    Args:
        root: The output.

    Raises:
        StoreError: If something cannot be deleted.
    """
    for module in (zarr, geotiff, levir):
        module.clear(root)
