from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from torch import Tensor

from changen_cli.detection.detect import detect
from changen_cli.detection.options import DetectOptions
from changen_cli.errors import StoreError, UsageError
from changen_cli.reporter import Progress
from tests.detection.conftest import Difference
from tests.detection.make_rasters import PLACE, UTM, noise, write_raster


def paths(folder: Path, size: tuple[int, int] = (150, 200)) -> tuple[Path, Path]:
    """Two rasters; a rectangle of the second is brighter by far, a corner has no data."""
    first = noise(*size, 1) // 4 + 1
    second = first.copy()
    second[:, 40:90, 60:160] += 150
    second[:, :20, :30] = 0
    return write_raster(folder / "a.tif", first), write_raster(folder / "b.tif", second, nodata=0)


def options(folder: Path, **more: object) -> DetectOptions:
    a, b = folder / "a.tif", folder / "b.tif"
    values = {"output": str(folder / "out/change.tif"), "window": 64, "overlap": 16, **more}
    return DetectOptions(before=str(a), after=str(b), **values)  # type: ignore[arg-type]


def test_mask_probabilities_and_polygons(tmp_path: Path, difference: Difference) -> None:
    paths(tmp_path)
    told: list[Progress] = []
    said: list[str] = []

    class Reporter:
        def progress(self, progress: Progress) -> None:
            told.append(progress)

        def say(self, line: str) -> None:
            said.append(line)

        def warn(self, line: str) -> None:
            said.append(line)

    found = detect(options(tmp_path, vector=tmp_path / "out/c.gpkg"), Reporter(), predictor=difference)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "c.gpkg",
        "change.tif",
        "change_probability.tif",
    ]
    expected = np.zeros((150, 200), np.uint8)
    expected[40:90, 60:160] = 1
    expected[:20, :30] = 255
    with rasterio.open(found.mask) as mask, rasterio.open(found.probability) as probability:
        np.testing.assert_array_equal(mask.read(1), expected)
        assert (mask.crs, mask.transform) == (UTM, PLACE)
        assert mask.tags()["WEIGHTS"] == "difference"
        values = probability.read(1)
    np.testing.assert_allclose(values[expected == 1], 150 / 255, atol=1e-3)
    assert not values[expected == 0].any()
    assert np.isnan(values[expected == 255]).all()
    assert (found.valid, found.changed, found.polygons) == (150 * 200 - 600, 5000, 1)
    assert geopandas.read_file(found.vector)["mean_probability"][0] == pytest.approx(150 / 255, abs=1e-3)
    assert (told[-1].done, told[-1].total) == (len(told), 3 * 4)
    assert said[0].startswith("comparing 200 x 150 pixels of 0.5 m")
    assert found.as_json()["kind"] == "detector"


