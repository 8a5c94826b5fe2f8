from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from changen_cli.arrays.simulate import simulate
from changen_cli.errors import PluginError, UsageError
from changen_cli.types import Int32Array


def test_changes_are_those_between_the_maps(labels: Int32Array) -> None:
    made = simulate(labels[0], "create=1,remove=1", steps=3, seed=5, changes_per_step=(1, 1))
    assert made.labels.shape == (4, 40, 48)
    assert made.labels.dtype == np.int32
    assert np.array_equal(made.labels[0], labels[0])
    assert [change.step for change in made.changes] == [1, 2, 3]
    for change in made.changes:
        before, after = made.labels[change.step - 1 : change.step + 1]
        if change.before is not None:
            assert change.event == "remove"
            assert not (after == change.before.uid).any()
        else:
            assert change.after is not None
            assert ((before != after) == (after == change.after.uid)).all()
    assert set(np.unique(made.labels[made.labels > 0]).tolist()) <= made.categories.keys()


def test_the_seed_decides(labels: Int32Array) -> None:
    first, again, other = (simulate(labels[0], seed=seed, steps=2) for seed in (1, 1, 2))
    assert np.array_equal(first.labels, again.labels)
    assert first.changes == again.changes
    assert not np.array_equal(first.labels, other.labels)


def test_masks_without_ids_are_numbered(labels: Int32Array) -> None:
    made = simulate(labels[0] > 0, "remove", changes_per_step="1")
    assert np.unique(made.labels[0]).tolist() == [0, 1, 2, 3, 4]


def test_nothing_is_built_where_there_is_no_data(labels: Int32Array) -> None:
    valid = np.ones((40, 48), np.bool_)
    valid[:, 24:] = False
    made = simulate(labels[0], "create", steps=4, seed=1, valid=valid, changes_per_step=(2, 2))
    assert not made.labels[:, :, 24:].any()
    assert all(change.after is not None and change.after.polygon.bounds[2] <= 24 for change in made.changes)


def test_what_cannot_be_done_is_said() -> None:
    made = simulate(np.zeros((30, 30), np.bool_), "remove")
    assert made.changes == []
    assert made.shortfalls[0].event == "remove"


def test_new_objects_take_outlines_of_the_map() -> None:
    plane = np.zeros((80, 80), np.bool_)
    plane[10:16, 10:31] = True
    plane[40:80, 0:30] = True  # goes on beyond the edge: its outline is not known
    made = simulate(plane, {"create": 1}, seed=4, changes_per_step=(1, 1), event_options=["create.turn=0"])
    (change,) = made.changes
    assert change.after is not None
    assert change.after.polygon.area < 300


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"steps": 0}, UsageError, "steps 0: must be"),
        ({"seed": -1}, UsageError, "seed -1: must be"),
        ({"events": "grow"}, PluginError, "grow"),
        ({"gap": -1}, UsageError, "gap"),
        ({"valid": np.ones((3, 3), np.bool_)}, UsageError, "valid"),
    ],
)
def test_bad_arguments_are_said(labels: Int32Array, arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        simulate(labels[0], **arguments)
