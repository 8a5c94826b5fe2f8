"""Which of the published data sets a folder holds, told by its folders and names."""

from __future__ import annotations

import os
from pathlib import Path

from changen_cli.datasets.published import LEVIR, S2LOOKING, WHU, WHU_TILES, XVIEW2
from changen_cli.pairs.layouts import TRIPLES, YEARS, triple_of
from changen_cli.scenes.footprints.xbd_tree import FOLDERS, is_label, plain_name
from changen_cli.types import Split

LEVIR_PLUS, PAIRS = "levir-cd+", "pairs"
"""What is told apart beside those that are published here: LEVIR-CD+, and pairs of any other kind."""

DEEP = 2
"""How many folders deep data sets are looked for: archives unpack to a folder in a folder."""

LOOKED_AT = 50
"""Names of a folder that are looked at to tell what it is."""


def recognise(folder: Path) -> str | None:
    """Tells which data set a folder is.

    Args:
        folder: The folder itself.

    Returns:
        A name of :data:`~changen_cli.datasets.published.DATASETS`, :data:`LEVIR_PLUS`, :data:`PAIRS`, or None where it
        holds nothing of the kind. What is missing of it is not looked at.
    """
    if any(_is_xbd(folder / name) for name in FOLDERS):
        return XVIEW2
    if (folder / "change_label").is_dir() and any((folder / year).is_dir() for year in YEARS):
        return WHU
    triples = [triple for part in (folder, *(folder / split for split in Split)) if (triple := triple_of(part))]
    if not triples:
        return None
    name = folder.name.lower()
    if "whu" in name:
        return WHU_TILES
    if triples[0][0].name == TRIPLES[1][0] or "s2looking" in name:
        return S2LOOKING
    if "levir" in name:
        return LEVIR_PLUS if "+" in name or "plus" in name else LEVIR
    stems = [stem for triple in triples for stem in sorted(_names(triple[0]))[:LOOKED_AT]]
    named = bool(stems) and all(stem.startswith(tuple(f"{split}_" for split in Split)) for stem in stems)
    return LEVIR if named else PAIRS


def find_datasets(root: Path) -> dict[str, Path]:
    """Finds the data sets in a folder.

    Args:
        root: A data set, or a folder of them, at most :data:`DEEP` deep.

    Returns:
        Folders by name of the data set, or by their own where it is :data:`PAIRS`; of two that hold one data set the
        first by path.
    """
    found: dict[str, Path] = {}
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop(0)
        name = recognise(folder)
        if name is not None:
            found.setdefault(folder.name if name == PAIRS else name, folder)
        elif depth < DEEP and folder.is_dir():
            inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
            waiting += [(path, depth + 1) for path in inner]
    return found


def _is_xbd(folder: Path) -> bool:
    """Tells whether a folder is a split of xBD: by names of labels or of images."""
    labels, images = _names(folder / "labels"), _names(folder / "images")
    return any(map(is_label, labels)) or any(plain_name(name) != name for name in images)


def _names(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.is_dir() else []
