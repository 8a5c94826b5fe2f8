"""Where the sources of a recipe are now, each checked to be what it was."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from changen_cli.errors import SceneError
from changen_cli.files import Checksum, checksum_file
from changen_cli.pipeline.recipe import SourceFile
from changen_cli.scenes.source import is_remote
from changen_cli.store.tables.looks import NAME as LOOKS


def locate_sources(files: Iterable[SourceFile], inputs: Sequence[str] = ()) -> dict[str, str]:
    """Finds every source of a recipe.

    A source is found by the end of its path: of those below the inputs with its name, the one whose path shares most
    folders with it. What has a checksum must have it still.

    Args:
        files: The sources.
        inputs: Folders or files to look in; none: where they were.

    Returns:
        Where each is, by the path that the recipe has; a layer's name stays at the end of it.

    Raises:
        SceneError: If one is missing or has changed; the message names it.
    """
    places = _names(inputs)
    return {file.path: _locate(file, inputs, places) for file in files}


def _names(inputs: Sequence[str]) -> dict[str, list[str]]:
    """Lists all that lies in the inputs, by name; folders too, since some formats, and outputs, are folders."""
    places: dict[str, list[str]] = defaultdict(list)
    for name in inputs:
        if not os.path.exists(name):
            raise SceneError(f"{name}: no such file or folder; name what has the sources of the recipe")
        places[os.path.basename(os.path.normpath(name))].append(name)
        for folder, folders, files in os.walk(name):
            for inner in (*folders, *files):
                places[inner].append(os.path.join(folder, inner))
    return places


def _locate(file: SourceFile, inputs: Sequence[str], places: dict[str, list[str]]) -> str:
    if is_remote(file.file):
        return file.path
    layer = file.path[len(file.file) :]
    if inputs:
        name = os.path.basename(os.path.normpath(file.file))
        found = sorted(places.get(name, ()), key=lambda place: (-_shared(place, file.file), place))
        missing = f"there is no {name} in {', '.join(inputs)}"
    else:
        found = [file.file] if os.path.exists(file.file) else []
        missing = "it is not where it was; say where it is with --input"
    if not found:
        raise SceneError(f"{file.path}, which the recipe needs, is missing: {missing}")
    if file.checksum is None:
        return found[0] + layer
    wanted = Checksum.parse(file.checksum)
    for place in found:
        if _sum(place) == wanted:
            return place + layer
    now = _sum(found[0])
    what = "cannot be read" if now is None else f"has {now.size} bytes with the XXH3 {now.digest}"
    raise SceneError(
        f"{found[0]} is not what the recipe was made from: it {what}, {file.path} had {wanted.size} with "
        f"{wanted.digest}; bring it back as it was"
    )


def _sum(place: str) -> Checksum | None:
    """Returns the checksum of a source; of earlier looks, which are an output, that of their table."""
    try:
        return checksum_file(Path(place, LOOKS) if os.path.isdir(place) else Path(place))
    except OSError:
        return None


def _shared(one: str, other: str) -> int:
    """Counts the folders at the end of two paths that are the same."""
    pairs = zip(reversed(Path(one).parts), reversed(Path(other).parts), strict=False)
    return next((number for number, (a, b) in enumerate(pairs) if a != b), len(Path(other).parts))
