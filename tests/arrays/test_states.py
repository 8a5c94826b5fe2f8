from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from changen_cli.arrays.states import States, read_states, read_valid
from changen_cli.errors import UsageError
from changen_cli.scenes.layout import Layout
from changen_cli.types import Int32Array


def told(states: States) -> list[list[tuple[str, int]]]:
    """Event and uid of each change."""
    found = []
    for step in states.changes():
        found.append([(c.event, (c.before or c.after).uid) for c in step if c.before or c.after])  # type: ignore[union-attr]
    return found


def test_ids_are_the_same_object_at_every_date(labels: Int32Array) -> None:
    states = read_states(labels[0], labels[1:])
    assert np.array_equal(states.labels, labels)
    assert states.categories == {4: 1, 9: 1, 11: 1, 20: 1}
    assert states.standing == [{4, 9, 11}, {4, 11, 20}, {4, 11, 20}]
    assert told(states) == [[("remove", 9), ("create", 20)], [("alter", 11)]]
    created = states.changes()[0][1]
    assert created.after is not None
    assert created.after.polygon.bounds == (30, 24, 40, 34)
    assert created.step == 1


def test_one_map_after_is_one_step(labels: Int32Array) -> None:
    assert np.array_equal(read_states(labels[0], labels[1]).labels, labels[:2])
    assert read_states(labels[0], None).labels.shape == (1, 40, 48)


@pytest.mark.parametrize("scale", [True, 1, 255])
def test_binary_maps_are_numbered_and_matched(labels: Int32Array, scale: Any) -> None:
    maps = (labels != 0) if scale is True else (labels != 0) * scale
    states = read_states(maps[0], maps[1:])
    assert np.array_equal(states.labels != 0, labels != 0)
    # in the order of their first pixels: the houses 4, 11 in two parts, and 9
    assert told(states) == [[("remove", 4), ("create", 5)], [("alter", 2)]]
    assert states.labels[2, 25, 35] == 5
    assert np.array_equal(states.labels[0] == 1, labels[0] == 4)


def test_a_part_that_has_little_in_common_is_another_object() -> None:
    before, after = np.zeros((2, 20, 40), np.uint8)
    before[5:15, 5:15] = after[5:15, 11:21] = 1  # 4 of 16 columns
    assert told(read_states(before, after)) == [[("remove", 1), ("create", 2)]]
    after[:] = 0
    after[5:15, 7:17] = 1  # 8 of 12
    assert told(read_states(before, after)) == [[("alter", 1)]]


def test_classes_are_objects_of_their_class() -> None:
    before = np.zeros((12, 60), np.uint8)
    for place in range(12):
        before[2:5, 5 * place + 1 : 5 * place + 4] = 2 if place < 6 else 5
    after = before.copy()
    after[before == 2] = 5
    after[2:5, 6:9] = 2
    states = read_states(before, after)
    assert np.array_equal(states.masks, np.stack([before, after]))
    assert sorted(states.categories.items())[:12] == [(uid, 2 if uid <= 6 else 5) for uid in range(1, 13)]
    assert {event for event, _ in told(states)[0]} == {"remove", "create"}  # another class is another object
    assert len(told(states)[0]) == 10
    assert set(read_states(before, after, "instance").categories) == {2, 5}
    assert len(read_states(before, after, "binary").categories) == 12


def test_classes_by_id(labels: Int32Array) -> None:
    states = read_states(labels[0], labels[1:], categories={9: 3, 77: 2})
    assert states.categories == {4: 1, 9: 3, 11: 1, 20: 1}
    assert np.array_equal(states.masks[0], np.where(labels[0] == 9, 3, labels[0] != 0))
    with pytest.raises(UsageError, match="object 9 has the class 0"):
        read_states(labels[0], None, categories={9: 0})
    with pytest.raises(UsageError, match="only ids of instances"):
        read_states(labels[0] > 0, None, categories={1: 2})


@given(arrays(np.uint8, (9, 12), elements=st.integers(0, 3)), st.sampled_from(["binary", "instance", "class"]))
def test_traced_objects_drawn_again_are_the_map(plane: Any, kind: Any) -> None:
    states = read_states(plane, None, kind)
    drawn = Layout(9, 12, tuple(states.footprints(0).values()))
    mask, instances = drawn.rasterize()
    assert np.array_equal(instances, states.labels[0])
    assert np.array_equal(mask, states.masks[0])
    wanted = plane if kind == "class" else plane != 0
    assert np.array_equal(mask, wanted)


@given(arrays(np.bool_, (3, 8, 8)))
def test_changes_tell_all_pixels_that_differ(maps: Any) -> None:
    states = read_states(maps[0], maps[1:])
    assert np.array_equal(states.labels != 0, maps)
    for step, changes in enumerate(states.changes(), 1):
        differs = states.labels[step] != states.labels[step - 1]
        touched = {f.uid for c in changes for f in (c.before, c.after) if f is not None}
        shown = np.isin(states.labels[step - 1 : step + 1], list(touched)).any(axis=0)
        assert np.array_equal(differs & shown, differs)
        assert all((c.before is None) == (c.event == "create") for c in changes)
        assert all((c.after is None) == (c.event == "remove") for c in changes)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (np.zeros((4, 5)), np.zeros((5, 4)), r"after: must be one map of the shape \[4, 5\]"),
        (np.zeros((4, 5)), np.zeros((0, 4, 5)), "after: must be a map"),
        (np.zeros((4, 5)), np.zeros((1, 1, 4, 5)), "after: must be one map"),
        (np.zeros((2, 4, 5)), None, r"before: a label map has the shape \[height, width\]"),
        (np.full((4, 5), -1), None, "whole numbers from 0 to"),
        (np.full((4, 5), 0.5), None, "whole numbers from 0 to"),
        (np.full((4, 5), np.nan), None, "whole numbers from 0 to"),
        (np.full((4, 5), 2**31), None, "whole numbers from 0 to"),
        (np.array([["a"]]), None, "a map of whole numbers or bool"),
        (np.zeros((0, 5), int), None, "a map of whole numbers or bool"),
    ],
)
def test_what_is_no_label_map_is_refused(before: Any, after: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_states(before, after)


def test_classes_above_255_are_refused() -> None:
    with pytest.raises(UsageError, match="a class of 300"):
        read_states(np.full((4, 4), 300), None, "class")


def test_validity() -> None:
    assert read_valid(None, (3, 4)).all()
    known = np.zeros((3, 4), np.bool_)
    assert read_valid(known, (3, 4)) is known
    for wrong in (np.zeros((3, 4)), np.zeros((4, 3), np.bool_)):
        with pytest.raises(UsageError, match="valid: must be bool of the shape"):
            read_valid(wrong, (3, 4))
