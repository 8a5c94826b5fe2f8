"""An output as one HTML page that needs nothing else: what can be said of its series, and their pictures inside it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from changen_cli.events.base import Change
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.reports.page import write_filled
from changen_cli.reports.preview.chosen import Chosen
from changen_cli.reports.preview.colours import as_css, event_colours
from changen_cli.reports.preview.facts import Json, facts_of, pictures_of
from changen_cli.reports.preview.places import Corners, corners_of, group_places
from changen_cli.store.series import SeriesDataset
from changen_cli.store.tables.geography import GeoRef

TEMPLATE = "preview/page.html.j2"


def write_page(path: Path, chosen: Chosen, most: int, reporter: Reporter | None = None) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: HTML file; its folder is made if need be.
        chosen: The series to show.
        most: Most pixels of the longer side of a picture.
        reporter: Told how far it is.

    Raises:
        StoreError: If a series cannot be read, or the page cannot be written.
    """
    reader = Reader(chosen, most, reporter or Silent())
    about = about_of(chosen.data, len(chosen.items))
    write_filled(path, TEMPLATE, about=about, pictures=reader.pictures(), index=reader.index)


class Reader:
    """Reads the series of a page once, one by one, so that memory does not grow with their pictures."""

    def __init__(self, chosen: Chosen, most: int, reporter: Reporter) -> None:
        """Reads nothing yet.

        Args:
            chosen: The series to show.
            most: Most pixels of the longer side of a picture.
            reporter: Told how far it is.
        """
        self._chosen, self._most, self._reporter = chosen, most, reporter
        self._facts: list[Json] = []
        self._changes: list[Change] = []
        self._georefs: list[GeoRef] = []

    def pictures(self) -> Iterator[Json]:
        """Yields the pictures of each series (:func:`~changen_cli.reports.preview.facts.pictures_of`).

        Raises:
            StoreError: If a series cannot be read.
        """
        begun = time.monotonic()
        total = len(self._chosen.items)
        for done, item in enumerate(self._chosen.items, 1):
            sample = self._chosen.data[item]
            self._facts.append(facts_of(sample))
            self._changes += sample.changes
            self._georefs.append((sample.transform, sample.crs))
            yield pictures_of(sample, self._most)
            left = (time.monotonic() - begun) / done * (total - done)
            self._reporter.progress(
                Progress("preview", done, total, self._chosen.data.items, f"{done / total:.0%}", seconds_left=left)
            )

    def index(self) -> Json:
        """Returns what charts, filters and the map are made of: known once all series have been read."""
        data = self._chosen.data
        corners = corners_of(self._georefs, *data.size)
        for one, where, place in zip(self._facts, corners, group_places(corners), strict=True):
            one["corners"], one["place"] = where, place
        return {
            "size": list(data.size),
            "items": data.items,
            "events": {name: as_css(colour) for name, colour in event_colours(self._changes).items()},
            "places": _place_names(self._facts, corners),
            "series": self._facts,
        }


def about_of(data: SeriesDataset, shown: int) -> Json:
    """Returns what the head of a page says of an output.

    Args:
        data: The output.
        shown: Series on the page.
    """
    arguments = data.manifest.get("arguments", {})
    status: dict[str, int] = {}
    for entry in data.table["status"].value_counts().to_pylist():
        status[str(entry["values"])] = int(entry["counts"])
    return {
        "name": data.root.resolve().name,
        "format": data.format,
        "items": data.items,
        "shown": shown,
        "total": len(data),
        "steps": data.steps,
        "height": data.size[0],
        "width": data.size[1],
        "synthesizer": arguments.get("synthesizer") or {},
        "seed": arguments.get("seed"),
        "changen": arguments.get("changen"),
        "licences": data.manifest.get("licences", {}),
        "status": status,
    }


def _place_names(facts: Iterable[Json], corners: Iterable[Corners | None]) -> list[str]:
    """Names each place by its first scene, and by where its first tile lies."""
    names: dict[int, str] = {}
    for one, where in zip(facts, corners, strict=True):
        if where is not None and one["place"] not in names:
            (lon, lat) = where[0]
            names[one["place"]] = f"{one['scene']} ({abs(lat):.3f}°{'NS'[lat < 0]}, {abs(lon):.3f}°{'EW'[lon < 0]})"
    return [names[place] for place in sorted(names)]
