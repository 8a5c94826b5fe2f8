"""What must be true of a file before a library may open it: it is there, is a file, and has a name to be said."""

from __future__ import annotations

import os
import stat

from changen_cli.errors import SceneError
from changen_cli.scenes.source import is_remote


def printable(text: str) -> str:
    """Returns text in which what is not UTF-8, as names of files may be, is written with backslashes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def require_readable(path: str, what: str) -> None:
    """Refuses a path that cannot be read as a file; remote ones are for GDAL to judge.

    A pipe or a device may never end, and GDAL waits for it for ever.

    Args:
        path: A file, or a folder that some formats are.
        what: What the file is to the user, for messages: "raster", "mask", "vector file".

    Raises:
        SceneError: If there is no such file, it is a pipe or a device, or its name is not UTF-8.
    """
    if is_remote(path):
        return
    if printable(path) != path:
        raise SceneError(
            f"{printable(path)}: the name of this {what} is not UTF-8, so GDAL cannot open it; rename it (convmv)"
        )
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise SceneError(f"{path}: no such {what}; check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        reason = error.strerror if isinstance(error, OSError) else error
        raise SceneError(f"{path}: cannot be read ({reason}); check the path and its permissions") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SceneError(f"{path}: is a pipe or a device, not a {what}; write it to a file first")
