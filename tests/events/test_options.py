from __future__ import annotations

from typing import Any

import pytest

from changen_cli.errors import PluginError, UsageError
from changen_cli.events.create import Create
from changen_cli.events.options import ScheduleOptions
from changen_cli.events.remove import Remove
from changen_cli.events.schedule import Schedule
from changen_cli.options import build


def test_the_defaults_make_a_schedule() -> None:
    assert ScheduleOptions().schedule() == Schedule((("create", Create(), 1.0), ("remove", Remove(), 1.0)), (1, 5))
    assert ScheduleOptions().gap == 2.0


@pytest.mark.parametrize(
    "given",
    [
        {"events": "create=2,remove", "changes_per_step": "2:3", "event_options": ("create.turn=45",)},
        {"events": "create=2,remove", "changes_per_step": [2, 3], "event_options": "create.turn=45"},
        {"events": {"create": 2, "remove": 1}, "changes_per_step": (2, 3), "event_options": {"create": {"turn": 45}}},
    ],
)
def test_text_and_values_say_the_same(given: dict[str, Any]) -> None:
    schedule = build(ScheduleOptions, given, "test.yaml").schedule()
    assert schedule == Schedule((("create", Create(turn=45.0), 2.0), ("remove", Remove(), 1.0)), (2, 3))


def test_one_number_of_changes_is_least_and_most() -> None:
    assert build(ScheduleOptions, {"changes_per_step": "4"}, "test.yaml").changes_per_step == (4, 4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"changes_per_step": "3:1"}, r"^test\.yaml: --changes-per-step 3:1: must be low:high, two whole numbers"),
        ({"changes_per_step": (0, 0)}, "high from 1 to 100000"),
        ({"changes_per_step": 65}, "in YAML write"),
        ({"gap": -1}, r"--gap -1: must be a number of at least 0"),
        ({"event_option": "create.turn=45"}, "unknown key 'event_option'"),
    ],
)
def test_what_cannot_be_used_is_refused_when_it_is_made(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(ScheduleOptions, given, "test.yaml")


def test_events_are_looked_for_when_the_schedule_is_made() -> None:
    with pytest.raises(PluginError, match="'demolish'"):
        ScheduleOptions(events="demolish").schedule()
    with pytest.raises(UsageError, match=r"create\.turn=200: must be a number from 0 to 180"):
        ScheduleOptions(event_options=("create.turn=200",)).schedule()
