from __future__ import annotations

from typing import Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.metrics.options import QualityOptions


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"reference": ()}, "no reference"),
        ({"limit": 0}, "--limit 0"),
        ({"batch_size": 0}, "--batch-size 0"),
        ({"seed": -1}, "--seed -1"),
        ({"sheet_rows": -1}, "--sheet-rows -1"),
        ({"inception_sha256": "a" * 64}, "without --inception-weights"),
        ({"inception_sha256": "6726825d", "inception_weights": "w.pth"}, "64 hexadecimal digits"),
    ],
)
def test_arguments_that_cannot_be_used(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        QualityOptions(**({"series": "out", "reference": ("scenes",)} | given))