class Dies(Difference):
    """Is shown so many batches, and then the run is cut off."""

    def __init__(self, batches: int, error: type[BaseException]) -> None:
        super().__init__()
        self.batches, self.error = batches, error

    def __call__(self, before: Tensor, after: Tensor) -> Tensor:
        if len(self.shown) == self.batches:
            raise self.error
        return super().__call__(before, after)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_is_cut_off_leaves_what_was_there_and_goes_on(tmp_path: Path, error: type[BaseException]) -> None:
    paths(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    (out / "change.tif").write_text("old")
    (out / ".change.tif.work").mkdir()  # of a version that could not go on
    (out / ".change.tif.work/mask.tif").write_text("half")
    more = {"batch_size": 1}
    whole = Difference()
    detect(options(tmp_path, output=str(tmp_path / "undisturbed.tif"), **more), predictor=whole)
    done = 0
    for batches in (6, 5, 1):  # rows of four windows; the last run is cut off before it gets as far as it was
        with pytest.raises(error):
            detect(options(tmp_path, **more), predictor=Dies(batches, error))
        assert (out / "change.tif").read_text() == "old"
        complete = len(list((out / ".change.tif.work").glob("done-*.json")))
        assert complete >= done
        done = complete
    assert done == 1
    last, said = Difference(), Said()
    detect(options(tmp_path, **more), said, predictor=last)
    assert "going on where a run was cut off: 4 of 12 windows are done" in said.lines
    assert len(last.shown) == len(whole.shown)  # a row is made once more for what it leaves to the next
    found, expected = files(out), files(tmp_path)
    assert found["change.tif"] == expected["undisturbed.tif"]
    assert found["change_probability.tif"] == expected["undisturbed_probability.tif"]
    assert not (out / ".change.tif.work").exists()


def test_the_threshold_of_the_card_counts_where_the_user_says_nothing(tmp_path: Path, difference: Difference) -> None:
    paths(tmp_path)
    difference.card = replace(difference.card, threshold=0.6)
    found = detect(options(tmp_path), predictor=difference)
    assert (found.changed, found.threshold) == (0, 0.6)
    with rasterio.open(found.mask) as mask:
        assert mask.tags()["THRESHOLD"] == "0.6"
    assert detect(options(tmp_path, threshold=0.5), predictor=difference).changed == 5000


def test_what_is_left_of_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    paths(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        detect(options(tmp_path, batch_size=1), predictor=Dies(9, KeyboardInterrupt))
    said = Said()
    detect(options(tmp_path, threshold=0.6), said, predictor=Difference())
    assert not [line for line in said.lines if "going on" in line]


def test_two_runs_for_one_result_are_refused(tmp_path: Path) -> None:
    paths(tmp_path)

    class Twice(Difference):
        def __call__(self, before: Tensor, after: Tensor) -> Tensor:
            with pytest.raises(StoreError, match="another run"):
                detect(options(tmp_path), predictor=Difference())
            return super().__call__(before, after)

    assert detect(options(tmp_path), predictor=Twice()).changed == 5000


class Said:
    """Keeps what a reporter is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def progress(self, progress: Progress) -> None: ...

    def say(self, line: str) -> None:
        self.lines.append(line)

    def warn(self, line: str) -> None:
        self.lines.append(line)


def test_another_threshold_and_no_common_pixel(tmp_path: Path, difference: Difference) -> None:
    paths(tmp_path)
    assert detect(options(tmp_path, threshold=0.6), predictor=difference).changed == 0
    write_raster(tmp_path / "b.tif", np.zeros((3, 150, 200), np.uint8), nodata=0)
    warned: list[str] = []

    class Reporter:
        def progress(self, progress: Progress) -> None: ...

        def say(self, line: str) -> None: ...

        def warn(self, line: str) -> None:
            warned.append(line)

    found = detect(options(tmp_path), Reporter(), predictor=difference)
    assert (found.valid, found.changed) == (0, 0)
    assert "no pixel in common" in warned[0]
    with rasterio.open(found.mask) as mask:
        assert (mask.read(1) == 255).all()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"output": "change.png"}, r"--output change\.png: must end in \.tif"),
        ({"vector": "c.shp"}, r"--vector c\.shp"),
        ({"output": "a.tif"}, r"a\.tif: is one of the two rasters"),
    ],
)
def test_targets_that_cannot_be(
    tmp_path: Path, difference: Difference, more: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = {"before": "a.tif", "after": "b.tif", "output": "change.tif", **more}
    with pytest.raises(UsageError, match=message):
        detect(DetectOptions(**values), predictor=difference)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


MEASURE = """
import resource, sys
from changen_cli.detection.detect import detect
from changen_cli.detection.options import DetectOptions
from changen_cli.weights.card import Card

class Difference:
    name, kind, card = "difference", "detector", Card("difference", "none", {}, "0" * 64)

    def __call__(self, before, after):
        return (after.float() - before.float()).abs().mean(1) / 255

made = Difference()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = detect(DetectOptions(before=sys.argv[1], after=sys.argv[2], output=sys.argv[3]), predictor=made)
print(found.valid, found.changed, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_memory_stays_flat(tmp_path: Path) -> None:
    """12,000 x 12,000 pixels are 432 MB a date, and 576 MB of probabilities; nearly all of it is sparse."""
    side = 12_000
    for name, value in (("a", 10), ("b", 240)):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", count=3, height=side, width=side, dtype="uint8", nodata=0,
            tiled=True, sparse_ok=True, crs=UTM, transform=PLACE,
        ) as target:  # fmt: skip
            for place in (0, 5000, 11_800):
                block = np.full((3, 200, 200), value, np.uint8)
                target.write(block, window=rasterio.windows.Window(place, place, 200, 200))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "a.tif", tmp_path / "b.tif", tmp_path / "c.tif"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    valid, changed, megabytes = map(int, done.stdout.split())
    assert (valid, changed) == (120_000, 120_000)
    assert megabytes < 350
