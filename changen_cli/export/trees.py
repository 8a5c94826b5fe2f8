"""Trees of pairs: three PNG files a pair, in folders of a split."""

from __future__ import annotations

from collections.abc import Callable

from changen_cli.export.source import Pair, Source
from changen_cli.export.target import Target
from changen_cli.types import Split

Names = dict[str, list[str]]
"""Names of pairs by split, those without a pair included."""


def no_names() -> Names:
    """Returns no name for each split."""
    return {split: [] for split in Split}


def write_tree(
    source: Source,
    target: Target,
    folders: tuple[str, str, str],
    name_of: Callable[[Pair], str],
) -> Names:
    """Writes the two images and the label of each pair; files that are PNGs already are linked.

    Args:
        source: What there is.
        target: Where it goes.
        folders: Of I_t, I_t+1 and the label; ``{split}`` in them is the split.
        name_of: Gives the name of a pair's files, without extension.

    Returns:
        The names, in order.

    Raises:
        StoreError: If two pairs have one name, the source is damaged, or the disk is full or not writable.
    """
    names = no_names()
    make_folders(target, folders)
    for pair in source.pairs():
        name = name_of(pair)
        for folder, picture in zip(folders, (pair.before, pair.after, pair.label), strict=True):
            target.put(f"{folder.format(split=pair.split)}/{name}.png", picture)
        names[pair.split].append(name)
    return names


def make_folders(target: Target, folders: tuple[str, ...]) -> None:
    """Makes the folders of all splits: readers ask for them even where they are empty.

    Args:
        target: Where they are.
        folders: Their names; ``{split}`` in them is the split.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    for folder in folders:
        for split in Split:
            target.folder(folder.format(split=split))


def write_lists(target: Target, folder: str, names: Names, ending: str) -> None:
    """Writes ``{train,val,test}.txt``, a name a line.

    Args:
        target: Where they go.
        folder: Their folder.
        names: By split.
        ending: What each name ends in: ".png", or nothing where a reader puts it there itself.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    for split, listed in names.items():
        target.write(f"{folder}/{split}.txt", "".join(f"{name}{ending}\n" for name in listed))


def counts(names: Names) -> dict[str, int]:
    """Counts the names of each split."""
    return {split: len(listed) for split, listed in names.items()}
