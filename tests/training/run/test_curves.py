from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.io import imread

from changen_cli.errors import StoreError, TrainingError
from changen_cli.training.run.curves import draw_curves, running_median, thinned
from changen_cli.training.run.log import BEST_SO_FAR, VALIDATION, MetricLog
from changen_cli.training.validation.best import BestSoFar

pytest.importorskip("matplotlib")

HEADER = ("iteration", "seconds", "images_per_second", "g_loss", "d_right")
GREEN, BLUE, ORANGE = (0x2A, 0x7D, 0x3F), (0x1F, 0x4E, 0x8C), (0xB5, 0x54, 0x1C)


def log(folder: Path, rows: Sequence[Sequence[float]]) -> None:
    with (folder / "losses.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])


def rows(count: int) -> list[list[float]]:
    return [[10 * n, n, 5, 1 / n, math.nan if n % 7 == 3 else 0.5] for n in range(1, count + 1)]


def validate(folder: Path, *distances: float) -> None:
    columns = ("kernel_lite0", "removed_structure")
    best = BestSoFar(columns)
    with MetricLog(folder / VALIDATION, (*columns, BEST_SO_FAR), 0, folder / "tensorboard") as log:
        for number, distance in enumerate(distances, 1):
            values = {"kernel_lite0": distance, "removed_structure": 0.1 * number}
            log.write(50 * number, values | {BEST_SO_FAR: best.consider(50 * number, values)})


def inked(folder: Path, colour: tuple[int, int, int]) -> int:
    """How many pixels of the picture have a colour."""
    picture = imread(folder / "curves.png")[..., :3]
    assert picture.shape[1] == 1600
    return int((picture == colour).all(2).sum())


@pytest.fixture
def spies(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Any]]:
    """Keeps the figures that are made; their axes can be asked for."""
    from matplotlib.figure import Figure

    made: list[Figure] = []
    init = Figure.__init__

    def keep(self: Figure, *args: object, **given: object) -> None:
        made.append(self)
        init(self, *args, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(Figure, "__init__", keep)
    return lambda: made[-1].axes


def test_every_curve_has_its_panel(tmp_path: Path, spies: Callable[[], list[Any]]) -> None:
    log(tmp_path, rows(30))
    draw_curves(tmp_path)
    panels = spies()
    assert [axes.get_title("left") for axes in panels] == ["g_loss", "d_right", "images_per_second"]
    assert [axes.get_title("right") for axes in panels] == ["loss", "share of pixels", "images/s"]
    raw, middle = panels[0].lines
    assert raw.get_xydata().tolist() == [[10 * n, 1 / n] for n in range(1, 31)]
    assert len(middle.get_xdata()) == 30
    assert inked(tmp_path, BLUE) > 500
    assert inked(tmp_path, GREEN) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"losses.csv", "curves.png"}


def test_the_best_validation_is_marked_in_all(tmp_path: Path, spies: Callable[[], list[Any]]) -> None:
    log(tmp_path, rows(30))
    validate(tmp_path, 3.0, 1.0, 2.0, math.nan)
    draw_curves(tmp_path)
    panels = spies()
    assert [axes.get_title("left") for axes in panels[3:]] == ["kernel_lite0", "removed_structure"]
    assert [axes.get_title("right") for axes in panels[3:]] == [
        "may be < 0, lower is better",
        "1: still there, lower is better",
    ]
    points = panels[3].lines[0]
    assert points.get_xdata().tolist() == [50, 100, 150, 200]
    np.testing.assert_array_equal(points.get_ydata(), [3, 1, 2, math.nan])
    assert panels[4].lines[1].get_xydata().tolist() == [[100, 0.2]]
    assert all(axes.lines[-1].get_xdata() == [100, 100] for axes in panels)
    assert len({axes.get_xlim() for axes in panels}) == 1
    assert inked(tmp_path, GREEN) > 100
    assert inked(tmp_path, ORANGE) > 50


@pytest.mark.parametrize("count", [0, 1, 2])
def test_short_logs(tmp_path: Path, count: int) -> None:
    log(tmp_path, rows(count))
    draw_curves(tmp_path)
    assert (inked(tmp_path, BLUE) > 0) == (count > 0)


def test_a_log_without_a_row_may_have_validations_without_a_value(tmp_path: Path) -> None:
    log(tmp_path, [])
    validate(tmp_path, math.nan)
    draw_curves(tmp_path)
    assert inked(tmp_path, ORANGE) > 0  # removed_structure has one


