from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import UsageError
from changen_cli.reports.preview.film import require_film, write_film


def test_a_film_shows_each_frame_so_long(tmp_path: Path) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    frames = [np.full((65, 81, 3), grey, np.uint8) for grey in (20, 220)]
    write_film(tmp_path / "x.mp4", frames, 0.5)
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]
    film = imageio_ffmpeg.read_frames(str(tmp_path / "x.mp4"))
    about = next(film)
    seen = [np.frombuffer(frame, np.uint8).mean() for frame in film]
    assert about["size"] == (80, 64)
    assert about["duration"] == pytest.approx(1.0, abs=0.11)
    assert len(seen) == 10
    assert seen[0] == pytest.approx(20, abs=4)
    assert seen[-1] == pytest.approx(220, abs=4)


def test_where_films_cannot_be_written_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UsageError, match=r'x.mp4: a film needs imageio-ffmpeg; install with: pip install "changen'):
        require_film(Path("x.mp4"))
