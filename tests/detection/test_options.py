from __future__ import annotations

import pytest

from changen_cli.detection.options import DetectOptions, EvaluateOptions
from changen_cli.errors import UsageError


@pytest.mark.parametrize("threshold", ["0", "1", "-0.1", "x"])
def test_thresholds_are_probabilities(threshold: str) -> None:
    with pytest.raises(UsageError, match=rf"--threshold {threshold}: must be a number above 0 and below 1"):
        EvaluateOptions(data="a", threshold=threshold)  # type: ignore[arg-type]


def test_windows_overlap_by_at_most_half() -> None:
    assert DetectOptions(before="a", after="b", output="c.tif", window=100, overlap=50).overlap == 50
    for make in (
        lambda: DetectOptions(before="a", after="b", output="c.tif", window=100, overlap=51),
        lambda: EvaluateOptions(data="a", window=100, overlap=51),
    ):
        with pytest.raises(UsageError, match=r"--overlap 51: must be at most half of --window, 50"):
            make()
