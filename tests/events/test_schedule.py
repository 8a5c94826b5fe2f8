from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from changen_cli.errors import PluginError, UsageError
from changen_cli.events.create import Create
from changen_cli.events.relocate import Relocate
from changen_cli.events.remove import Remove
from changen_cli.events.schedule import EVENT, Schedule, make_schedule, parse_events, parse_range

Install = Callable[[str, dict[str, str], str], None]


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("create", {"create": 1.0}),
        ("create=2,remove=1", {"create": 2.0, "remove": 1.0}),
        (" remove = .5 , create ", {"remove": 0.5, "create": 1.0}),
    ],
)
def test_parse_events(text: str, weights: dict[str, float]) -> None:
    found = parse_events(text)
    assert found == weights
    assert list(found) == list(weights)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a name is missing"),
        ("create,", "a name is missing"),
        ("create=1,create=2", "'create' is listed twice"),
        ("create=0", "weight must be a number from 1e-9"),
        ("create=-1", "from 1e-9"),
        ("create=nan", "from 1e-9"),
        ("create=inf", "from 1e-9"),
        ("create=", "is not a number"),
        ("create=many", "the weight of create, 'many', is not a number"),
    ],
)
def test_parse_events_refuses(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_events(text)


def test_an_unknown_event_is_refused_with_those_installed() -> None:
    with pytest.raises(PluginError, match=r"unknown event 'demolish'; installed: .*create.*remove"):
        parse_events("create,demolish")
    with pytest.raises(PluginError, match="unknown event 'demolish'"):
        make_schedule({"demolish": 1.0})
    with pytest.raises(PluginError, match="unknown event 'demolish'"):
        EVENT.read_parameters(["demolish.turn=4"])


@pytest.mark.parametrize(("text", "pair"), [("1:5", (1, 5)), ("3", (3, 3)), ("0:2", (0, 2)), (" 2 : 2 ", (2, 2))])
def test_parse_range(text: str, pair: tuple[int, int]) -> None:
    assert parse_range(text) == pair


@pytest.mark.parametrize("text", ["", ":", "1:", ":5", "5:1", "-1:2", "a", "1.5", "1:2:3"])
def test_parse_range_refuses(text: str) -> None:
    with pytest.raises(UsageError, match="range"):
        parse_range(text)


def test_parse_parameters() -> None:
    found = EVENT.read_parameters(["create.turn=45", "create.align=no", "scale.factor=1.5", "relocate.distance=10:inf"])
    assert found == {
        "create": {"turn": 45.0, "align": False},
        "scale": {"factor": (1.5, 1.5)},
        "relocate": {"distance": (10.0, float("inf"))},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("create.turn", "must be EVENT.PARAMETER=VALUE"),
        ("turn=5", "must be EVENT.PARAMETER=VALUE"),
        (".turn=5", "must be EVENT.PARAMETER=VALUE"),
        ("create.colour=red", "event 'create' has no parameter 'colour'; it has: align, jitter, turn, .*category"),
        ("create.name=red", "no parameter 'name'"),
        ("create.turn=far", "event parameter create.turn=far: must be a number from 0 to 180"),
    ],
)
def test_parse_parameters_refuses(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EVENT.read_parameters([text])


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"create\.turn is given twice"):
        EVENT.read_parameters(["create.turn=4", "create.turn=5"])


def test_make_schedule() -> None:
    schedule = make_schedule("create=2,remove", "2:3", ["create.turn=45"])
    assert schedule == Schedule((("create", Create(turn=45.0), 2.0), ("remove", Remove(), 1.0)), (2, 3))
    assert make_schedule({"create": 2, "remove": 1}, (2, 3), {"create": {"turn": 45.0}}) == schedule
    assert make_schedule({"create": 2, "remove": 1}, [2, 3], {"create": {"turn": "45"}}) == schedule
    assert make_schedule("create", parameters={"create": {"scale": [1, 2]}}).events[0][1] == Create(scale=(1, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"events": {}}, "no events"),
        ({"events": {"create": "2"}}, "weight must be a number"),
        ({"events": "create", "changes_per_step": "0"}, "high at least 1"),
        ({"events": "create", "changes_per_step": (3, 1)}, "not below low"),
        ({"events": "create", "changes_per_step": (1.0, 2.0)}, "whole numbers"),
        ({"events": "create", "changes_per_step": 65}, "in YAML write"),
        ({"events": "create", "parameters": ["remove.min_area=4"]}, "'remove' are given, but it is not among"),
        (
            {"events": "create", "parameters": ["create.turn=200"]},
            r"create\.turn=200: must be .* from 0 to 180",
        ),
        ({"events": "create", "parameters": {"create": {"turn": 200}}}, "event create: turn 200: .* from 0 to 180"),
        ({"events": "create", "parameters": {"create": {"colour": 1}}}, "no parameter 'colour'"),
    ],
)
def test_make_schedule_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_schedule(**arguments)


def test_a_schedule_checks_itself() -> None:
    with pytest.raises(UsageError, match="'create' is listed twice"):
        Schedule((("create", Create(), 1.0), ("create", Create(), 2.0)))
    with pytest.raises(PluginError, match="has no name or no propose"):
        Schedule((("create", object(), 1.0),))  # type: ignore[arg-type]


def test_a_schedule_travels_to_workers() -> None:
    schedule = make_schedule("create=2,scale,rotate,relocate,remove", "1:5", ["relocate.distance=5:90"])
    assert pickle.loads(pickle.dumps(schedule)) == schedule


def test_describe_tells_every_parameter_and_fits_json() -> None:
    found = json.loads(json.dumps(make_schedule("relocate=2", "3", ["relocate.turn=5"]).as_manifest(), allow_nan=False))
    assert found == {
        "changes_per_step": [3, 3],
        "events": [
            {
                "name": "relocate",
                "weight": 2.0,
                "plugin": "changen_cli.events.relocate:Relocate",
                "parameters": {"distance": [0.0, "inf"], "turn": 5.0, "attempts": 64, "min_area": 16.0},
            }
        ],
    }
    assert (
        make_schedule("relocate").as_manifest()
        != make_schedule("relocate", parameters=["relocate.turn=5"]).as_manifest()
    )
    assert Relocate().turn == 0.0


FAULTY = """
from dataclasses import dataclass
from typing import ClassVar

def plain(): ...

@dataclass(frozen=True)
class Mute:
    x: int = 1

@dataclass(frozen=True)
class Picky:
    name: ClassVar[str] = "picky"
    x: int = 1
    def __post_init__(self):
        raise KeyError("x")
    def propose(self, layout, site, rng, count): ...
"""


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("plain", "faulty:plain", "is not a dataclass"),
        ("mute", "faulty:Mute", r"'mute' \(faulty:Mute\) has no name or no propose"),
        ("picky", "faulty:Picky", "'picky' cannot be made with {}: KeyError"),
        ("gone", "faulty:Gone", "'gone' .* cannot be loaded"),
    ],
)
def test_a_plugin_that_is_no_event_is_refused(install: Install, name: str, target: str, message: str) -> None:
    install("faulty", {name: target}, FAULTY)
    with pytest.raises(PluginError, match=message):
        make_schedule(name)
