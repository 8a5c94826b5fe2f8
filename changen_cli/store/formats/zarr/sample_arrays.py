"""The arrays of the Zarr store that say what is known of each sample, and the attributes that all samples share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import zarr
from affine import Affine

from changen_cli.store.base import Status, StoreSpec
from changen_cli.store.formats.zarr import conventions
from changen_cli.store.formats.zarr.arrays import CODES, make_table
from changen_cli.store.records import SampleRecord


def shared_attributes(spec: StoreSpec, samples: Sequence[SampleRecord]) -> conventions.Attributes:
    """Returns the CRS and the transform that all samples share, as the conventions have them.

    Args:
        spec: The shape of the store.
        samples: The record of every sample, done or not, in order.
    """
    places = {(s.crs, s.transform or ()) for s in samples if s.status is Status.DONE}
    codes = {crs for crs, _ in places}
    crs = codes.pop() if len(codes) == 1 else None
    terms = next(iter(places))[1] if len(places) == 1 else ()
    return conventions.attributes(spec.height, spec.width, crs, Affine(*terms) if terms else None)


def make_tables(group: zarr.Group, samples: Sequence[SampleRecord], separator: Literal[".", "/"] = ".") -> None:
    """Makes the arrays of one value, or one row of values, for each sample.

    Args:
        group: Where they go; it has none of them.
        samples: The record of every sample, done or not, in order.
        separator: Between the numbers of a chunk in its key.
    """
    status = np.array([CODES[s.status] for s in samples], np.uint8)
    variant = np.array([-1 if s.variant is None else s.variant for s in samples], np.int32)
    transform = np.array([s.transform or [np.nan] * 6 for s in samples], np.float64).reshape(-1, 6)
    make_table(group, "status", ("sample",), status, separator=separator)
    make_table(group, "variant", ("sample",), variant, fill=-1, separator=separator)
    make_table(group, "transform", ("sample", "term"), transform, fill=np.nan, separator=separator)
    texts: dict[str, list[str | None]] = {
        "id": [s.id for s in samples],
        "scene": [s.scene for s in samples],
        "split": [s.split for s in samples],
        "source": [s.source for s in samples],
        "crs": [s.crs for s in samples],
    }
    for name, values in texts.items():
        texts_of_all = np.array([value or "" for value in values], dtype=object)
        make_table(group, name, ("sample",), texts_of_all, separator=separator)
