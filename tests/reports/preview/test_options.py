from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import UsageError
from changen_cli.reports.preview.options import PreviewOptions, kind_of


def test_the_name_of_a_file_says_what_it_is() -> None:
    assert PreviewOptions("out").files() == {"html": Path("preview.html")}
    assert PreviewOptions("out", output="x.GIF").files() == {"gif": Path("x.GIF")}
    assert PreviewOptions("out", output="x.htm", png="y.png").files() == {"png": Path("y.png"), "html": Path("x.htm")}
    assert PreviewOptions("out", webp="y.webp").files() == {"webp": Path("y.webp")}
    assert (kind_of("a.tar.PNG"), kind_of("a")) == ("png", "")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"output": "x.tif"}, r"--output x.tif: the name must end in \.html, \.png, \.gif, \.webp, \.mp4"),
        ({"output": "x"}, r"--output x: the name must end in"),
        ({"gif": "x.png"}, r"--gif x.png: the name must end in \.gif"),
        ({"output": "x.png", "png": "y.png"}, "--png names such a file already"),
        ({"limit": 0}, "--limit"),
        ({"size": 8}, "--size"),
        ({"seconds": 0}, "--seconds"),
    ],
)
def test_what_cannot_be_written_is_said(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PreviewOptions("out", **given)  # type: ignore[arg-type]