def test_no_values_and_broken_rows(tmp_path: Path, spies: Callable[[], list[Any]]) -> None:
    log(tmp_path, [[1, 1, 5, math.nan, 0.5], [2, 1, 5, math.inf, 0.5], [3, 1, 5, math.nan, 0.25]])
    with (tmp_path / "losses.csv").open("a") as file:
        file.write("4,1,5,1,x\n5,1,5")
    draw_curves(tmp_path)
    nothing, right, _ = spies()
    assert [text.get_text() for text in nothing.texts] == ["no values"]
    assert right.lines[0].get_xydata().tolist() == [[1, 0.5], [2, 0.5], [3, 0.25]]


def test_a_spike_does_not_press_the_rest_flat(tmp_path: Path, spies: Callable[[], list[Any]]) -> None:
    log(tmp_path, [[n, n, 5, 1e6 if n == 77 else 1 + n / 500, 0.5] for n in range(1, 501)])
    draw_curves(tmp_path)
    low, high = spies()[0].get_ylim()
    assert 0.5 < low < 1.1
    assert 1.9 < high < 3


def test_a_run_of_100_000_rows(tmp_path: Path, spies: Callable[[], list[Any]]) -> None:
    with (tmp_path / "losses.csv").open("w") as file:
        file.write(",".join(HEADER) + "\n")
        file.writelines(f"{n},{n},5,{n % 13},0.5\n" for n in range(1, 100_001))
    draw_curves(tmp_path)
    for axes in spies():
        assert all(len(line.get_xdata()) <= 2000 for line in axes.lines)
        assert axes.lines[0].get_xdata()[0] < 100
        assert axes.lines[0].get_xdata()[-1] > 99_900


def test_thinning_keeps_spikes_order_and_gaps() -> None:
    x = np.arange(10_000.0)
    y = np.sin(x / 700)
    y[1234], y[5678], y[9000:9500] = 9, -9, np.nan
    thin_x, thin_y = thinned(x, y, 200)
    assert len(thin_x) <= 200
    assert (np.diff(thin_x) > 0).all()
    assert (1234 in thin_x, 5678 in thin_x) == (True, True)
    assert np.isnan(thin_y[(thin_x > 9050) & (thin_x < 9450)]).all()
    assert np.array_equal(thinned(x, y, 10_000)[1], y, equal_nan=True)


def test_the_median_passes_over_spikes_and_gaps() -> None:
    draw = np.random.default_rng(0)
    x = np.arange(20_000.0)
    y = 0.001 * x + draw.normal(0, 0.1, len(x))
    y[::50], y[7000:7100] = 100, np.nan
    middle_x, middle = running_median(x, y)
    assert len(middle_x) == 2000
    inner = slice(100, -100)
    np.testing.assert_allclose(middle[inner], 0.001 * middle_x[inner], atol=0.2)
    assert len(running_median(x[:0], y[:0])[0]) == 0


def test_what_cannot_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrainingError, match=r"losses\.csv: no such log; give the folder of a training run"):
        draw_curves(tmp_path)
    (tmp_path / "losses.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TrainingError, match="is not a log of"):
        draw_curves(tmp_path)
    log(tmp_path, rows(3))
    (tmp_path / "curves.png").mkdir()
    with pytest.raises(StoreError, match=r"cannot use .*curves\.png"):
        draw_curves(tmp_path)
    assert not list(tmp_path.glob("*.tmp"))
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(
        TrainingError, match=r'curves.png needs matplotlib.*; install with: pip install "changen\[train\]"'
    ):
        draw_curves(tmp_path)


def test_an_earlier_picture_stays_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    log(tmp_path, rows(3))
    draw_curves(tmp_path)
    before = (tmp_path / "curves.png").read_bytes()

    def full(self: FigureCanvasAgg, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FigureCanvasAgg, "print_png", full)
    with pytest.raises(StoreError, match="no space left on the disk"):
        draw_curves(tmp_path)
    assert (tmp_path / "curves.png").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"losses.csv", "curves.png"}


def test_nothing_global_is_touched(tmp_path: Path) -> None:
    import matplotlib as mpl

    log(tmp_path, rows(3))
    validate(tmp_path, 1.0)
    kept, loaded = dict(mpl.rcParams), "matplotlib.pyplot" in sys.modules
    draw_curves(tmp_path)
    assert dict(mpl.rcParams) == kept
    assert ("matplotlib.pyplot" in sys.modules) == loaded
    assert (tmp_path / VALIDATION).exists()
