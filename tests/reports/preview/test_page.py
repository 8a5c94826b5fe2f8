from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from changen_cli.reports.preview.chosen import Chosen
from changen_cli.reports.preview.page import about_of, write_page
from changen_cli.store.series import SeriesDataset
from tests.reporting import Heard


def page_of(data: SeriesDataset, items: Sequence[int], folder: Path) -> str:
    write_page(folder / "page.html", Chosen(data, items), 64)
    return (folder / "page.html").read_text(encoding="utf-8")


class Seen(HTMLParser):
    """Collects the JSON of a page by id, and every address that it names outside of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.json: dict[str, Any] = {}
        self.outside: list[str] = []
        self.ids: list[str] = []
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self._open = str(given.get("id")) if given.get("type") == "application/json" else ""
        for name in ("src", "href"):
            value = given.get(name)
            if value is not None and not value.startswith(("data:", "#")):
                self.outside.append(value)

    def handle_data(self, data: str) -> None:
        if self._open:
            self.json[self._open] = json.loads(data)
            self._open = ""


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_a_page_has_everything_inside(output: Callable[[str], SeriesDataset], format: str, tmp_path: Path) -> None:
    data = output(format)
    page = Seen(page_of(data, range(len(data)), tmp_path))
    index = page.json["index"]
    assert page.outside == []
    assert [one["id"] for one in index["series"]] == [sample.id for sample in data]
    assert [one["split"] for one in index["series"]] == [sample.split for sample in data]
    assert index["events"] == {"create": "#50dc64", "relocate": "#ffb020", "remove": "#eb4646"}
    assert len(index["places"]) == 1
    assert "kampala (" in index["places"][0]
    for number, sample in enumerate(data):
        assert len(page.json[f"pictures-{number}"]["images"]) == len(sample.times)
        assert index["series"][number]["place"] == 0
        assert len(index["series"][number]["corners"]) == 4


def test_the_script_finds_every_part_of_the_page_that_it_names(
    output: Callable[[str], SeriesDataset], tmp_path: Path
) -> None:
    page = page_of(output("zarr"), [0], tmp_path)
    ids = Seen(page).ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"""\$\("([a-z-]+)"\)""", page)) <= set(ids)


def test_what_is_shown_and_what_is_not_is_said(output: Callable[[str], SeriesDataset], tmp_path: Path) -> None:
    data = output("zarr")
    about = about_of(data, 1)
    assert (about["total"], about["shown"], about["status"]) == (3, 1, {"done": 3, "skipped": 1, "failed": 1})
    seen = Heard()
    write_page(tmp_path / "new/page.html", Chosen(data, [1]), 64, seen)
    page = (tmp_path / "new/page.html").read_text(encoding="utf-8")
    assert "1 of 3 series, spread evenly" in page
    assert "1 failed" in page
    assert [(one.done, one.total) for one in seen.progresses] == [(1, 1)]
