"""Checksums of the files of an output, taken while they are written, so that nobody can forget one.

XXH3, 128 bits: it finds what disks, copies and slips of hands do to a file, at the speed of memory, where SHA-256 would
cost a tenth of the time of writing. It is no protection from someone who alters a file and its record on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple, Self, TypeAlias

import xxhash

from changen_cli.files.reading import open_read

Data: TypeAlias = bytes | bytearray | memoryview

_BLOCK = 1 << 20


class Checksum(NamedTuple):
    """What a file must be.

    Attributes:
        size: Bytes.
        digest: XXH3 of 128 bits, 32 hexadecimal digits, as ``xxh128sum`` prints it.
    """

    size: int
    digest: str

    def __str__(self) -> str:
        """Returns the form of it that records have: size and digest."""
        return f"{self.size} {self.digest}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads what :meth:`__str__` returns.

        Raises:
            ValueError: If it is anything else.
        """
        size, _, digest = text.partition(" ")
        if not (size.isascii() and size.isdigit() and len(digest) == 32):
            raise ValueError(f"{text!r} is no checksum")
        return cls(int(size), digest)


Checksums: TypeAlias = dict[Path, Checksum]
"""Checksums by path."""

_noted: ContextVar[Checksums | None] = ContextVar("noted", default=None)


def checksum(data: Data) -> Checksum:
    """Returns the checksum of bytes."""
    return Checksum(memoryview(data).nbytes, xxhash.xxh3_128_hexdigest(data))


def checksum_file(path: Path) -> Checksum:
    """Returns the checksum of a file, a block of which is in memory at a time.

    Raises:
        OSError: If it cannot be read.
    """
    digest, size = xxhash.xxh3_128(), 0
    with open_read(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return Checksum(size, digest.hexdigest())


@contextmanager
def noting() -> Iterator[Checksums]:
    """Notes the checksum of every file of an output that is written in the block, by this thread.

    Yields:
        The checksums by path; it grows while the block runs. A file that the block deletes again is not in it.
    """
    found: Checksums = {}
    token = _noted.set(found)
    try:
        yield found
    finally:
        _noted.reset(token)


def note(path: Path, found: Checksum) -> None:
    """Notes a file that has got its name; without :func:`noting`, nothing happens."""
    noted = _noted.get()
    if noted is not None:
        noted[path] = found


def forget(path: Path) -> None:
    """Forgets a file that was deleted."""
    noted = _noted.get()
    if noted is not None:
        noted.pop(path, None)
