from __future__ import annotations

from typing import Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.metrics.options import QualityOptions

GIVEN: dict[str, Any] = {"series": "out", "reference": ("scenes",)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"reference": ()}, r"--reference \(\): must be a folder, raster or list of real scenes, or a series"),
        ({"limit": 0}, "--limit 0: must be a whole number of at least 1"),
        ({"batch_size": 0}, "--batch-size 0"),
        ({"seed": -1}, "--seed -1"),
        ({"sheet_rows": -1}, "--sheet-rows -1"),
        ({"resolution": 0}, "--resolution 0: must be a number from 0.001"),
        ({"bands": "3,2"}, "must be three band numbers from 1 up"),
        ({"inception_sha256": "a" * 64}, "without --inception-weights"),
        ({"inception_sha256": "6726825d", "inception_weights": "w.pth"}, "64 hexadecimal digits"),
    ],
)
def test_arguments_that_cannot_be_used(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        QualityOptions(**(GIVEN | given))


def test_text_is_taken_apart() -> None:
    given: dict[str, Any] = {"bands": "3,2,1", "limit": "5", "inception_weights": "w", "inception_sha256": "A" * 64}
    options = QualityOptions(**GIVEN, **given)
    assert (options.bands, options.limit, options.inception_sha256) == ((3, 2, 1), 5, "a" * 64)
