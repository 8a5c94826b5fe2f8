"""What zarr-python reads an output from, on a disk or in an object store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from changen_cli.files import ObjectPath, objects


def zarr_store(root: Path) -> Any:
    """Returns what :func:`zarr.open_group` takes.

    Args:
        root: The output.

    Raises:
        StoreError: If it is an object store, and that cannot be used.
    """
    if not isinstance(root, ObjectPath):
        return root
    from zarr.storage import ObjectStore

    return ObjectStore(objects.store(str(root.address)), read_only=True)
