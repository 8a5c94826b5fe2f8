from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from changen_cli.errors import UsageError
from changen_cli.options import Ge, Gt, Le, Lt, Number, Whole, words
from tests.options.choices import Choices


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 0}, "--steps 0: must be a whole number of at least 1"),
        ({"steps": True}, "--steps True: must be a whole number of at least 1"),
        ({"batch_size": "x"}, "--batch-size x: must be auto or a whole number of at least 1"),
        ({"bands": "1,2"}, "must be three band numbers, as in 3,2,1"),
        ({"data": [{"path": "a", "share": -1}]}, "--data[0].share -1: must be a number of at least 0"),
        ({"data": [{}]}, "--data[0].path: is missing; it must be text"),
        ({"data": 3}, "--data 3: must be a list, each a mapping of name to value"),
        ({"first": {"pth": "a"}}, "--source.path: is missing"),
        ({"zz": 1}, "--zz: is not known; known: bands"),
    ],
)
def test_a_message_names_option_value_and_remedy(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Choices(**values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (bool, "yes or no"),
        (Annotated[Number, Ge(0), Le(1)], "a number from 0 to 1"),
        (Annotated[Number, Gt(0), Lt(1)], "a number above 0 and below 1"),
        (Annotated[Whole, Le(4)], "a whole number at most 4"),
        (Literal["a", "b", "c"], "a, b or c"),
        (str | None, "text"),
        (tuple[Whole, Whole], "2 values, each a whole number"),
        (Path, "of type Path"),
    ],
)
def test_types_in_words(kind: Any, said: str) -> None:
    assert words(kind) == said
