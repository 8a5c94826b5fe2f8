from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.registry import find_formats
from changen_cli.store.sketches import BUCKETS, Sketch, distance, read_sketches, sketch_series, write_sketches

Run = Callable[..., None]

SPEC = StoreSpec(1, 2, 96, 128, 1)


def sketch(run_store: Run, root: Path, series: Series, format: str = "zarr") -> Sketch:
    run_store(format, root, SPEC, [Outcome(series.id, Status.DONE, series=series)])
    (found,) = sketch_series(open_series(root))
    return found


@pytest.fixture
def series(make_series: Callable[..., Series]) -> Series:
    return make_series(0, size=(96, 128))


@pytest.mark.parametrize("format", find_formats())
@pytest.mark.parametrize("part", [1024, 32])
def test_a_sketch_says_how_far_images_are_apart(
    tmp_path: Path, run_store: Run, series: Series, format: str, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("changen_cli.store.series.PART", part)
    noise = np.random.default_rng(1).integers(-3, 4, series.images.shape)
    noise[0] = 0
    noise[1, :, 50:] = 0
    images = np.clip(series.images + noise, 0, 255).astype(np.uint8)
    one = sketch(run_store, tmp_path / "a", series, format)
    two = sketch(run_store, tmp_path / "b", replace(series, images=images), format)
    assert one.levels == 3 * 96 * 128
    assert one.sums.shape == (3, BUCKETS)
    found = distance(one, two)
    differences = ((images.astype(float) - series.images) ** 2).mean(axis=(1, 2, 3))
    assert found.images == 2
    assert found.mean_square == pytest.approx(differences.mean(), rel=0.4)
    assert found.worst == pytest.approx(differences.max() ** 0.5, rel=0.3)
    assert one.labels == two.labels
    same = distance(one, one)
    assert (same.images, same.mean_square, same.worst) == (0, 0.0, 0.0)


def test_the_estimate_is_without_bias(tmp_path: Path) -> None:
    from changen_cli.store.sketches import _sums

    draw = np.random.default_rng(0)
    ratios = []
    for part in range(300):
        a, b = (draw.integers(0, 256, (3, 16, 16), np.uint8) for _ in range(2))
        true = ((a.astype(float) - b) ** 2).sum()
        ratios.append(((_sums(a, part) - _sums(b, part)) ** 2).sum() / true)
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)  # standard error 0.18 / sqrt(300) = 0.01
    assert 0.14 < np.std(ratios) < 0.22  # sqrt(2 / 64) = 0.177


def test_labels_have_a_digest_of_their_own(tmp_path: Path, run_store: Run, series: Series) -> None:
    other = series.instances.copy()
    other[1, 2, 2] += 1
    one = sketch(run_store, tmp_path / "a", series)
    two = sketch(run_store, tmp_path / "b", replace(series, instances=other))
    assert one.labels != two.labels
    assert one.images == two.images


def test_tables_of_sketches(tmp_path: Path, run_store: Run, series: Series) -> None:
    one = sketch(run_store, tmp_path / "a", series)
    write_sketches(tmp_path / "s.parquet", [one] * 3)
    found = list(read_sketches(tmp_path / "s.parquet"))
    assert len(found) == 3
    assert found[2].images == one.images
    np.testing.assert_array_equal(found[2].sums, one.sums)
    (tmp_path / "s.parquet").write_bytes((tmp_path / "s.parquet").read_bytes()[:-40])
    with pytest.raises(StoreError, match=r"cannot read .*s\.parquet"):
        list(read_sketches(tmp_path / "s.parquet"))
    with pytest.raises(StoreError, match="is no table of sketches"):
        list(read_sketches(tmp_path / "a" / "samples.parquet"))
    with pytest.raises(ValueError, match="not of one shape"):
        distance(one, replace(one, levels=5))
