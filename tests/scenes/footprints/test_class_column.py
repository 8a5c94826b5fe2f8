from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from changen_cli.errors import SceneError
from changen_cli.scenes.classes import Classes, read_classes
from changen_cli.scenes.footprints.class_column import NOTHING, ClassReader
from changen_cli.scenes.footprints.vector_file import Features
from changen_cli.types import AnyArray


def features(*values: Any) -> Features:
    return Features(np.arange(len(values)), np.empty(len(values), object), np.array(values, object))


def read(values: Features, feature: list[int], *classes: str) -> list[int]:
    found: AnyArray = ClassReader("a.gpkg", "kind", read_classes(classes)).read(values, np.array(feature, np.int64))
    assert found.dtype == np.uint8
    return list(found.tolist())


def test_polygons_have_the_class_of_their_feature() -> None:
    found = read(features("water", "building", None, 4), [0, 0, 1, 3], "2=water")
    assert found == [2, 2, 1, 4]  # that without a value has no polygon, and nobody asks what it is


def test_without_a_column_all_are_buildings() -> None:
    assert ClassReader("a.gpkg", None, Classes()).read(NOTHING, np.zeros(2, np.int64)).tolist() == [1, 1]
    assert not read(features(), [])


def test_values_without_a_class_are_counted() -> None:
    strange = features("oak", None, "oak", float("nan"), 1, "a", "b", "c", "d", "e")
    with pytest.raises(SceneError) as error:
        read(strange, list(range(10)))
    assert "a.gpkg: the column 'kind' says of 9 footprints what is no class: 'oak' (2), no value (2), 'a' (1)" in str(
        error.value
    )
    assert "and 1 more values" in str(error.value)
