"""The classes of vector footprints, read from a column of their file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from changen_cli.errors import SceneError
from changen_cli.scenes.classes import Classes
from changen_cli.scenes.footprints.vector_file import Features
from changen_cli.scenes.layout import BUILDING
from changen_cli.types import AnyArray

NOTHING = Features(np.empty(0, np.int64), np.empty(0, object))
"""No features."""

_SHOWN = 6
"""Values that a message names."""


@dataclass(frozen=True)
class ClassReader:
    """Reads classes.

    Attributes:
        path: The file, for messages.
        column: Its column; None where all footprints are buildings.
        classes: What values mean.
    """

    path: str
    column: str | None
    classes: Classes

    def read(self, features: Features, feature: AnyArray) -> AnyArray:
        """Reads the classes of polygons that were made of features.

        Args:
            features: With the values of the column.
            feature: Which of them each polygon is of, int [N].

        Returns:
            uint8 [N], each at least 1.

        Raises:
            SceneError: If the value of one means no class.
        """
        if self.column is None or not len(feature):
            return np.full(len(feature), BUILDING, np.uint8)
        assert features.values is not None, "the file was opened with the column"
        used = np.unique(feature)
        numbers = np.zeros(len(features.ids), np.int64)
        strange: dict[str, int] = {}
        for place, value in zip(used.tolist(), features.values[used].tolist(), strict=True):
            number = self.classes.number(value)
            if number is None:
                name = "no value" if value is None or value != value else repr(value)
                strange[name] = strange.get(name, 0) + 1
            else:
                numbers[place] = number
        if strange:
            shown = ", ".join(f"{name} ({count})" for name, count in list(strange.items())[:_SHOWN])
            more = f" and {len(strange) - _SHOWN} more values" if len(strange) > _SHOWN else ""
            raise SceneError(
                f"{self.path}: the column {self.column!r} says of {sum(strange.values())} footprints what is no class: "
                f"{shown}{more}; say what they are, --class-name NUMBER=NAME|VALUE, where the value * stands for all "
                "others, or take these footprints out of the file"
            )
        return numbers[feature].astype(np.uint8)
