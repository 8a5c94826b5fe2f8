"""Where an output lies: a folder of this machine, or objects of a store (``s3://bucket/run.zarr``), handled as a path.

:func:`place` makes a path of either. That of an object is a :class:`ObjectPath`: it is joined, split and compared as
any other, and asked and read by the methods that are here; every other access to the disk fails, since the path has no
name on it. It is written by :mod:`changen_cli.files.outputs`, as a file is.
"""

from __future__ import annotations

import fnmatch
import os
import stat
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

from changen_cli.files import objects

if sys.platform == "win32":
    from pathlib import WindowsPath as _Path
else:
    from pathlib import PosixPath as _Path


def scheme_of(text: str) -> str | None:
    """Returns the scheme of a URL of an object store, in small letters; None for anything else.

    Args:
        text: A path or a URL.
    """
    scheme, separator, _ = text.partition("://")
    return scheme.lower() if separator and scheme.lower() in objects.SCHEMES else None


def place(path: Path | str) -> Path:
    """Returns the path of an output.

    Args:
        path: A path of this machine, or a URL of a scheme in :data:`~changen_cli.files.objects.SCHEMES`.
    """
    if isinstance(path, Path):
        return path
    scheme = scheme_of(path)
    return Path(path) if scheme is None else ObjectPath(f"{scheme}:{path.partition(':')[2]}")


class ObjectPath(_Path):
    """The path of an object, or of the objects below it as of a folder; picklable.

    Its first parts are scheme and bucket. There are no folders in such a store: one is "there" if an object is in it.
    """

    @property
    def address(self) -> objects.Address:
        """Where the object is."""
        parts = self.parts
        store = 3 if parts[0] == "az:" else 2
        return objects.Address(f"{parts[0]}//{'/'.join(parts[1:store])}", "/".join(parts[store:]))

    def __str__(self) -> str:
        """Returns the URL."""
        parts = self.parts
        if not (parts and parts[0].endswith(":")):  # relative to another
            return "/".join(parts) or "."
        return f"{parts[0]}//{'/'.join(parts[1:])}"

    def __fspath__(self) -> str:
        """Refuses to be taken for a file of this machine.

        Raises:
            TypeError: Always.
        """
        raise TypeError(f"{self} is no file of this machine")

    def resolve(self, strict: bool = False) -> ObjectPath:
        """Returns the path itself: a URL is absolute, and there are no links."""
        return self

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Returns size and kind of the object; all else is 0.

        Raises:
            OSError: If there is none, or the store cannot be asked.
        """
        size = objects.look(self.address).size
        return os.stat_result((stat.S_IFREG | 0o644, 0, 0, 1, 0, 0, size, 0, 0, 0))

    def lstat(self) -> os.stat_result:
        """Returns what :meth:`stat` does: there are no links."""
        return self.stat()

    def exists(self, **_: Any) -> bool:
        """Whether there is such an object, or any below it."""
        return self.is_file() or self.is_dir()

    def is_file(self, **_: Any) -> bool:
        """Whether there is such an object."""
        with suppress(FileNotFoundError):
            objects.look(self.address)
            return True
        return False

    def is_dir(self, **_: Any) -> bool:
        """Whether there are objects below it; never, as far as anybody can say, where a store has no listing (HTTP)."""
        if self.parts[0] in ("http:", "https:"):
            return False
        with suppress(FileNotFoundError):
            return next(objects.keys_below(self.address), None) is not None
        return False

    def is_symlink(self) -> bool:
        """Returns False: there are no links."""
        return False

    def iterdir(self) -> Generator[ObjectPath, None, None]:
        """Yields what is directly below it."""
        for name in objects.names(self.address):
            yield self / name

    def glob(self, pattern: str, **_: Any) -> Generator[ObjectPath, None, None]:
        """Yields what is directly below it and has such a name."""
        for path in self.iterdir():
            if fnmatch.fnmatchcase(path.name, pattern):
                yield path

    def read_bytes(self) -> bytes:
        """Reads the object.

        Raises:
            OSError: If there is none, or it cannot be read.
        """
        return objects.get(self.address)[0]

    def unlink(self, missing_ok: bool = False) -> None:
        """Deletes the object; one that is not there is no error."""
        objects.delete(self.address)
