"""``changen data check``: is a data set whole, and what is to be done if it is not?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from changen_cli.datasets.published import DATASETS, TORCHGEO, WHU, XVIEW2, Published
from changen_cli.datasets.recognise import LEVIR_PLUS, PAIRS, find_datasets, recognise
from changen_cli.errors import SceneError
from changen_cli.pairs.layouts import YEARS, find_pairs, images_of, triple_of
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.scenes.image.rasters import open_raster
from changen_cli.types import Split

SHOWN = 3
"""Files of one kind of problem that are named; of the others it is said how many there are."""

Groups: TypeAlias = list[tuple[str, ...]]
"""Files that belong together and are of one size: of a pair, or of a scene."""

BLOCK = 1 << 20
"""Bytes of an archive that are read at once."""


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What lies in a folder.

    Attributes:
        name: Of :data:`~changen_cli.datasets.published.DATASETS`, or what else it is.
        title: As papers have it.
        path: The folder.
        found: Pairs (of xView2 scenes) by split; "" where they belong to none.
        wanted: How many there are of each when it is whole; empty where that is not published.
        problems: What is missing or damaged, a line each.
        archives: Of the archives that lie there and whose MD5 is published, whether they have it.
        remedy: What to do; empty where nothing is wrong.
        remark: What else one must know.
    """

    name: str
    title: str
    path: str
    found: Mapping[str, int]
    wanted: Mapping[str, int]
    problems: tuple[str, ...]
    archives: Mapping[str, bool]
    remedy: str = ""
    remark: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is missing or damaged, as far as that can be told."""
        return not self.problems


def check_datasets(root: Path, reporter: Reporter | None = None) -> list[DatasetReport]:
    """Checks every data set in a folder: pairs complete, counts, headers and sizes of all images, MD5 of archives.

    Pixels are not read: a file that was cut short behind its header is noticed when it is used.

    Args:
        root: A data set, or a folder of them.
        reporter: Told how far it is.

    Returns:
        One report for each that was found.

    Raises:
        SceneError: If there is no such folder, or none of the data sets in it.
    """
    if not root.is_dir():
        raise SceneError(f"{root}: no such folder; name one that holds {_titles()}")
    found = find_datasets(root)
    if not found:
        raise SceneError(
            f"{root}: holds none of {_titles()}, as far as its folders and names tell; changen data list says how they "
            "are unpacked"
        )
    return [check_dataset(path, reporter) for path in found.values()]


def check_dataset(folder: Path, reporter: Reporter | None = None) -> DatasetReport:
    """Checks one data set.

    Args:
        folder: What :func:`~changen_cli.datasets.recognise.recognise` knows.
        reporter: Told how far it is.

    Raises:
        SceneError: If it holds none.
    """
    name = recognise(folder)
    if name is None:
        raise SceneError(f"{folder}: holds none of {_titles()}")
    about = DATASETS.get(name, Published(name, "LEVIR-CD+" if name == LEVIR_PLUS else name, {}, None, "", ""))
    problems: list[str] = []
    if name == XVIEW2:
        found, files = _scenes(folder, problems)
    elif name == WHU:
        found, files = _whole_pair(folder, problems)
    else:
        found, files = _pairs(folder, problems)
    problems += _miscounted(found, about.counts)
    problems += _unreadable(files, about, f"check {about.title}", reporter or Silent())
    archives = check_archives(folder, about)
    problems += [
        f"{file}: its MD5 is not the published one; download it again" for file, ok in archives.items() if not ok
    ]
    return DatasetReport(
        name, about.title, str(folder), found, dict(about.counts), tuple(problems), archives,
        _remedy(about) if problems and about.source else "", _remark(name, about),
    )  # fmt: skip


def how_to_get(name: str) -> str:
    """Says where a data set is to be had, and what its folder must look like.

    Args:
        name: Of :data:`~changen_cli.datasets.published.DATASETS`.
    """
    return _remedy(DATASETS[name])


def check_archives(folder: Path, about: Published) -> dict[str, bool]:
    """Compares the archives that lie in a folder or beside it with their published MD5.

    Returns:
        By name of those that are there and whose MD5 is published, whether they have it.
    """
    found = {}
    for archive in about.archives:
        here = next((path for path in (folder / archive.name, folder.parent / archive.name) if path.is_file()), None)
        if here is not None and archive.md5:
            found[str(here)] = _md5(here) == archive.md5
    return found


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _pairs(folder: Path, problems: list[str]) -> tuple[dict[str, int], Groups]:
    """Counts the pairs of folders A, B and label; lists the files of those that are whole."""
    before = len(problems)
    found: dict[str, int] = {}
    files: Groups = []
    for part, split in ((folder, ""), *((folder / split, str(split)) for split in Split)):
        if (triple := triple_of(part)) is None:
            continue
        try:
            listed = [images_of(inner) for inner in triple]
        except SceneError as error:
            problems.append(str(error))
            continue
        common = sorted(set.intersection(*(set(one) for one in listed)))
        for inner, one in zip(triple, listed, strict=True):
            lacking = sorted(set().union(*listed) - one.keys())
            if lacking:
                problems.append(f"{inner}: lacks {_some([f'{stem}.*' for stem in lacking])}")
        found[split] = len(common)
        files += [tuple(one[stem] for one in listed) for stem in common]
    if len(problems) == before:  # what lists and names say of splits holds for whole pairs alone
        try:
            found = {str(split): len(pairs) for split, pairs in (find_pairs(folder) or {}).items()}
        except SceneError as error:
            problems.append(str(error))
    return found, files


def _whole_pair(folder: Path, problems: list[str]) -> tuple[dict[str, int], Groups]:
    """Looks for the two large pairs of WHU-CD."""
    found: dict[str, int] = {}
    files: Groups = []
    for split in (Split.TRAIN, Split.TEST):
        wanted = [folder / year / "whole_image" / split / "image" / f"{year}_{split}.tif" for year in YEARS]
        wanted.append(folder / "change_label" / split / "change_label.tif")
        lacking = [str(path) for path in wanted if not path.is_file()]
        problems += [f"{path}: is missing" for path in lacking]
        found[str(split)] = int(not lacking)
        files.append(tuple(str(path) for path in wanted if path.is_file()))
    return found, files


def _scenes(folder: Path, problems: list[str]) -> tuple[dict[str, int], Groups]:
    """Counts the pre-disaster images of xView2 that have labels."""
    found: dict[str, int] = {}
    files: Groups = []
    for split in DATASETS[XVIEW2].counts:
        images, labels = (_listed(folder / split / kind) for kind in ("images", "labels"))
        before = {Path(name).stem: name for name in images if "_pre_disaster." in name}
        known = {Path(name).stem for name in labels if "_pre_disaster." in name}
        for kind, lacking in (("labels", before.keys() - known), ("images", known - before.keys())):
            if lacking:
                problems.append(f"{folder / split / kind}: lacks {_some([f'{stem}.*' for stem in sorted(lacking)])}")
        whole = sorted(before.keys() & known)
        found[split] = len(whole)
        files += [(str(folder / split / "images" / before[stem]),) for stem in whole]
    return found, files


def _miscounted(found: Mapping[str, int], wanted: Mapping[str, int]) -> Iterator[str]:
    for split, count in wanted.items():
        if found.get(split, 0) != count:
            yield f"{split}: {found.get(split, 0)} of {count}"
    for split in found.keys() - wanted.keys() if wanted else ():
        yield f"{split or 'files'}: {found[split]} of no published split"


def _unreadable(groups: Groups, about: Published, task: str, reporter: Reporter) -> Iterator[str]:
    """Opens every file, and compares sizes; says what is wrong, a line for each kind.

    Args:
        groups: Files that must be of one size.
        about: What they must be like.
        task: Shown with the progress.
        reporter: Told how far it is.
    """
    damaged: list[str] = []
    other: list[str] = []
    for number, group in enumerate(groups, 1):
        sizes: dict[str, tuple[int, int]] = {}
        for path in group:
            try:
                with open_raster(path, "image") as dataset:
                    sizes[path] = dataset.shape
            except SceneError as error:
                damaged.append(str(error))
        for path, size in sizes.items():
            wanted = about.size or next(iter(sizes.values()))
            if size != wanted or size[0] < about.least_rows:
                other.append(f"{path} ({size[1]} x {size[0]})")
        reporter.progress(Progress(task, number, len(groups), "pairs"))
    if damaged:
        yield f"cannot be opened: {_some(damaged)}"
    if other:
        yield f"not of {_wanted_size(about)}: {_some(other)}"


def _wanted_size(about: Published) -> str:
    if about.size is not None:
        return f"{about.size[1]} x {about.size[0]} pixels"
    least = f" and at least {about.least_rows} rows" if about.least_rows else ""
    return f"the size of the others of their pair{least}"


def _some(items: Sequence[str]) -> str:
    more = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _listed(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def _remedy(about: Published) -> str:
    names = ", ".join(archive.name for archive in about.archives)
    files = f" ({names})" if names else ""
    return (
        f"get {about.title} from {about.source}{files}, about {about.gigabytes:g} GB, and unpack it as {about.unpack}"
    )


def _remark(name: str, about: Published) -> str:
    if name == LEVIR_PLUS:
        return "LEVIR-CD+ is another data set than LEVIR-CD; the paper's tables are of LEVIR-CD"
    if name == PAIRS:
        return (
            "pairs of a data set that changen does not know: only that they are complete and can be opened is checked"
        )
    md5 = f"; MD5 of archives as {TORCHGEO} has them" if any(archive.md5 for archive in about.archives) else ""
    return (about.remark + md5).removeprefix("; ")


def _titles() -> str:
    return ", ".join(one.title for one in DATASETS.values())
