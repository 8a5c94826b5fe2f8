from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from changen_cli.errors import ChangenError
from changen_cli.events.create import Create
from changen_cli.options import build
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.training.config.crops import CropOptions


def test_events_are_those_of_generating_unless_said_otherwise() -> None:
    generating = GenerateOptions(inputs=("a",))
    assert CropOptions().schedule().as_manifest() == generating.schedule().as_manifest()
    assert CropOptions().gap == generating.gap


def test_values_of_yaml_and_of_a_command_line() -> None:
    values = {"size": "128", "scale": ["0.5", 1], "events": "create=2,rotate", "changes_per_step": "2:3"}
    options = build(CropOptions, {**values, "event_options": "create.turn=45"}, "recipe")
    assert (options.size, options.scale, options.changes_per_step) == (128, (0.5, 1.0), (2, 3))
    create, rotate = options.schedule().events
    assert create == ("create", Create(turn=45), 2.0)
    assert rotate[0] == "rotate"
    assert build(CropOptions, dataclasses.asdict(options), "recipe") == options
    assert CropOptions(changes_per_step="3").changes_per_step == (3, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 100}, "recipe: size 100: must be a multiple of 64, at least 64"),
        ({"size": 0}, "recipe: size 0: must be a multiple of 64, at least 64"),
        ({"size": True}, "recipe: size True: must be a multiple"),
        ({"scale": [2, 1]}, r"recipe: scale \[2, 1\]: must be two factors with 0.1 <= lower <= upper <= 10"),
        ({"scale": 1}, "two factors"),
        ({"scale": [0.01, 1]}, "two factors"),
        ({"min_building": 1.5}, "recipe: min_building 1.5: must be a number from 0 to 1"),
        ({"windows": 0}, "recipe: windows 0: must be a whole number of at least 1"),
        ({"gap": -1}, "recipe: gap -1: must be a number of at least 0"),
        ({"changes_per_step": 65}, 'recipe: changes_per_step 65: must be .*in YAML write "1:5" in quotes'),
        ({"changes_per_step": "5:1"}, "low:high, two whole numbers"),
        ({"changes_per_step": [0, 0]}, "high from 1"),
        ({"events": ""}, "a name is missing"),
        ({"events": "explode"}, "unknown event 'explode'; installed: "),
        ({"event_options": ["create.colour=3"]}, "event 'create' has no parameter 'colour'"),
        ({"event_options": ["rotate.least=3"]}, "rotate"),
        ({"remove": 0.5}, "recipe: unknown key 'remove'; known: "),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused_in_one_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ChangenError, match=message) as caught:
        build(CropOptions, values, "recipe")
    assert "\n" not in str(caught.value)
