"""Small text files that somebody else wrote: read whole, but never without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 16_000_000
"""Most bytes of a text file, unless said otherwise."""

YAML_BYTES = 2_000_000
"""Most bytes of a YAML file; the parser takes a second for 100 kB."""


def read_text(path: str | Path, most: int = MOST_BYTES, encoding: str = "utf-8") -> str:
    """Reads a text file.

    Args:
        path: A file. A pipe that a shell has made (``/dev/fd/63``, of ``<(...)``) is read as well, any other pipe or
            device is not: it may never end.
        most: Most bytes.
        encoding: Of the file.

    Raises:
        OSError: If it cannot be read, is no file, or is larger.
        UnicodeDecodeError: If it is in another encoding.
    """
    given = os.fspath(path)
    mode = os.stat(given).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or given.startswith("/dev/fd/")):
        raise OSError(errno.EINVAL, "is a pipe or a device, not a file", given)
    with open(given, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"is larger than {most / 1e6:g} MB", given)
    return content.decode(encoding)


def parse_yaml(text: str, loader: type[Any] = yaml.SafeLoader) -> Any:
    """Parses YAML.

    Args:
        text: The YAML.
        loader: A loader class of PyYAML that makes plain values only.

    Raises:
        yaml.YAMLError: If it is none, is too large, is nested too deep, or names what cannot be made.
    """
    if len(text) > YAML_BYTES:
        raise yaml.YAMLError(f"it is larger than {YAML_BYTES / 1e6:g} MB")
    try:
        return yaml.load(text, loader)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deep") from error
    except (ValueError, TypeError, OverflowError, KeyError, AttributeError, IndexError) as error:
        # a date of month 13, a number of base 60 that is none: PyYAML lets through what the constructors raise
        raise yaml.YAMLError(f"it holds a value that cannot be made: {error}") from error
