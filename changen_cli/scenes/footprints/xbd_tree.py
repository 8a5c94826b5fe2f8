"""The folders of xView2 / xBD as released: which pre-disaster images there are, their labels, and what is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from changen_cli.errors import SceneError
from changen_cli.scenes.source import LabelSource
from changen_cli.types import Split

FOLDERS = {
    "train": Split.TRAIN,
    "tier1": Split.TRAIN,
    "tier3": Split.TRAIN,
    "val": Split.VAL,
    "hold": Split.VAL,
    "test": Split.TEST,
}
"""Folders of a release, and the split of their scenes.

``tier3`` came later and is training data; ``tier1`` is what the GeoTIFF release calls ``train``; ``hold`` is for
validation.
"""

_IMAGE = re.compile(r"^(?P<scene>.+_\d{8})_(?P<when>pre|post)_disaster(?P<extension>\.(?:png|tiff?))$", re.IGNORECASE)
_LABEL = re.compile(r"^.+_\d{8}_(?:pre|post)_disaster\.json$", re.IGNORECASE)

Listing = Callable[[str], frozenset[str]]
"""Gives the names in a folder, none if there is no such folder."""


@dataclass(frozen=True)
class XbdImage:
    """A pre-disaster image.

    Attributes:
        path: The image.
        split: By its folder, or None.
    """

    path: str
    split: Split | None


def is_label(path: str) -> bool:
    """Tells by its name whether a file holds xBD labels: ``<disaster>_<8 digits>_pre_disaster.json``."""
    return _LABEL.match(os.path.basename(path)) is not None


def plain_name(image: str) -> str:
    """Returns the path of an xBD image without ``_pre_disaster``, for its id; other paths as they are."""
    folder, name = os.path.split(image)
    found = _IMAGE.match(name)
    return image if found is None else os.path.join(folder, found["scene"] + found["extension"])


def find_images(folder: str, listing: Listing) -> list[XbdImage]:
    """Finds the pre-disaster images of an xBD tree; post-disaster ones are never used.

    Args:
        folder: The root, which holds one or more of the folders of :data:`FOLDERS`; or one of these; or its ``images``.
        listing: Lists folders.

    Returns:
        Images in the order of their paths; nothing if this is no xBD tree.

    Raises:
        SceneError: If it is one, and a split of it is without images, pre-disaster images, or all labels. Absent splits
            are no error, and neither are single labels: the scene without one fails when it is opened.
    """
    if os.path.basename(os.path.abspath(folder)) == "images" and _has_images(listing(folder)):
        folder = os.path.normpath(os.path.join(folder, os.pardir))
    if _is_split(folder, listing):
        name = os.path.basename(os.path.abspath(folder)).lower()
        parts, bad = [(folder, FOLDERS.get(name))], []
    else:
        named = [name for name in sorted(listing(folder)) if name.lower() in FOLDERS]
        inner = [(os.path.join(folder, name), FOLDERS[name.lower()]) for name in named]
        parts = [part for part in inner if _is_split(part[0], listing)]
        bad = [path for path, _ in inner if (path, FOLDERS[os.path.basename(path).lower()]) not in parts]
    if not parts:
        return []
    problems = [f"{path} holds no images/<disaster>_<number>_pre_disaster.png" for path in bad if os.path.isdir(path)]
    found: list[XbdImage] = []
    whole: list[str] = []
    for path, split in parts:
        names, problem = _look(path, listing)
        (whole if problem is None else problems).append(problem or path)
        found += [XbdImage(os.path.join(path, "images", name), split) for name in names]
    if problems:
        others = f", or name only what is whole: {', '.join(whole)}" if whole else ""
        raise SceneError(
            f"{folder}: not a whole xView2 / xBD tree: {'; '.join(problems)}; unpack what is missing (each split has "
            f"images/ and labels/){others}"
        )
    return found


def find_labels(image: str, listing: Listing) -> LabelSource | None:
    """Finds the labels of a pre-disaster image.

    Args:
        image: Path of any raster.
        listing: Lists folders.

    Returns:
        The label file where there is one, since its outlines are not bound to pixels, else the target mask. If neither
        exists, the label file that should, so that opening it tells. None if this is no image of an xBD tree.
    """
    folder, name = os.path.split(image)
    if _IMAGE.match(name) is None or os.path.basename(os.path.abspath(folder)) != "images":
        return None
    root, stem = os.path.join(folder, os.pardir), os.path.splitext(name)[0]
    root = os.path.normpath(root)
    labels, targets = os.path.join(root, "labels"), os.path.join(root, "targets")
    label, target = f"{stem}.json", f"{stem}_target.png"
    if label in listing(labels):
        return LabelSource("xbd", os.path.join(labels, label))
    if target in listing(targets):
        return LabelSource("mask", os.path.join(targets, target))
    return LabelSource("xbd", os.path.join(labels, label)) if listing(labels) or listing(targets) else None


def target_of(label: str) -> str:
    """Returns where the target mask of a label file would be."""
    stem = os.path.splitext(os.path.basename(label))[0]
    return os.path.join(os.path.dirname(os.path.dirname(label)), "targets", f"{stem}_target.png")


def _is_split(folder: str, listing: Listing) -> bool:
    """Tells whether a folder looks like one split, even one of which something is missing."""
    inside = listing(folder)
    if "masks" in inside and not {"labels", "targets"} & inside:
        return False  # paired images and masks, which happen to be named like these
    if "images" in inside and _has_images(listing(os.path.join(folder, "images"))):
        return True
    return "labels" in inside and any(map(is_label, listing(os.path.join(folder, "labels"))))


def _has_images(names: frozenset[str]) -> bool:
    return any(_IMAGE.match(name) for name in names)


def _look(folder: str, listing: Listing) -> tuple[list[str], str | None]:
    """Returns the names of the pre-disaster images of a split, and what is wrong with it, if anything is."""
    images = listing(os.path.join(folder, "images"))
    names = sorted(_of("pre", images))
    if not names:
        after = len(list(_of("post", images)))
        if after:
            return (
                [],
                f"{folder}/images has {after} post-disaster images and no pre-disaster one, which is what is used",
            )
        return [], f"{folder} has labels and no images/<disaster>_<number>_pre_disaster.png"
    labels, targets = listing(os.path.join(folder, "labels")), listing(os.path.join(folder, "targets"))
    stems = [os.path.splitext(name)[0] for name in names]
    if any(f"{stem}.json" in labels or f"{stem}_target.png" in targets for stem in stems):
        return names, None
    return names, f"{folder} has {len(names)} pre-disaster images and no labels/*_pre_disaster.json for them"


def _of(when: str, names: frozenset[str]) -> Iterator[str]:
    for name in names:
        found = _IMAGE.match(name)
        if found is not None and found["when"].lower() == when:
            yield name
