from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import PluginError
from changen_cli.metrics.registry import find_columns, find_metrics

CONTRAST = """
from changen_cli.metrics.base import Accumulator, Column, Metric, WeightedMean

class Contrast(Accumulator):
    def __init__(self):
        self.mean = WeightedMean()

    def see_pair(self, pair):
        self.mean.add(float(pair.after.std()), 1)

    def compute(self):
        return {"value": self.mean.mean}

CONTRAST = Metric("contrast", "contrast", (Column("{column}", "value", "contrast", "grey levels"),),
                  lambda setting: Contrast(), rank=25)
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, entry: str, module: str, source: str) -> None:
    """Puts an installed distribution with a metric on the path."""
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[changen.metrics]\n{entry}\n")
    monkeypatch.syspath_prepend(str(folder))


def test_ours_are_in_the_order_of_tables() -> None:
    assert list(find_metrics()) == [
        "fid", "kid", "inception_score", "frechet_inception", "kernel_inception", "score_inception", "frechet_lite0",
        "kernel_lite0", "label_agreement", "removed_structure", "background_drift", "looks", "events", "segmentation",
        "change_detection",
    ]  # fmt: skip


def test_columns_keep_their_names_and_order() -> None:
    """A run that goes on finds those of its log."""
    assert list(find_columns()) == [
        "fid", "kid", "inception_score", "frechet_inception", "kernel_inception", "score_inception", "frechet_lite0",
        "kernel_lite0", "agreement_created", "agreement_removed", "agreement_kept", "agreement_background",
        "agreement_iou", "scaled_created", "scaled_removed", "scaled_iou", "removed_structure", "removed_structure_4",
        "removed_structure_8", "removed_interior", "drift_difference", "drift_ssim", "drift_structure",
        "looks_variety", "looks_change", "iou", "right", "building", "background", "change_f1",
            "change_iou", "change_precision", "change_recall", "change_ap", "change_best_f1",
    ]  # fmt: skip


def test_a_third_party_adds_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        tmp_path, monkeypatch, "contrast = contrast_a:CONTRAST", "contrast_a", CONTRAST.replace("{column}", "contrast")
    )
    names = list(find_metrics())
    assert names.index("label_agreement") < names.index("contrast") < names.index("removed_structure")
    assert find_columns()["contrast"].label == "grey levels"


@pytest.mark.parametrize(
    ("entry", "module", "source", "message"),
    [
        (
            "contrast = contrast_b:CONTRAST",
            "contrast_b",
            CONTRAST.replace("{column}", "removed_structure"),
            "has a column 'removed_structure'",
        ),
        ("other = contrast_c:CONTRAST", "contrast_c", CONTRAST.replace("{column}", "other"), "no Metric of that name"),
        ("text = contrast_d:TEXT", "contrast_d", "TEXT = 'text'", "no Metric of that name"),
        ("gone = contrast_e:GONE", "contrast_e", "", "cannot be loaded"),
    ],
)
def test_what_is_no_metric_is_named(
    entry: str, module: str, source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, entry, module, source)
    with pytest.raises(PluginError, match=message):
        find_metrics()
