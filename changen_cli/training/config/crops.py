"""How training samples are drawn: crops of scenes, and the schedule of events that makes S_t+1 of each."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from changen_cli.events.schedule import Schedule, make_schedule, parse_range
from changen_cli.options import Ge, Le, Number, Says, Whole, option, options


def _multiple_of_64(size: int) -> int:
    if size < 64 or size % 64:
        raise ValueError("the networks halve a crop six times")
    return size


def _ordered(scale: tuple[float, float]) -> tuple[float, float]:
    if not 0.1 <= scale[0] <= scale[1] <= 10:
        raise ValueError("not a range of factors")
    return scale


Scale = Annotated[tuple[Number, Number], AfterValidator(_ordered), Says("two factors with 0.1 <= lower <= upper <= 10")]
"""Scale jitter: the least and the largest factor by which things are enlarged; drawn log-uniformly."""

Changes = Annotated[
    tuple[Whole, Whole],
    BeforeValidator(lambda value: parse_range(value) if isinstance(value, str) else value),
    Says('two whole numbers, low:high; in YAML write "1:5" in quotes'),
]
"""Least and most changes of a step."""

Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Says("a list of text"),
]


@options()
class CropOptions:
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
    events: str = option(
        default="create,remove",
        help="Events that make S_t+1, in order, with weights: create=2,remove=1.",
        group="Events",
    )
    changes_per_step: Changes = option(
        default=(1, 5), help="Least and most changes of a crop, low:high.", group="Events"
    )
    event_options: Texts = option(
        default=(), help="Parameters of events, EVENT.PARAMETER=VALUE; repeatable.", group="Events", name="event-option"
    )
    gap: Annotated[Number, Ge(0)] = option(
        default=2.0, help="Least distance between a placed footprint and any other, pixels of the crop.", group="Events"
    )

    def __post_init__(self) -> None:
        self.schedule()

    def schedule(self) -> Schedule:
        """Loads the events of a crop.

        Raises:
            UsageError: If the events, their number or their parameters cannot be used.
            PluginError: If an event is not installed or cannot be loaded.
        """
        return make_schedule(self.events, self.changes_per_step, self.event_options)
