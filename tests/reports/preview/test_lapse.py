from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from changen_cli.errors import StoreError
from changen_cli.reports.pictures import CREATED, REMOVED
from changen_cli.reports.preview.lapse import draw_frames, write_lapse
from changen_cli.reports.preview.lettering import LINE
from changen_cli.reports.preview.options import PreviewOptions
from changen_cli.store.sample import Sample


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_every_date_is_a_frame(sample: Sample, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"new/lapse.{kind}"
    write_lapse(path, kind, sample, PreviewOptions("out", seconds=0.5))
    with Image.open(path) as lapse:
        assert (lapse.n_frames, lapse.size, lapse.info["loop"]) == (3, (40, 24 + LINE), 0)  # type: ignore[attr-defined]
        seen = []
        for frame in range(3):
            lapse.seek(frame)
            seen.append(np.asarray(lapse.convert("RGB")))
            assert lapse.info["duration"] == 500
    for before, after in pairwise(seen):
        assert np.abs(before.astype(int) - after).mean() > 3


def test_a_series_in_which_nothing_changes_has_all_its_dates(sample: Sample, tmp_path: Path) -> None:
    still = replace(sample, image=np.repeat(sample.image[:1], 3, 0), changes=())
    write_lapse(tmp_path / "x.gif", "gif", still, PreviewOptions("out"))
    with Image.open(tmp_path / "x.gif") as lapse:
        assert lapse.n_frames == 3  # type: ignore[attr-defined]


def test_outlines_show_what_the_step_changed(sample: Sample) -> None:
    plain, drawn = (draw_frames(sample, outlines=one) for one in (False, True))
    image = sample.image.transpose(0, 2, 3, 1)
    for place in range(3):
        np.testing.assert_array_equal(np.asarray(plain[place])[:24], image[place])
    np.testing.assert_array_equal(np.asarray(drawn[0])[:24], image[0])
    assert (np.asarray(drawn[1])[:24] == CREATED).all(2).any()
    assert (np.asarray(drawn[2])[:24] == REMOVED).all(2).any()
    assert draw_frames(sample, 20)[0].size == (20, 12 + LINE)


def test_a_lapse_that_cannot_be_written(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        write_lapse(tmp_path / "file/x.gif", "gif", sample, PreviewOptions("out"))
