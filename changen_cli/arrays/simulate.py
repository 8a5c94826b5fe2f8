"""``simulate()``: how a label map changes, P(S_t+1 | S_t), on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import ArrayLike
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.arrays.keys import Seed, key_of
from changen_cli.arrays.states import Values, read_states, read_valid
from changen_cli.events.base import Change, Shortfall, Site
from changen_cli.events.ground import outline_of
from changen_cli.events.options import ScheduleOptions, Steps
from changen_cli.events.simulate import simulate as simulate_layout
from changen_cli.options import check
from changen_cli.scenes.footprints.geometry import centred
from changen_cli.scenes.layout import Layout, rasterize_all
from changen_cli.types import Int32Array

_OUTLINES = 256


class Simulated(NamedTuple):
    """What became of a label map.

    Attributes:
        labels: S_0 ... S_n, uid or 0, int32 [n + 1, H, W]; ``labels[0]`` is the map given, numbered if it had no ids.
        changes: What happened, step by step, with the footprint before and after in pixel coordinates.
        categories: Class of each object, 1..255, by uid.
        shortfalls: What could not be done, and why.
    """

    labels: Int32Array
    changes: list[Change]
    categories: dict[int, int]
    shortfalls: tuple[Shortfall, ...]


def simulate(
    mask: ArrayLike,
    events: str | Mapping[str, float] = "create,remove",
    steps: int = 1,
    seed: int = 0,
    *,
    changes_per_step: str | tuple[int, int] = (1, 5),
    event_options: Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
    gap: float = 2.0,
    valid: ArrayLike | None = None,
    mask_values: Values = "auto",
    categories: Mapping[int, int] | None = None,
) -> Simulated:
    """Simulates how a place changes: events on the objects of a label map, step after step (equation 2).

    The same simulator as ``changen generate``'s. New objects take the outlines of those in the map.

    Args:
        mask: S_0, bool or whole numbers [H, W]; 0 is the ground.
        events: Events with weights, ``"create=2,remove=1"``, or weights by name.
        steps: n, at least 1.
        seed: The same seed gives the same history.
        changes_per_step: Least and most changes of a step, (1, 5) or "1:5".
        event_options: Parameters of events, ``["create.turn=45"]``, or values by parameter by event.
        gap: Least distance of a placed footprint to others, pixels.
        valid: Where there is data and objects may be placed, bool [H, W]; None for everywhere.
        mask_values: What the values are: "binary", "instance" (ids) or "class"; "auto" judges.
        categories: Class by id, for a map of ids; 1 where nothing is said.

    Returns:
        Label maps, and the changes between them.

    Raises:
        ChangenError: If an argument cannot be used, or an event is not installed or fails.
    """
    schedule = ScheduleOptions(
        events=events,
        changes_per_step=changes_per_step,  # type: ignore[arg-type]  # text is taken apart
        # taken apart there too: "create.size=3", several of them, or a mapping
        event_options=event_options if isinstance(event_options, Mapping | str) else tuple(event_options),  # type: ignore[arg-type]
        gap=gap,
    )
    steps, seed = check("steps", steps, Steps), check("seed", seed, Seed)
    states = read_states(mask, None, mask_values, categories)
    height, width = states.labels.shape[1:]
    known = read_valid(valid, (height, width))
    footprints = tuple(states.footprints(0).values())
    outlines = centred(_inside([footprint.polygon for footprint in footprints], height, width), _OUTLINES)
    site = Site(allowed=outline_of(known), gap=schedule.gap, outlines=outlines)
    history = simulate_layout(Layout(height, width, footprints), site, schedule.schedule(), steps, key_of(seed))
    labels = rasterize_all(history.layouts)[1] * known
    return Simulated(
        labels,
        [change for step in history.changes for change in step],
        {f.uid: f.category for layout in history.layouts for f in layout.footprints},
        history.shortfalls,
    )


def _inside(polygons: Sequence[Polygon | MultiPolygon], height: int, width: int) -> list[Polygon | MultiPolygon]:
    """Returns those that no edge of the map may have cut."""
    found = []
    for polygon in polygons:
        left, top, right, bottom = polygon.bounds
        if left > 0 and top > 0 and right < width and bottom < height:
            found.append(polygon)
    return found
