"""The rule ``aligned``: in a row with a neighbour, as along a street."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import shapely

from changen_cli.events.geometry import Floats, Outline, main_directions, outline_array
from changen_cli.events.places.base import Ground
from changen_cli.options import Ge, Gt, Number, option, options


@options()
class Aligned:
    """Puts new objects in a row with the nearest one of their class: two of their walls lie on one line."""

    name: ClassVar[str] = "aligned"

    tolerance: Annotated[Number, Ge(0)] = option(default=2.0, help="How far a wall may lie off the line, pixels.")
    reach: Annotated[Number, Gt(0)] = option(
        default=60.0, help="Largest distance from the nearest object, wall to wall, pixels."
    )

    def accept(self, outline: Outline, ground: Ground, rng: np.random.Generator) -> bool:
        """Tells whether a front or a back lies on a line with one of the nearest object."""
        del rng
        models = ground.room.models(ground.category)
        if not len(models.outlines):
            return False
        centre = shapely.get_coordinates(shapely.centroid(outline))
        model = models.outlines[int(models.nearest(centre)[0])]
        if shapely.distance(model, outline) > self.reach:
            return False
        angle = float(main_directions(outline_array([model]))[0])
        off = np.abs(_extent(outline, angle) - _extent(model, angle)).reshape(2, 2)  # (low, high) of (x, y)
        return bool(off.min() <= self.tolerance)

    def lacks(self, ground: Ground) -> str:
        """Says so if nothing stands here."""
        if any(f.category == ground.category for f in ground.layout.footprints):
            return ""
        return f"the rule aligned finds no object of class {ground.category} to stand in a row with"


def _extent(outline: Outline, angle: float) -> Floats:
    """Measures an outline along and across a direction: low and high of both, float64 [4]."""
    turn = np.deg2rad(angle)
    cos, sin = np.cos(turn), np.sin(turn)
    turned = shapely.get_coordinates(outline) @ np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([turned.min(axis=0), turned.max(axis=0)])
