"""Footprints beside a raster that a URL names: a few names are asked for, since folders there are not listed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from changen_cli.errors import SceneError, StoreError
from changen_cli.files import place, present
from changen_cli.scenes.naming import stem_of
from changen_cli.scenes.source import VSI, LabelKind, LabelSource, as_url

VECTORS = (".geojson", ".gpkg", ".fgb", ".parquet")
"""Extensions of ``<stem>_buildings.*``; a Shapefile is several files and must be named outright."""

MASKS = (".tif", ".png")
"""Extensions of ``<stem>_mask.*`` beside that of the image."""


def find_labels(image: str) -> tuple[LabelSource | None, list[str]]:
    """Asks for the footprints of an image by their usual names.

    Args:
        image: A URL, or the ``/vsi...`` path of one.

    Returns:
        The first that is there, or None, and what was asked for.

    Raises:
        SceneError: If nobody can be asked: the server does not answer, or the extra ``remote`` is not installed.
    """
    url = as_url(image)
    if url is None:
        return None, ["nothing, since names beside such a path are not known"]
    looked = []
    for kind, name in _candidates(url):
        looked.append(posixpath.basename(name))
        try:
            found = present(place(name))
        except (OSError, StoreError) as error:
            raise SceneError(
                f"{image}: cannot look for its footprints ({error}); give --masks or --footprints, or check the address"
            ) from error
        if found:
            prefix = next((prefix for prefix in VSI if image.startswith(prefix)), "")
            return LabelSource(kind, prefix + name[len(VSI.get(prefix, "")) :]), looked
    return None, looked


def _candidates(url: str) -> Iterator[tuple[LabelKind, str]]:
    folder, file = posixpath.split(url)
    stem = stem_of(file)
    for extension in VECTORS:
        yield "vector", f"{folder}/{stem}_buildings{extension}"
    extensions = dict.fromkeys((posixpath.splitext(file)[1], *MASKS))
    for extension in extensions:
        yield "mask", f"{folder}/{stem}_mask{extension}"
    if posixpath.basename(folder) == "images":
        for extension in extensions:
            yield "mask", f"{posixpath.dirname(folder)}/masks/{stem}{extension}"
