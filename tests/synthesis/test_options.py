from __future__ import annotations

from typing import Any

import pytest

from changen_cli.errors import UsageError
from changen_cli.synthesis.options import SynthesizerOptions


@pytest.mark.parametrize(("name", "flag"), [("drift", "--drift"), ("repaint", "--repaint")])
def test_kept_ground_cannot_move(name: str, flag: str) -> None:
    values: dict[str, Any] = {name: 0.5}
    with pytest.raises(UsageError, match=rf"{flag} 0\.5: .*--background keep"):
        SynthesizerOptions(background="keep", **values)
    none: dict[str, Any] = {name: 0}
    SynthesizerOptions(background="keep", **none)


@pytest.mark.parametrize(
    ("name", "value", "flag"),
    [("drift", 0, "--drift"), ("new_looks", "drawn", "--new-looks"), ("repaint", 0, "--repaint")],
)
def test_looks_take_weights_with_looks(name: str, value: Any, flag: str) -> None:
    given = SynthesizerOptions(**{name: value})
    given.require_looks(8)
    with pytest.raises(UsageError, match=f"{flag} is for weights with looks"):
        given.require_looks(0)


def test_nothing_is_asked_of_looks_where_nothing_is_given() -> None:
    SynthesizerOptions().require_looks(0)


@pytest.mark.parametrize("values", [{"drift": 0}, {"new_looks": "drawn"}, {"repaint": 1}])
def test_what_only_looks_can_do_chooses_weights_that_have_them(values: dict[str, Any]) -> None:
    assert SynthesizerOptions().chosen_weights() is None
    assert SynthesizerOptions(**values).chosen_weights() == "compact"
    assert SynthesizerOptions(weights="mine", **values).chosen_weights() == "mine"
