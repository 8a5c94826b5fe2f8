from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.training.config.source import DataConfig


def test_one_pattern_is_a_list_of_one() -> None:
    values: dict[str, Any] = {"path": Path("a"), "val": "x_*", "exclude": ["y", "z"], "scale": "0.5:1"}
    assert DataConfig(**values) == DataConfig("a", val=("x_*",), exclude=("y", "z"), scale=(0.5, 1.0))


@pytest.mark.parametrize("values", [{"resolution": 0}, {"share": -1}, {"scale": (2, 1)}, {"val": 3}])
def test_what_cannot_be_used_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="must be"):
        DataConfig("a", **values)
