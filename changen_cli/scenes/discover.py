"""Finding scenes: from what a user names to images and their footprints, in an order that never changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from changen_cli.errors import SceneError, UsageError
from changen_cli.scenes import remote_labels
from changen_cli.scenes.footprints.xbd_tree import find_images, find_labels, is_label, plain_name
from changen_cli.scenes.naming import make_ids, stem_of
from changen_cli.scenes.source import LabelSource, SceneSource, is_remote
from changen_cli.texts import read_text
from changen_cli.types import Split

RASTERS = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".vrt", ".img", ".webp", ".bmp")
"""Extensions that are looked for in folders; a raster named outright may have any."""

VECTORS = (".geojson", ".gpkg", ".fgb", ".shp", ".parquet")
"""Extensions of ``<stem>_buildings.*``, the first found wins."""

_SPLITS = {
    "train": Split.TRAIN,
    "val": Split.VAL,
    "valid": Split.VAL,
    "validation": Split.VAL,
    "test": Split.TEST,
}
"""Folders that give their scenes a split."""


def find_scenes(
    inputs: Sequence[str],
    *,
    masks: str | None = None,
    footprints: str | None = None,
    require_labels: bool = True,
    bare: Callable[[SceneSource, SceneError], None] | None = None,
) -> list[SceneSource]:
    """Finds the scenes that inputs name.

    Each input is one of:

    - a folder with ``images/`` and ``masks/``, paired by stem (their extensions may differ);
    - a folder of rasters with ``<stem>_mask.*`` or ``<stem>_buildings.geojson|gpkg|fgb|shp|parquet`` beside them;
    - a folder of ``train/``, ``val/`` and ``test/`` folders of either kind, which give the scenes their split;
    - xView2 / xBD as released, or one split of it: ``train/``, ``tier3/`` (split "train"), ``hold/`` ("val") and
      ``test/`` with ``images/``, ``labels/`` and ``targets/``; pre-disaster images alone are used;
    - a raster: a file, a ``/vsi...`` path or a URL; beside a URL, a few names are asked for;
    - a text list (``.txt``): one raster a line, ``#`` starts a comment, relative to the list's folder or else to the
      working directory;
    - ``-``: such a list on standard input, relative to the working directory.

    A raster whose stem ends with ``_mask`` is a mask and never an image, in folders and lists; as an input of its own,
    it is what it is said to be.

    Where a mask and a vector lie beside a raster, the vector is used: its outlines are not bound to pixels.

    Args:
        inputs: What to look in; a scene named twice is taken once.
        masks: A mask (for a single scene), or a folder of ``<stem>.*`` or ``<stem>_mask.*``; instead of looking.
        footprints: A vector file that serves all scenes; instead of looking.
        require_labels: Refuse a scene that has neither.
        bare: Told of such a scene and what is wrong with it, and the scene is left out; None raises that.

    Returns:
        Scenes in the order of their paths, with ids unique in a run: the stem (for xBD ``<disaster>_<number>``), and
        the parent folder before it where two stems are the same.

    Raises:
        UsageError: If both masks and footprints are given, or one mask for several scenes.
        SceneError: If an input cannot be used, names no raster, or a scene has no footprints.
    """
    if masks is not None and footprints is not None:
        raise UsageError("masks and footprints are both given; give one of them")
    if not inputs:
        raise UsageError("no input; name a folder, a raster, a list of rasters, or - for standard input")
    finder = _Finder()
    found: dict[str, _Found] = {}
    for name in inputs:
        for item in finder.expand(name):
            key = item.image if is_remote(item.image) else os.path.realpath(item.image)
            found.setdefault(key, item)
    items = sorted(found.values(), key=lambda item: item.image)
    find = finder.labeller(masks, footprints, len(items))
    sources = []
    for item, scene in zip(items, make_ids([plain_name(item.image) for item in items]), strict=True):
        labels, looked = find(item.image)
        if labels is None and require_labels:
            problem = SceneError(
                f"{item.image}: has no footprints; looked for {', '.join(looked)}; put one there, or give --masks or "
                "--footprints (--footprints auto reads them from the image)"
            )
            if bare is None:
                raise problem
            bare(SceneSource(scene, item.image, None, item.split), problem)
            continue
        sources.append(SceneSource(scene, item.image, labels, item.split))
    return sources


LIST_BYTES = 1_000_000_000
"""Most bytes of a list: ten million paths."""

NAMED = 5
"""Folders that an error names; of more it says how many there are."""


@dataclass(frozen=True)
class _Found:
    image: str
    split: Split | None = None


_Labels = tuple[LabelSource | None, list[str]]
"""The labels of a scene, if any, and what was looked for."""


@dataclass
class _Finder:
    """Looks in folders, each listed once, however many images it has."""

    _listings: dict[str, frozenset[str]] = field(default_factory=dict)

    def expand(self, name: str) -> list[_Found]:
        """Returns the images that one input names."""
        if name == "-":
            return self._list(sys.stdin.read(), "standard input", (".",))
        if is_remote(name):
            return [_Found(name)]
        if os.path.isdir(name):
            return self._folder(name, None)
        if not os.path.exists(name):
            raise SceneError(f"{name}: no such file or folder; check the path")
        if name.lower().endswith(".txt"):
            try:
                text = read_text(name, LIST_BYTES, "utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise SceneError(f"{name}: cannot be read as a list of paths ({error}); give UTF-8 text") from error
            return self._list(text, name, (os.path.dirname(name) or ".", "."))
        return [_Found(_raster(name))]

    def labeller(self, masks: str | None, footprints: str | None, count: int) -> Callable[[str], _Labels]:
        """Returns what finds the labels of an image."""
        if footprints is not None:
            path = footprints.partition("|layername=")[0]
            if not is_remote(path) and not os.path.isfile(path):
                raise SceneError(f"{path}: no such vector file; check the path given as footprints")
            given = LabelSource("xbd" if is_label(path) else "vector", footprints, shared=count > 1)
            return lambda image: (given, [])
        if masks is None:
            return self._beside
        if not is_remote(masks) and os.path.isdir(masks):
            return partial(self._in_folder, masks)
        if not is_remote(masks) and not os.path.exists(masks):
            raise SceneError(f"{masks}: no such mask or folder of masks; check the path")
        if count > 1:
            raise UsageError(f"{masks}: one mask for {count} scenes; give a folder of masks, one per scene")
        return lambda image: (LabelSource("mask", masks), [])

    def _folder(self, folder: str, split: Split | None) -> list[_Found]:
        """Returns the images of a folder. A layout of other data sets is one more reader here."""
        for read in (self._xbd, self._paired, self._loose, self._splits):
            found = read(folder, split)
            if found:
                return found
        raise SceneError(
            f"{folder}: no rasters in it, nor in an images/ folder of it; looked for {' '.join(RASTERS)}"
            f"{self._hint(folder)}"
        )

    def _hint(self, folder: str) -> str:
        """Names the folders inside that have rasters, for an error."""
        inner = [os.path.join(folder, name) for name in sorted(self._names(folder))]
        there = [path for path in inner if self._loose(path, None) or self._paired(path, None)]
        if not there:
            return ""
        more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
        return f"; there are some in {', '.join(there[:NAMED])}{more}: give each of these folders"

    def _xbd(self, folder: str, split: Split | None) -> list[_Found]:
        return [_Found(image.path, split or image.split) for image in find_images(folder, self._names)]

    def _paired(self, folder: str, split: Split | None) -> list[_Found]:
        images = os.path.join(folder, "images")
        return self._loose(images, split) if os.path.isdir(images) else []

    def _loose(self, folder: str, split: Split | None) -> list[_Found]:
        names = sorted(self._names(folder))
        return [_Found(os.path.join(folder, name), split) for name in names if _is_image(name)]

    def _splits(self, folder: str, split: Split | None) -> list[_Found]:
        found: list[_Found] = []
        for name in sorted(self._names(folder)):
            inner = os.path.join(folder, name)
            if split is None and name.lower() in _SPLITS and os.path.isdir(inner):
                found.extend(self._folder(inner, _SPLITS[name.lower()]))
        return found

    def _list(self, text: str, name: str, folders: Sequence[str]) -> list[_Found]:
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            path = line.strip()
            if not path or path.startswith("#") or _is_mask(path):
                continue
            if not is_remote(path):
                tries = [path] if os.path.isabs(path) else [os.path.normpath(os.path.join(f, path)) for f in folders]
                path = next((t for t in tries if os.path.isfile(t) and os.access(t, os.R_OK)), "")
                if not path:
                    problem = "is a folder" if any(map(os.path.isdir, tries)) else "no such readable file"
                    raise SceneError(
                        f"{name}, line {number}: {line.strip()}: {problem}; a list names one raster a line"
                    )
                path = _raster(path)
            found.append(_Found(path))
        if not found:
            raise SceneError(f"{name}: names no raster; give one path a line")
        return found

    def _beside(self, image: str) -> _Labels:
        if is_remote(image):
            return remote_labels.find_labels(image)
        xbd = find_labels(image, self._names)
        if xbd is not None:
            return xbd, []
        folder, stem = os.path.dirname(image), stem_of(image)
        looked = [f"{stem}_buildings{{{','.join(VECTORS)}}}", f"{stem}_mask.*"]
        vector = self._first(folder, [stem + "_buildings"], VECTORS)
        if vector is not None:
            return LabelSource("vector", vector), looked
        mask = self._first(folder, [stem + "_mask"], RASTERS)
        if mask is None and os.path.basename(os.path.abspath(folder)) == "images":
            masks = os.path.join(os.path.dirname(folder), "masks") if folder else os.path.join("..", "masks")
            looked.append(os.path.join(masks, f"{stem}.*"))
            mask = self._first(masks, [stem, stem + "_mask"], RASTERS)
        return None if mask is None else LabelSource("mask", mask), looked

    def _in_folder(self, folder: str, image: str) -> _Labels:
        stem = stem_of(image)
        mask = self._first(folder, [stem, stem + "_mask"], RASTERS)
        looked = [os.path.join(folder, f"{stem}.*"), os.path.join(folder, f"{stem}_mask.*")]
        return None if mask is None else LabelSource("mask", mask), looked

    def _first(self, folder: str, stems: Iterable[str], extensions: Iterable[str]) -> str | None:
        names = self._names(folder)
        for stem in stems:
            for extension in extensions:
                for candidate in (stem + extension, stem + extension.upper()):
                    if candidate in names:
                        return os.path.join(folder, candidate)
        return None

    def _names(self, folder: str) -> frozenset[str]:
        if folder not in self._listings:
            try:
                names = os.listdir(folder or ".")
            except (NotADirectoryError, FileNotFoundError):
                names = []
            except OSError as error:
                raise SceneError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error
            self._listings[folder] = frozenset(names)
        return self._listings[folder]


def _raster(path: str) -> str:
    if path.lower().endswith((*VECTORS, ".json")):
        raise SceneError(f"{path}: is a vector file, not a raster; give the raster here and this file as footprints")
    return path


def _is_image(name: str) -> bool:
    stem, extension = os.path.splitext(name)
    return extension.lower() in RASTERS and not _is_mask(stem) and not name.startswith(".")


def _is_mask(path: str) -> bool:
    """Tells whether a file is named as a mask beside an image is."""
    return os.path.splitext(path)[0].lower().endswith("_mask")
