"""Which series of an output are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from changen_cli.errors import UsageError
from changen_cli.metrics.pairs import choose
from changen_cli.reports.preview.options import PreviewOptions
from changen_cli.store.series import SeriesDataset


@dataclass(frozen=True, slots=True)
class Chosen:
    """Series to show.

    Attributes:
        data: The output, or a split of it.
        items: Places of the series in it, in order.
    """

    data: SeriesDataset
    items: Sequence[int]


def choose_series(data: SeriesDataset, options: PreviewOptions, usual: int) -> Chosen:
    """Chooses the series to show.

    Args:
        data: The output, or the split that is asked for.
        options: What is asked for.
        usual: Most series if ``options`` names no limit.

    Raises:
        UsageError: If no series is done, or one that is asked for by its id is not there.
    """
    if not len(data):
        raise UsageError(f"{data.root}: has no series that is done, so there is nothing to draw")
    limit = usual if options.limit is None else options.limit
    if not options.id:
        return Chosen(data, choose(len(data), limit))
    ids = {name: item for item, name in enumerate(ids_of(data))}
    if missing := [name for name in options.id if name not in ids]:
        raise UsageError(
            f"--id {missing[0]}: {data.root} has no such series; its {len(ids):,} are {', '.join(list(ids)[:3])} ..."
        )
    return Chosen(data, [ids[name] for name in options.id][:limit])


def ids_of(data: SeriesDataset) -> list[str]:
    """Lists the ids of the series, or of the pairs where the format stores pairs, without reading any."""
    names: list[str] = data.table["sample"].take(data.rows).to_pylist()
    if data.items == "series":
        return names
    return [f"{name}__t{times[0]}_t{times[1]}" for name in names for times in data.times]
