from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from skimage.io import imsave

from changen_cli.errors import UsageError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.reports.contact_sheet import MARGIN
from changen_cli.reports.pictures import CREATED
from changen_cli.reports.preview import preview, series_rows
from changen_cli.store.series import open_series

CELL = 32 + MARGIN


def make_series(folder: Path, format: str) -> Path:
    image = np.random.default_rng(0).integers(40, 120, (64, 96, 3)).astype(np.uint8)
    mask = np.zeros((64, 96), np.uint8)
    mask[4:12, 4:12] = 255
    imsave(folder / "place.png", image, check_contrast=False)
    imsave(folder / "place_mask.png", mask, check_contrast=False)
    options = GenerateOptions(
        inputs=(str(folder / "place.png"),), output=str(folder / "out"), format=format, steps=2, tile_size=32,
        events="create", synthesizer="copy", device="cpu",
    )  # fmt: skip
    assert generate(options).exit_code == 0
    return folder / "out"


def test_a_row_of_images_above_a_row_of_layouts(tmp_path: Path) -> None:
    data = open_series(make_series(tmp_path, "zarr"))
    sheet = preview(data, 2)
    assert sheet.shape == (4 * CELL, 3 * CELL, 3)
    sample = data[1]  # the first of two that stand for six
    np.testing.assert_array_equal(sheet[:32, CELL : CELL + 32], sample.image[1].transpose(1, 2, 0))
    assert (sheet[CELL : 2 * CELL] == CREATED).all(2).any()
    assert preview(data, 99).shape[0] == 2 * len(data) * CELL


def test_pairs_have_their_change_below_the_second_image(tmp_path: Path) -> None:
    data = open_series(make_series(tmp_path, "levir"))
    images, labels = series_rows(data[0])
    assert (len(images), len(labels), labels[0]) == (2, 2, None)
    assert labels[1] is not None
    np.testing.assert_array_equal(labels[1][..., 0], data[0].change[0] * np.uint8(255))
    assert preview(data, 1).shape == (2 * CELL, 2 * CELL, 3)


def test_nothing_to_draw(tmp_path: Path) -> None:
    root = make_series(tmp_path, "zarr")
    table = pq.read_table(root / "samples.parquet")
    place = table.schema.get_field_index("status")
    pq.write_table(table.set_column(place, "status", pa.array(["failed"] * len(table))), root / "samples.parquet")
    with pytest.raises(UsageError, match="nothing to draw"):
        preview(open_series(root), 2)
