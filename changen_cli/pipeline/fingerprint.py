"""A fingerprint of the input files, so that a run is not resumed on other input."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from changen_cli.errors import SceneError
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import Plan
from changen_cli.scenes.source import is_remote
from changen_cli.store.tables.looks import NAME as LOOKS

END_BYTES = 16_384
"""How much of either end of an input file tells it from another of the same name and size."""


def fingerprint_files(plan: Plan, options: GenerateOptions) -> str:
    """Sums up every local input file, so that a run is not resumed on other input.

    A file counts by its name, its size, and what its first and last bytes are: reading all of a country would take
    longer than using it, and dates change when files are copied.

    Returns:
        Number, bytes and digest in words that a message can show.

    Raises:
        SceneError: If a file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=8)
    count = size = 0
    paths = [p for p in (options.exclude, options.library) if p]
    paths += [] if options.looks is None else [os.path.join(options.looks, LOOKS)]
    for name, path in (*_files_of(plan), *zip(paths, paths, strict=True)):
        digest.update(name.encode("utf-8", "surrogateescape"))
        file = path.partition("|layername=")[0]
        if not is_remote(file) and os.path.exists(file):
            try:
                length, ends = ends_of(file)
            except OSError as error:
                raise SceneError(f"{file}: cannot be read: {error.strerror or error}; check its permissions") from error
            digest.update(ends)
            count, size = count + 1, size + length
    return f"{count} files, {size} bytes, digest of names, sizes and ends {digest.hexdigest()}"


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
