"""How folders of other data sets hold pairs: LEVIR-CD(+), WHU-CD, S2Looking, SECOND, or A, B and label in general.

==================== ========================================================================================
what                 where its files are
==================== ========================================================================================
LEVIR-CD             ``{A,B,label}/{train,val,test}_*.png``; by others ``{train,val,test}/{A,B,label}/*.png``
LEVIR-CD+            ``{train,test}/{A,B,label}/*.png``
S2Looking            ``{train,val,test}/{Image1,Image2,label}/*.png``
SECOND for open-cd   ``{train,val,test}/{im1,im2,label}/*.png``
WHU-CD as released   ``{2012,2016}/whole_image/{train,test}/{image,label}/<year>_<split>.tif`` and
                     ``change_label/{train,test}/change_label.tif``: one pair a split, some 15,000 x 20,000 pixels
any other            ``{A,B,label}/*`` by equal stem, with ``list/{train,val,test}.txt`` for splits if need be
==================== ========================================================================================
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from changen_cli.errors import SceneError
from changen_cli.pairs.files import PairFiles
from changen_cli.scenes.discover import RASTERS
from changen_cli.texts import read_text
from changen_cli.types import Split

TRIPLES = (("A", "B", "label"), ("Image1", "Image2", "label"), ("im1", "im2", "label"))
"""Names of the folders of I_t, I_t+1 and the label."""

ONLY = ""
"""The split of pairs that belong to none."""

YEARS = ("2012", "2016")
"""The two dates of WHU-CD, whose folders they name."""

Found = dict[str, list[PairFiles]]
"""Pairs by split."""


def find_pairs(root: Path) -> Found | None:
    """Finds the pairs of a folder.

    Args:
        root: The folder itself.

    Returns:
        By split, in the order of their names; None where the folder holds none of these layouts.

    Raises:
        SceneError: If a pair is not whole.
    """
    for found in (_find_whu(root), _find_splits(root), _find_flat(root)):
        if found:
            return found
    return None


def triple_of(folder: Path) -> tuple[Path, Path, Path] | None:
    """Returns the three folders of pairs in a folder, of I_t, I_t+1 and the label; None where one is not there."""
    for names in TRIPLES:
        first, second, label = (folder / name for name in names)
        if first.is_dir() and second.is_dir() and label.is_dir():
            return first, second, label
    return None


def _find_whu(root: Path) -> Found:
    """Finds the two large pairs of WHU-CD, with the buildings of both dates."""
    found: Found = {}
    for split in Split:
        images = [root / year / "whole_image" / split / "image" / f"{year}_{split}.tif" for year in YEARS]
        label = root / "change_label" / split / "change_label.tif"
        if all(path.is_file() for path in (*images, label)):
            masks = [str(path.parents[1] / "label" / path.name) for path in images]
            layouts = (masks[0], masks[1]) if all(map(os.path.isfile, masks)) else None
            found[split] = [PairFiles(split, str(images[0]), str(images[1]), str(label), layouts)]
    return found


def _find_splits(root: Path) -> Found:
    """Finds folders of splits."""
    found: Found = {}
    for split in Split:
        if triple := triple_of(root / split):
            found[split] = _match(triple, f"{split}/")
    return found


def _find_flat(root: Path) -> Found:
    """Finds three folders; what lists, or the beginnings of all names, say of splits, holds."""
    triple = triple_of(root)
    if triple is None:
        return {}
    pairs = _match(triple)
    listed = {split: root / "list" / f"{split}.txt" for split in Split}
    if any(path.is_file() for path in listed.values()):
        return {split: _listed(pairs, path) for split, path in listed.items() if path.is_file()}
    found: Found = {}
    for pair in pairs:
        named = next((split for split in Split if pair.id.startswith(f"{split}_")), ONLY)
        found.setdefault(named, []).append(pair)
    return found if found and ONLY not in found else {ONLY: pairs}


def _listed(pairs: list[PairFiles], path: Path) -> list[PairFiles]:
    """Returns the pairs that a list names, with extension or without, in its order."""
    known = {pair.id: pair for pair in pairs}
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"{path}: cannot be read as a list of names ({error}); give UTF-8 text") from error
    # some lists name the files of both dates and of the label on a line, with their folders
    names = [_stem(line.split()[0]) for line in lines if line.strip()]
    if missing := next((name for name in names if name not in known), None):
        raise SceneError(f"{path}: names {missing!r}, which is not in {path.parents[1]}; correct the list")
    return [known[name] for name in names]


def _stem(name: str) -> str:
    path = Path(name.replace("\\", "/"))
    return path.stem if path.suffix.lower() in RASTERS else path.name


def _match(folders: tuple[Path, Path, Path], prefix: str = "") -> list[PairFiles]:
    """Matches the files of three folders by their stems.

    Raises:
        SceneError: If one of the three is missing, or two have one stem.
    """
    first, second, label = (images_of(folder) for folder in folders)
    stems = sorted(first.keys() | second.keys() | label.keys())
    for stem in stems:
        for folder, files in zip(folders, (first, second, label), strict=True):
            if stem not in files:
                raise SceneError(
                    f"{folder}: has no {stem}.*, which its neighbours {', '.join(f.name for f in folders)} have; "
                    "a pair is three files of one name"
                )
    return [PairFiles(f"{prefix}{stem}", first[stem], second[stem], label[stem]) for stem in stems]


def images_of(folder: Path) -> dict[str, str]:
    """Lists the rasters of a folder by stem.

    Raises:
        SceneError: If two have one stem.
    """
    found: dict[str, str] = {}
    for name in sorted(_names(folder)):
        stem, extension = os.path.splitext(name)
        if extension.lower() not in RASTERS:
            continue
        if stem in found:
            raise SceneError(f"{folder}: holds both {Path(found[stem]).name} and {name}; remove one of them")
        found[stem] = str(folder / name)
    return found


def _names(folder: Path) -> Iterable[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]
