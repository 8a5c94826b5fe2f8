from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from changen_cli.scenes.footprints.geometry import translate
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.footprints.tracing import join, join_ids, raster_order, trace
from changen_cli.types import AnyArray, UInt8Array

Masks = arrays(np.uint8, (14, 17), elements=st.integers(0, 2))


def traced(values: AnyArray, hole: float) -> tuple[Geometries, AnyArray]:
    found = list(trace(values, values != 0, hole))
    polygons = np.empty(len(found), object)
    polygons[:] = [polygon for _, polygon in found]
    return polygons, np.array([value for value, _ in found], np.int64)


def in_blocks(values: UInt8Array, size: int) -> tuple[Geometries, AnyArray]:
    """Traces blocks side by side."""
    polygons, ids = [np.empty(0, object)], [np.empty(0, np.int64)]
    for row in range(0, values.shape[0], size):
        for column in range(0, values.shape[1], size):
            found, of = traced(values[row : row + size, column : column + size], 0)
            polygons.append(translate(found, column, row))
            ids.append(of)
    return np.concatenate(polygons), np.concatenate(ids)


@given(Masks, st.sampled_from([4, 7, 32]), st.sampled_from([0.0, 2.0, 5.0]))
def test_parts_of_blocks_are_joined_to_what_is_traced_at_once(mask: UInt8Array, size: int, hole: float) -> None:
    binary = (mask > 0).astype(np.uint8)
    whole, _ = traced(binary, hole)
    whole = whole[raster_order(whole)] if len(whole) else whole
    joined = join(in_blocks(binary, size)[0], size, hole)
    assert len(joined) == len(whole)
    assert shapely.equals(joined, whole).all()
    assert (shapely.get_num_coordinates(joined) == shapely.get_num_coordinates(whole)).all()


@given(Masks, st.sampled_from([4, 7, 32]))
def test_parts_of_one_id_are_one(mask: UInt8Array, size: int) -> None:
    parts, ids = in_blocks(mask, size)
    joined, found = join_ids(parts, ids, 0)
    assert found.tolist() == sorted(set(mask[mask > 0].tolist()))
    for polygon, number in zip(joined, found.tolist(), strict=True):
        assert polygon.area == (mask == number).sum()
        assert shapely.contains_xy(polygon, *(np.argwhere(mask == number)[0][::-1] + 0.5))


def test_holes_on_the_edge_of_a_block() -> None:
    mask = np.ones((8, 8), np.uint8)
    mask[3:5, 3:5] = 0
    (kept,), (filled,) = (join(in_blocks(mask, 4)[0], 4, hole) for hole in (4.0, 4.5))
    assert (kept.area, filled.area) == (60, 64)
    assert len(join(in_blocks(np.zeros((8, 8), np.uint8), 4)[0], 4, 0)) == 0
