"""Results made up by hand: what is tested is how they look, not how they are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from changen_cli.metrics.pairs import Pair
from changen_cli.metrics.quality import QualityReport


@pytest.fixture
def results() -> dict[str, dict[str, Any]]:
    """Results of every kind: absent, a distance, metrics with several lines."""
    quantiles = {"5%": 10.0, "50%": 20.4, "95%": 31.0}
    return {
        "fid": {"absent": "no file"},
        "kid": {"absent": "no file"},
        "kernel_lite0": {"value": 0.5, "std": 0.1, "subsets": 9, "subset_size": 4, "synthesised": 9, "real": 400},
        "removed_structure": {
            "value": 0.9, "value_4": 0.5, "value_8": 0.6, "interior": None, "ground": 0.95, "pairs": 3, "pixels": 99,
        },
        "label_agreement": {
            "created": 0.5, "removed": 0.6, "kept": 0.7, "background": 1.0, "iou": 0.4,
            "real": {"building": 0.8, "background": 0.9, "iou": 0.7},
            "copy": {"created": 0.1, "removed": 0.2, "iou": 0.3},
            "created_scaled": 0.571, "removed_scaled": 0.571, "iou_scaled": 0.25,
            "pixels": {"created": 1, "removed": 2, "kept": 3, "background": 4},
        },
        "background_drift": {"difference": 9.0, "matched_difference": 3.0, "ssim": 1.2, "structure": -0.1,
                             "pairs": 3, "pixels": 99},
        "events": {
            "changes": {"create": {"count": 5, "share": 1.0, "requested": 0.5}},
            "per_step": {"requested": [1, 2], "histogram": {"1": 3, "3": 1}, "below": 0, "above": 1},
            "shortfalls": [{"event": "create", "reason": "no room", "missing": 2}],
            "reasons_known": True,
            "changed_pixels": 0.031,
            "sizes": {
                "created": {"count": 5, "quantiles": quantiles},
                "series": {"count": 0, "quantiles": None},
                "reference": {"count": 5, "quantiles": quantiles},
            },
        },
    }  # fmt: skip


@pytest.fixture
def report(make_pair: Callable[..., Pair], results: dict[str, dict[str, Any]]) -> QualityReport:
    about = {
        "changen": "0.1.0", "series": "out", "format": "zarr", "reference": ["scenes", "more"], "samples": 12,
        "pairs": 24, "reference_images": 9, "tile_size": [64, 48], "resolution": 0.5, "limit": 7, "seed": 3,
        "synthesizer": {"name": "changen", "weights": "compact"},
    }  # fmt: skip
    return QualityReport(about, results, (make_pair(0), make_pair(1)), ("two scenes were left out",))
