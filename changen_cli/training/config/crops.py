"""How training samples are drawn: crops of scenes, and the schedule of events that makes S_t+1 of each."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from changen_cli.events.options import ScheduleOptions
from changen_cli.options import Ge, Le, Number, Says, Whole, option, options, split


def _multiple_of_64(size: int) -> int:
    if size < 64 or size % 64:
        raise ValueError("the networks halve a crop six times")
    return size


def _ordered(scale: tuple[float, float]) -> tuple[float, float]:
    if not 0.1 <= scale[0] <= scale[1] <= 10:
        raise ValueError("not a range of factors")
    return scale


Scale = Annotated[
    tuple[Number, Number], AfterValidator(_ordered), split(":"), Says("two factors with 0.1 <= lower <= upper <= 10")
]
"""Scale jitter: the least and the largest factor by which things are enlarged; drawn log-uniformly."""


@options(kw_only=True)
class CropOptions(ScheduleOptions):
    """What a crop is, and what changes in it.

    Events have the defaults of ``changen generate``, and are simulated by the same rules.
    """

    size: Annotated[Whole, AfterValidator(_multiple_of_64), Says("a multiple of 64, at least 64")] = option(
        default=256, help="Side of the training crops, a multiple of 64 pixels.", group="Crops", name="crop"
    )
    scale: Scale = option(default=(0.75, 1.5), help="Scale jitter, lower and upper factor.", group="Crops")
    min_building: Annotated[Number, Ge(0), Le(1)] = option(
        default=0.02,
        help="Least share of building pixels of a crop, where one of the windows that are looked at has it.",
        group="Crops",
    )
    windows: Annotated[Whole, Ge(1)] = option(
        default=30, help="Most windows looked at for one crop, before the best of them is taken.", group="Crops"
    )
    bare_scenes: bool = option(
        default=False, help="Whether crops are drawn from scenes without a building, too.", group="Crops"
    )
    covered: bool = option(
        default=False,
        help="Whether crops come with ground over what the events take away, for models that learn to draw it again.",
        group="Crops",
    )

    def __post_init__(self) -> None:
        self.schedule()
