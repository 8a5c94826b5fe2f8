"""An output as one HTML page that needs nothing else: what can be said of its series, and their pictures inside it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.files import write_whole
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.reports.page import render
from changen_cli.reports.preview.chosen import Chosen
from changen_cli.reports.preview.colours import as_css, event_colours
from changen_cli.reports.preview.facts import Json, facts_of, pictures_of
from changen_cli.reports.preview.places import Corners, corners_of, group_places
from changen_cli.store.series import SeriesDataset

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
    write_whole(path, render_page(chosen, most, reporter), StoreError)


def render_page(chosen: Chosen, most: int, reporter: Reporter | None = None) -> str:
    """Returns the page.

    Args:
        chosen: The series to show.
        most: Most pixels of the longer side of a picture.
        reporter: Told how far it is.

    Raises:
        StoreError: If a series cannot be read.
    """
    reporter = reporter or Silent()
    data = chosen.data
    facts: list[Json] = []
    pictures: list[Json] = []
    changes: list[Change] = []
    georefs = []
    begun = time.monotonic()
    for done, item in enumerate(chosen.items, 1):
        sample = data[item]
        facts.append(facts_of(sample))
        pictures.append(pictures_of(sample, most))
        changes += sample.changes
        georefs.append((sample.transform, sample.crs))
        left = (time.monotonic() - begun) / done * (len(chosen.items) - done)
        reporter.progress(Progress("preview", done, len(chosen.items), data.items, seconds_left=left))
    corners = corners_of(georefs, *data.size)
    for one, where, place in zip(facts, corners, group_places(corners), strict=True):
        one["corners"], one["place"] = where, place
    return render(
        TEMPLATE,
        about=about_of(data, len(facts)),
        index={
            "size": list(data.size),
            "items": data.items,
            "events": {name: as_css(colour) for name, colour in event_colours(changes).items()},
            "places": _place_names(facts, corners),
            "series": facts,
        },
        pictures=pictures,
    )


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
