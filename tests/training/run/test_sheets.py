from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from skimage.io import imread
from torch import Tensor

from changen_cli.reports.contact_sheet import MARGIN
from changen_cli.reports.pictures import CREATED, KEPT, REMOVED, draw_layouts
from changen_cli.training.data.batch import make_batch
from changen_cli.training.data.crops import Crop
from changen_cli.training.run.sheets import change_rows, write_sheet


def test_kept_is_white_removed_red_created_green() -> None:
    before = np.array([[1, 1, 0, 0]], np.uint8)
    after = np.array([[1, 0, 1, 0]], np.uint8)
    first, second = draw_layouts(before, after)
    assert first.tolist() == [[list(KEPT), list(REMOVED), [0, 0, 0], [0, 0, 0]]]
    assert second.tolist() == [[list(KEPT), [0, 0, 0], list(CREATED), [0, 0, 0]]]


def negative(image: Tensor, after: Tensor) -> Tensor:
    """Gives -I_t, and where S_t+1 has a building, white."""
    return torch.where(after[:, None] > 0, torch.ones_like(image), -image)


def test_a_sheet_shows_four_pictures_a_row(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    samples = []
    for _ in range(3):
        image = draw.integers(0, 256, (3, 32, 32)).astype(np.uint8)
        before, after = np.zeros((2, 32, 32), np.uint8)
        before[2:8, 2:8], after[20:28, 20:30] = 1, 1
        uids = np.stack([before, after]).astype(np.int32)
        samples.append(Crop(image, np.ones((32, 32), np.bool_), before, after, uids))
    path = tmp_path / "sheets" / "000010.png"
    batch = make_batch(samples, torch.zeros(3, 4))
    assert batch.noise.shape == (3, 4)
    write_sheet(path, change_rows(samples, negative(batch.pixels, batch.after)))
    sheet = imread(path)
    side = 32 + MARGIN
    assert sheet.shape == (3 * side, 4 * side, 3)
    for row, sample in enumerate(samples):
        cells = [sheet[row * side : row * side + 32, n * side : n * side + 32] for n in range(4)]
        assert np.array_equal(cells[0], sample.image.transpose(1, 2, 0))
        assert (cells[1][2:8, 2:8] == REMOVED).all()
        assert (cells[2][20:28, 20:30] == CREATED).all()
        assert (cells[3][20:28, 20:30] == 255).all()
        assert np.array_equal(cells[3][:16], 255 - cells[0][:16])
