from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from changen_cli.reports.page import render, write_filled

ABOUT = {
    "name": "x", "format": "zarr", "items": "series", "shown": 1, "total": 1, "steps": 1, "height": 8, "width": 8,
    "synthesizer": {}, "seed": None, "changen": None, "status": {}, "licences": {},
}  # fmt: skip


def test_a_page_is_written_piece_by_piece_and_whole_or_not_at_all(tmp_path: Path) -> None:
    def fails() -> Iterator[dict[str, str]]:
        yield {"id": "a"}
        raise RuntimeError("half a page")

    path = tmp_path / "new/page.html"
    with pytest.raises(RuntimeError, match="half a page"):
        write_filled(path, "preview/page.html.j2", about=ABOUT, pictures=fails(), index=dict)
    assert list((tmp_path / "new").iterdir()) == []
    write_filled(path, "preview/page.html.j2", about=ABOUT, pictures=iter([{"id": "</script>"}]), index=dict)
    assert path.read_text(encoding="utf-8").count("</script>") == 3  # what is in the data closes nothing


def test_what_a_template_names_must_be_there() -> None:
    with pytest.raises(UndefinedError):
        render("quality.html.j2", about={})
