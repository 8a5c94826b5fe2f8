"""Objects of a store that a URL names: S3, Google Cloud Storage, Azure, and HTTP for reading.

`obstore <https://developmentseed.org/obstore>`_ does the work, the extra ``remote``. Keys and endpoints come from the
environment, as its documentation has them (``AWS_ACCESS_KEY_ID``, ``AWS_ENDPOINT_URL``, ``AWS_SKIP_SIGNATURE`` ...).
Its errors become :class:`OSError`, so that whoever reads or writes handles an object as it does a file.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from changen_cli.errors import StoreError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

WRITABLE = ("s3", "gs", "az", "abfs")
"""Schemes of the stores that can be written."""

SCHEMES = (*WRITABLE, "http", "https")
"""Schemes of the stores that can be read."""

_READ_AHEAD = 1 << 18
"""Bytes of one request of who reads a file of rows here and there."""


class Address(NamedTuple):
    """Where an object is.

    Attributes:
        base: URL of the store: ``s3://bucket``, ``az://account/container``, ``https://host``.
        key: Of the object in it, "/" between its parts; empty for the store itself.
    """

    base: str
    key: str

    def __str__(self) -> str:
        """Returns the URL of the object."""
        return f"{self.base}/{self.key}" if self.key else self.base


class Found(NamedTuple):
    """What a store says of an object.

    Attributes:
        size: Bytes.
        tag: Another one whenever the content is another (ETag); where the store gives none, when it was last written.
    """

    size: int
    tag: str


def look(address: Address) -> Found:
    """Asks for an object.

    Raises:
        FileNotFoundError: If there is none.
        OSError: If the store cannot be asked.
    """
    with _errors(address):
        found = _obstore().head(store(address.base), address.key)
    return Found(found["size"], found["e_tag"] or found["last_modified"].isoformat())


def get(address: Address) -> tuple[bytes, str]:
    """Reads an object.

    Returns:
        Its content and its tag.

    Raises:
        FileNotFoundError: If there is none.
        OSError: If it cannot be read.
    """
    with _errors(address):
        found = _obstore().get(store(address.base), address.key)
        return bytes(found.bytes()), found.meta["e_tag"] or ""


def put(address: Address, data: bytes | bytearray | memoryview | Path) -> None:
    """Writes an object, whole or not at all; what is there is replaced.

    Args:
        address: Where.
        data: Its content, or the file of this machine that has it.

    Raises:
        OSError: If it cannot be written.
    """
    with _errors(address):
        _obstore().put(store(address.base), address.key, data if isinstance(data, Path) else bytes(data))


def put_if(address: Address, data: bytes, tag: str | None) -> str:
    """Writes an object if nobody else has written it meanwhile.

    Args:
        address: Where.
        data: Its content.
        tag: Of the content that it replaces; None if there must be none.

    Returns:
        The new tag.

    Raises:
        FileExistsError: If what is there is something else; nothing is written.
        OSError: If it cannot be written, or the store cannot write on a condition.
    """
    mode: Any = "create" if tag is None else {"e_tag": tag}
    with _errors(address):
        return str(_obstore().put(store(address.base), address.key, data, mode=mode)["e_tag"] or "")


def delete(address: Address) -> None:
    """Deletes an object that may or may not be there.

    Raises:
        OSError: If it cannot be deleted.
    """
    try:
        with _errors(address):
            _obstore().delete(store(address.base), address.key)
    except FileNotFoundError:
        pass


def names(address: Address) -> list[str]:
    """Lists what is directly below a key, as a folder's listing does: last parts of keys, sorted.

    Raises:
        OSError: If the store cannot be listed.
    """
    with _errors(address):
        found = _obstore().list_with_delimiter(store(address.base), address.key or None)
    keys = [*found["common_prefixes"], *(entry["path"] for entry in found["objects"])]
    return sorted({key.rstrip("/").rpartition("/")[2] for key in keys})


def keys_below(address: Address) -> Iterator[str]:
    """Yields the keys of all objects below a key, relative to it, a page of the listing in memory at a time.

    Raises:
        OSError: If the store cannot be listed.
    """
    start = len(address.key) + 1 if address.key else 0
    with _errors(address):
        for page in _obstore().list(store(address.base), address.key or None):
            for entry in page:
                yield entry["path"][start:]


class Reader(io.RawIOBase):
    """An object as a file that is read here and there; each read is one request for a range."""

    def __init__(self, address: Address) -> None:
        """Asks for the object's size.

        Raises:
            OSError: As :func:`look`.
        """
        self._address = address
        self._size = look(address).size
        self._at = 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def tell(self) -> int:
        """Returns the place in the object."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to another place; nothing is read."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Reads up to as many bytes as fit."""
        view = memoryview(buffer).cast("B")
        length = min(len(view), max(0, self._size - self._at))
        if length:
            with _errors(self._address):
                data = _obstore().get_range(store(self._address.base), self._address.key, start=self._at, length=length)
            view[:length] = bytes(data)
            self._at += length
        return length


def open_object(address: Address) -> io.BufferedReader:
    """Opens an object to be read as a file.

    Raises:
        FileNotFoundError: If there is none.
        OSError: If the store cannot be asked.
    """
    return io.BufferedReader(Reader(address), _READ_AHEAD)


@lru_cache
def store(base: str) -> Any:
    """Returns obstore's store, once for each process.

    Args:
        base: URL of the store, or of what is below a key of it.

    Raises:
        StoreError: If the extra is not installed, or the URL or the environment make no store.
    """
    _obstore()
    from obstore.store import HTTPStore, from_url

    scheme = base.partition(":")[0]
    plain = (base, os.environ.get("AWS_ENDPOINT_URL_S3", ""), os.environ.get("AWS_ENDPOINT_URL", ""))
    options: dict[str, Any] = {}
    if any(url.startswith("http://") for url in (plain if scheme == "s3" else plain[:1])):
        options["client_options"] = {"allow_http": True}  # obstore wants to be told; who wrote http:// has said it
    try:
        # obstore would take some addresses of https:// for buckets, and sign its requests
        return (HTTPStore.from_url if scheme in ("http", "https") else from_url)(base, **options)
    except Exception as error:  # obstore's own, and ValueError, by version
        raise StoreError(f"{base}: cannot be used as an object store ({_said(error)}); check the URL") from error


def _obstore() -> Any:
    """Imports the library.

    Raises:
        StoreError: If it is not installed.
    """
    try:
        import obstore
    except ImportError as error:
        raise StoreError(
            f"URLs of object stores need a library that is not installed; run: pip install 'changen[remote]' ({error})"
        ) from error
    return obstore


@contextmanager
def _errors(address: Address) -> Iterator[None]:
    """Turns errors of obstore into those of the operating system that mean the same."""
    raised = _obstore().exceptions
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, _said(error), str(address)) from error
    except (raised.AlreadyExistsError, raised.PreconditionError) as error:
        raise FileExistsError(errno.EEXIST, _said(error), str(address)) from error
    except (raised.PermissionDeniedError, raised.UnauthenticatedError, PermissionError) as error:
        raise PermissionError(errno.EACCES, _said(error), str(address)) from error
    except (raised.BaseError, OSError) as error:
        raise OSError(errno.EIO, _said(error), str(address)) from error


def _said(error: Exception) -> str:
    """Returns what obstore said, in one line and without what is for its developers."""
    return " ".join(str(error).partition("Debug source:")[0].split())[:400].rstrip(" .") or type(error).__name__
