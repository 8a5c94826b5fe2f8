from __future__ import annotations

import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from changen_cli.errors import UsageError
from changen_cli.metrics.networks import Networks
from changen_cli.metrics.options import QualityOptions
from changen_cli.metrics.quality import evaluate_quality
from changen_cli.reporter import Progress, Silent
from changen_cli.store.series import open_series

Series = Callable[..., Path]


class RedRoofs(nn.Module):
    """Tells the roofs of the drawn scenes from their ground by colour."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, :1] - images[:, 2:] - 0.4


def _options(series: Path, reference: Path, **given: object) -> QualityOptions:
    values: dict[str, Any] = {"lite0": False, "device": "cpu"} | given
    return QualityOptions(series=str(series), reference=(str(reference),), **values)


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_a_copy_shows_no_change_in_any_format(generate_series: Series, scenes: Path, format: str) -> None:
    networks = Networks(segmenter=RedRoofs(), segmenter_card={"name": "red", "sha256": "0" * 64})
    # one step: in a copy of two steps, what the second creates may stand where the first removed
    report = evaluate_quality(_options(generate_series(format, steps=1), scenes, sheet_rows=3), networks=networks)
    about, results = report.about, report.results
    assert (about["samples"], about["pairs"], about["reference_images"]) == (12, 12, 12)
    assert about["synthesizer"] == {"name": "copy"}
    assert about["segmenter"] == {"name": "red", "sha256": "0" * 64}
    assert results["removed_structure"]["value"] == pytest.approx(1)
    assert results["background_drift"]["ssim"] == pytest.approx(1)
    agreement = results["label_agreement"]
    assert agreement["created"] < 0.2
    assert agreement["removed"] < 0.3
    if format != "levir":
        assert agreement["kept"] == pytest.approx(agreement["real"]["building"], abs=0.05)
        assert agreement["kept"] > 0.8
        assert agreement["real"]["iou"] > agreement["iou"] > 0.3
    assert results["events"]["per_step"]["requested"] == [1, 3]
    assert results["events"]["changes"]["create"]["requested"] == pytest.approx(2 / 3)
    assert len(report.sheet) == 3
    written = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert list(written["figures"]) == ["label_agreement", "removed_structure", "background_drift", "looks", "events"]


def test_formats_agree(generate_series: Series, scenes: Path) -> None:
    """What does not need S_t is the same from all three."""
    found = [evaluate_quality(_options(generate_series(f), scenes)).results for f in ("zarr", "geotiff", "levir")]
    assert found[0] == found[1]
    for name in ("changes", "per_step", "changed_pixels"):
        assert found[0]["events"][name] == found[2]["events"][name]
    counts = open_series(generate_series()).manifest["counts"]["changes"]
    assert {name: event["count"] for name, event in found[0]["events"]["changes"].items()} == counts


@pytest.mark.slow
def test_batches_do_not_matter_and_runs_repeat(generate_series: Series) -> None:
    root = generate_series()
    first = evaluate_quality(_options(root, root, lite0=True, batch_size=5)).results
    other = evaluate_quality(_options(root, root, lite0=True, batch_size=16)).results
    # sums in the network round otherwise in other batches; everything else is equal
    assert other["kernel_lite0"]["value"] == pytest.approx(first["kernel_lite0"]["value"], rel=1e-3)
    assert {name: other[name] for name in other if "lite0" not in name} == {
        name: first[name] for name in first if "lite0" not in name
    }
    # the synthesised frames are copies of the reference, each twice
    assert first["frechet_lite0"]["pre_event"] == pytest.approx(0, abs=1e-3)
    assert first["frechet_lite0"]["synthesised"] == 24


def test_limit_and_progress(generate_series: Series, scenes: Path) -> None:
    class Listening(Silent):
        def progress(self, progress: Progress) -> None:
            seen.append((progress.note, progress.done, progress.total))

    seen: list[tuple[str, int, int]] = []
    report = evaluate_quality(_options(generate_series(), scenes, limit=5, sheet_rows=0), Listening())
    assert (report.about["samples"], report.about["pairs"], report.about["reference_images"]) == (5, 10, 5)
    assert report.about["samples_in_series"] == 12
    assert [done for _, done, total in seen if total == 10] == list(range(1, 11))
    assert [what for what, _, _ in seen] == ["reference"] * 5 + ["series"] * 5
    assert report.sheet == ()


def test_absent_metrics_say_why(generate_series: Series, scenes: Path) -> None:
    results = evaluate_quality(_options(generate_series(), scenes, limit=2)).results
    assert "changen train --model segmenter" in results["label_agreement"]["absent"]
    assert "no Inception weights given" in results["fid"]["absent"]


def test_nothing_to_compare(generate_series: Series, scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="64 x 64 pixels"):
        evaluate_quality(_options(generate_series(tile_size=32), generate_series()))
    empty = tmp_path / "empty"
    shutil.copytree(generate_series(), empty)
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(empty / "samples.parquet")
    place = table.schema.get_field_index("status")
    pq.write_table(table.set_column(place, "status", pa.array(["failed"] * len(table))), empty / "samples.parquet")
    with pytest.raises(UsageError, match="nothing to evaluate"):
        evaluate_quality(_options(empty, scenes))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_series(generate_series: Series, scenes: Path) -> None:
    """Three times the series, the same peak: images are let go as they are seen."""
    peaks = []
    for variants in (1, 3):
        options = _options(generate_series(steps=1, variants=variants), scenes, sheet_rows=0)
        evaluate_quality(options)  # caches and imports are not the series
        tracemalloc.start()
        evaluate_quality(options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    one_image = 3 * 64 * 64
    assert peaks[1] - peaks[0] < 24 * one_image / 2


def test_sheet_shows_pairs_with_changes(generate_series: Series, scenes: Path) -> None:
    sheet = evaluate_quality(_options(generate_series(), scenes, sheet_rows=4)).sheet
    assert len({pair.id for pair in sheet}) == 4
    assert all(pair.changes for pair in sheet)
    assert all(np.any(pair.created | pair.removed) for pair in sheet)
