"""A fingerprint of the input files, so that a run is not resumed on other input."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from changen_cli.errors import SceneError, StoreError
from changen_cli.files import ObjectPath, objects, place
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import Plan
from changen_cli.scenes.source import as_url, is_remote
from changen_cli.store.tables.looks import NAME as LOOKS

END_BYTES = 16_384
"""How much of either end of an input file tells it from another of the same name and size."""


_ASKED_AT_ONCE = 16
"""Requests under way: an answer takes a tenth of a second, and a run may have thousands of scenes."""


def fingerprint_files(plan: Plan, options: GenerateOptions) -> str:
    """Sums up every input file, so that a run is not resumed on other input.

    A file counts by its name, its size, and what its first and last bytes are: reading all of a country would take
    longer than using it, and dates change when files are copied. A file that a URL names counts by its name, its size
    and the tag that its store or server gives this version of it (ETag), else its date; one that cannot be asked for
    so (the extra ``remote`` is not installed, the server refuses, the address has a query) counts by its name alone.

    Returns:
        Number, bytes and digest in words that a message can show.

    Raises:
        SceneError: If a file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=8)
    count = size = 0
    paths = [p for p in (options.exclude, options.library) if p]
    paths += [] if options.looks is None else [os.path.join(options.looks, LOOKS)]
    names = [*_files_of(plan), *zip(paths, paths, strict=True)]
    files = [path.partition("|layername=")[0] for _, path in names]
    tags = _tags_of(file for file in files if is_remote(file))
    for (name, _), file in zip(names, files, strict=True):
        digest.update(name.encode("utf-8", "surrogateescape"))
        if file in tags:
            digest.update(tags[file].tag.encode())
            count, size = count + 1, size + tags[file].size
        elif not is_remote(file) and os.path.exists(file):
            try:
                length, ends = ends_of(file)
            except OSError as error:
                raise SceneError(f"{file}: cannot be read: {error.strerror or error}; check its permissions") from error
            digest.update(ends)
            count, size = count + 1, size + length
    return f"{count} files, {size} bytes, digest of names, sizes and {'tags' if tags else 'ends'} {digest.hexdigest()}"


def _tags_of(files: Iterable[str]) -> dict[str, objects.Found]:
    """Asks for the size and the tag of remote files, several at a time; those that cannot be asked for are left out."""
    asked = {file: url for file in files if (url := as_url(file)) is not None}
    if not asked:
        return {}
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        found = dict(zip(asked, pool.map(_ask, asked.values()), strict=True))
    return {file: one for file, one in found.items() if one is not None}


def _ask(url: str) -> objects.Found | None:
    path = place(url)
    assert isinstance(path, ObjectPath), "it is a URL"
    try:
        found = objects.look(path.address)
    except (OSError, StoreError):
        return None
    return objects.Found(found.size, f"{found.size} {found.tag}")


def _files_of(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yields name and path of the files of the scenes; footprints inside the output count by their name in it."""
    for source in plan.sources:
        yield source.image, source.image
        if source.labels is not None:
            yield source.labels.name, source.labels.path


def ends_of(path: str) -> tuple[int, bytes]:
    """Returns the size of a file, and its first and last bytes after it; of a folder (some formats are) only a size.

    Raises:
        OSError: If it cannot be read.
    """
    length = os.path.getsize(path)
    if os.path.isdir(path):
        return 0, b"folder"
    with open(path, "rb") as file:
        head = file.read(END_BYTES)
        file.seek(max(len(head), length - END_BYTES))
        return length, str(length).encode() + head + file.read(END_BYTES)
