"""The condition ``shadow``: clouds that the image does not show."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column, smooth_fields
from changen_cli.conditions.options import Strength, strength
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, option, options

NODES = 5
"""Nodes of the outline along each side."""

EDGE = 12.0
"""How steep an edge is: the field, between -1 and 1, goes from light to dark within a twelfth."""

BLUE = (1.0, 0.95, 0.85)
"""How much of red, green and blue a shadow takes: the sky still lights it."""

Depth = Annotated[Number, Ge(0), Le(1)]


@options()
class Shadow:
    """Lays the shadow of a cloud, soft at its edge and a little blue, over a part of some images.

    Shadows that buildings cast are not changed: conditions know nothing of what stands where.
    """

    name: ClassVar[str] = "shadow"

    strength: Strength = strength()
    chance: Annotated[Number, Ge(0), Le(1)] = option(default=0.3, help="Part of the images that have a shadow.")
    depth: Annotated[tuple[Depth, Depth], LOW_TO_HIGH] = option(
        default=(0.2, 0.5), help="How much of the light it takes, of 1."
    )

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        lot, depth, nodes = rng.random(), rng.uniform(*self.depth), rng.uniform(-1, 1, NODES**2)
        taken = min(1.0, depth * self.strength) if lot < self.chance else 0.0
        colours = BLUE if bands >= 3 else ()
        return {
            "depth": [taken * colour for colour in (*colours, *[1.0] * (bands - len(colours)))],
            "outline": nodes.tolist(),
        }

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        if not drawn["depth"].any():
            return images
        shade = smooth_fields(drawn["outline"][:, None], images).mul_(EDGE).clamp_(0, 1).permute(0, 3, 1, 2)
        depth = drawn["depth"].reshape(len(images), -1)
        return images.mul_((shade * -column(depth, images)).add_(1))
