"""Label maps as the states of a place: which object is which at every date, and what changed between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from shapely.geometry import MultiPolygon, Polygon
from skimage.measure import label

from changen_cli.errors import UsageError
from changen_cli.events.base import Change
from changen_cli.scenes.footprints.mask_values import LARGEST_CLASS, MaskValues, judge_values
from changen_cli.scenes.footprints.tracing import trace
from changen_cli.scenes.layout import BUILDING, Footprint
from changen_cli.types import AnyArray, BoolArray, Int32Array, UInt8Array

Values = Literal["auto"] | MaskValues
"""What the values of maps are; "auto" judges by all of them together (:func:`judge_values`)."""

SAME = 0.5
"""Parts of two dates are one object if they share more than this of the pixels that either has."""

ALTER = "alter"
"""Name of the event of an object that has other pixels than before; nobody says which event it was."""

_LARGEST = np.iinfo(np.int32).max


@dataclass(frozen=True)
class States:
    """S_0 ... S_n of a place.

    Attributes:
        labels: uid of each pixel, or 0, int32 [n + 1, H, W].
        categories: Class of each object, 1..255, by uid.
    """

    labels: Int32Array
    categories: Mapping[int, int]

    @property
    def masks(self) -> UInt8Array:
        """Class masks, uint8 [n + 1, H, W], 0 background."""
        uids = np.array(sorted(self.categories), np.int32)
        table = np.array([0, *(self.categories[uid] for uid in uids.tolist())], np.uint8)
        return table[np.searchsorted(np.append(0, uids), self.labels)]

    @property
    def standing(self) -> list[set[int]]:
        """The uids of each date."""
        return [set(np.unique(plane[plane != 0]).tolist()) for plane in self.labels]

    def footprints(self, date: int, uids: set[int] | None = None) -> dict[int, Footprint]:
        """Traces objects, along the edges of their pixels, so that drawing them gives the map back.

        Args:
            date: 0 .. n.
            uids: Which; None for all.

        Returns:
            Footprints by uid, ascending.
        """
        plane = self.labels[date]
        present = plane != 0 if uids is None else np.isin(plane, np.array(sorted(uids), np.int32))
        parts: dict[int, list[Polygon]] = {}
        for uid, polygon in trace(plane, present, hole=0):
            parts.setdefault(uid, []).append(polygon)
        return {
            uid: Footprint(uid, found[0] if len(found) == 1 else MultiPolygon(found), self.categories[uid])
            for uid, found in sorted(parts.items())
        }

    def changes(self) -> tuple[tuple[Change, ...], ...]:
        """Tells what changed at each step: objects that come ("create"), go ("remove") or have other pixels ("alter").

        Returns:
            n tuples of changes, by uid.
        """
        standing = self.standing
        return tuple(self._changes(step, standing[step - 1], standing[step]) for step in range(1, len(self.labels)))

    def _changes(self, step: int, before: set[int], after: set[int]) -> tuple[Change, ...]:
        first, second = self.labels[step - 1], self.labels[step]
        differs = first != second
        touched = {*np.unique(first[differs]).tolist(), *np.unique(second[differs]).tolist()} - {0}
        old = self.footprints(step - 1, before & touched)
        new = self.footprints(step, after & touched)
        return tuple(Change(_event(uid, old, new), step, old.get(uid), new.get(uid)) for uid in sorted(touched))


def _event(uid: int, old: Mapping[int, Footprint], new: Mapping[int, Footprint]) -> str:
    if uid in old and uid in new:
        return ALTER
    return "create" if uid in new else "remove"


def read_states(
    before: ArrayLike, after: ArrayLike | None, values: Values = "auto", categories: Mapping[int, int] | None = None
) -> States:
    """Reads label maps.

    Args:
        before: S_0, bool or whole numbers [H, W]; 0 is the ground.
        after: S_1 [H, W], or S_1 ... S_n [n, H, W]; None for S_0 alone.
        values: What the values are. Where they are ids of instances, an object has the same one at every date. Else
            parts of two consecutive dates are one object if they overlap by more than :data:`SAME` of what both cover.
        categories: Class by uid, for ids of instances; 1 where nothing is said.

    Returns:
        The states.

    Raises:
        UsageError: If the maps are no label maps, or of several sizes.
    """
    maps = _map("before", before)[None]
    if maps.ndim != 3:
        raise UsageError(f"before: a label map has the shape [height, width], not {list(maps.shape[1:])}")
    if after is not None:
        later = _map("after", after)
        later = later[None] if later.ndim == 2 else later
        if later.ndim != 3 or later.shape[1:] != maps.shape[1:] or not len(later):
            raise UsageError(
                f"after: must be one map of the shape {list(maps.shape[1:])}, as before, or a stack of them, not "
                f"{list(np.shape(after))}"
            )
        both_bool = maps.dtype == later.dtype == np.bool_
        maps = np.concatenate([maps, later], dtype=np.bool_ if both_bool else np.int32)
    kind = judge_values(maps) if values == "auto" else values
    if kind == "instance":
        labels = maps.astype(np.int32)
        return States(labels, _categories(labels, categories or {}))
    if categories:
        raise UsageError("categories: only ids of instances can be given classes by id; leave it out")
    if kind == "class" and maps.max() > LARGEST_CLASS:
        raise UsageError(f"a class of {maps.max()}: classes are numbers from 1 to {LARGEST_CLASS}")
    return _numbered(maps.astype(np.int32) if kind == "class" else (maps != 0).astype(np.int32))


def read_valid(valid: ArrayLike | None, shape: tuple[int, int]) -> BoolArray:
    """Reads where there is data, bool [H, W]; None for everywhere.

    Raises:
        UsageError: If it has another shape.
    """
    if valid is None:
        return np.ones(shape, np.bool_)
    found = np.asarray(valid)
    if found.shape != shape or found.dtype != np.bool_:
        raise UsageError(
            f"valid: must be bool of the shape {list(shape)}, True where there is data, not {found.dtype} "
            f"{list(found.shape)}"
        )
    return found


def _map(name: str, values: ArrayLike) -> AnyArray:
    """Checks one map or a stack of them; bool or int32."""
    found = np.asarray(values)
    if found.dtype == np.bool_:
        return found
    if found.dtype.kind not in "iuf" or not found.size:
        raise UsageError(f"{name}: must be a map of whole numbers or bool, not {found.dtype} {list(found.shape)}")
    if not np.isfinite(found).all() or found.min() < 0 or found.max() > _LARGEST or (found != np.rint(found)).any():
        raise UsageError(
            f"{name}: values must be whole numbers from 0 to {_LARGEST}, of {found.min():g} to {found.max():g}; 0 is "
            "the ground"
        )
    return found.astype(np.int32)


def _categories(labels: Int32Array, given: Mapping[int, int]) -> dict[int, int]:
    for uid, category in given.items():
        if not 1 <= category <= LARGEST_CLASS:
            raise UsageError(f"categories: object {uid} has the class {category}; classes are 1 to {LARGEST_CLASS}")
    return {uid: given.get(uid, BUILDING) for uid in np.unique(labels[labels != 0]).tolist()}


def _numbered(classes: Int32Array) -> States:
    """Numbers the parts of class masks: those of a date that were there before keep their number."""
    labels = np.zeros(classes.shape, np.int32)
    categories: dict[int, int] = {}
    for date, plane in enumerate(classes):
        parts, count = label(plane, connectivity=1, background=0, return_num=True)
        uids = np.zeros(count + 1, np.int32)
        if date:
            _same(uids, parts, labels[date - 1], plane == classes[date - 1])
        new = np.flatnonzero(uids[1:] == 0) + 1
        uids[new] = len(categories) + 1 + np.arange(len(new))
        _, first = np.unique(parts, return_index=True)
        values = plane.ravel()[first] if count else plane.ravel()[:0]
        offset = 0 if (parts == 0).any() else 1
        for part in new.tolist():
            categories[int(uids[part])] = int(values[part - offset])
        labels[date] = uids[parts]
    return States(labels, categories)


def _same(uids: Int32Array, parts: AnyArray, earlier: Int32Array, alike: BoolArray) -> None:
    """Writes the uid of the earlier object that each part is; more than half in common can only be one's."""
    shared = (parts != 0) & (earlier != 0) & alike
    pairs, pixels = np.unique(np.stack([parts[shared], earlier[shared]]), axis=1, return_counts=True)
    now, then = np.bincount(parts.ravel()), np.bincount(earlier.ravel())
    for part, uid, common in zip(*pairs.tolist(), pixels.tolist(), strict=True):
        if common > SAME * (now[part] + then[uid] - common):
            uids[part] = uid
