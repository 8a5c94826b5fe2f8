"""Opening pairs: finds out by itself what a folder holds."""

from __future__ import annotations

from pathlib import Path

from changen_cli.errors import SceneError, StoreError
from changen_cli.files import HOME, ObjectPath, place
from changen_cli.pairs.base import PairSource
from changen_cli.pairs.files import FilePairs
from changen_cli.pairs.layouts import Found, find_pairs
from changen_cli.pairs.series import SeriesPairs
from changen_cli.store.manifest import NAME

MAY_HOLD = (
    "an output of changen generate, or folders A, B and label (LEVIR-CD; Image1, Image2 and label as in S2Looking) in "
    "it or in its train, val and test, or WHU-CD as released"
)


def open_pairs(path: str | Path, split: str | None = None, *, events: bool = True) -> PairSource:
    """Opens pairs of images with change labels.

    Args:
        path: An output of ``changen generate`` in any format, also by its URL; the folder of LEVIR-CD, LEVIR-CD+,
            WHU-CD or S2Looking, or any folder with A, B and label; also a folder that holds nothing of this kind but
            one of these.
        split: "train", "val" or "test"; None for all pairs.
        events: Whether pairs of a series tell the events apart; training has no use for that, and it takes time.

    Returns:
        The pairs, in the order of their names; see :class:`changen_cli.pairs.base.PairSource`.

    Raises:
        SceneError: If the folder holds nothing of the kind, a pair is not whole, or there is no such split.
        StoreError: If it is an output of changen that cannot be read, or has no such split, or a URL that cannot be
            asked for.
    """
    root = place(path)
    if isinstance(root, ObjectPath):
        return _open_remote(root, split, events=events)
    if not root.is_dir():
        raise SceneError(f"{root}: no such folder; name one that holds {MAY_HOLD}")
    if (root / NAME).is_file() or (root / HOME).is_dir():
        return SeriesPairs(root, split, events=events)
    found = find_pairs(root) or _below(root)
    if found is None:
        raise SceneError(f"{root}: holds no pairs; name a folder that holds {MAY_HOLD}")
    chosen = [pair for name, pairs in found.items() for pair in pairs if split is None or name == split]
    if split is not None and split not in found:
        there = ", ".join(name for name in found if name)
        raise SceneError(f"{root}: has no split {split!r}; it has {there or 'none: leave the split out'}")
    if not chosen:
        raise SceneError(f"{root}: its folders of pairs are empty; name a folder that holds {MAY_HOLD}")
    return FilePairs(root.name if split is None else f"{root.name}/{split}", chosen)


def _open_remote(root: ObjectPath, split: str | None, *, events: bool) -> SeriesPairs:
    """Opens the pairs of an output in an object store, or on a server."""
    try:
        found = (root / NAME).is_file()
    except OSError as error:
        raise StoreError(f"{root}: cannot be asked for ({error}); check the address, and its keys") from error
    if not found:
        raise SceneError(
            f"{root}: no finished output of changen is there, and folders of images are read from a disk alone: copy "
            "them to this machine, and name the copy"
        )
    return SeriesPairs(root, split, events=events)


def _below(root: Path) -> Found | None:
    """Looks one folder deeper: archives unpack to a folder in a folder. None where that is not one alone."""
    found = [pairs for folder in sorted(root.iterdir()) if folder.is_dir() and (pairs := find_pairs(folder))]
    return found[0] if len(found) == 1 else None
