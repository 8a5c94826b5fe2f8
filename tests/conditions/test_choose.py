from __future__ import annotations

import json
import pickle

import pytest

from changen_cli import plugins
from changen_cli.conditions.choose import CONDITION, Conditions, make_conditions
from changen_cli.conditions.haze import Haze
from changen_cli.conditions.light import Light
from changen_cli.conditions.registration import Registration
from changen_cli.errors import PluginError, UsageError
from changen_cli.version import __version__
from tests.fixtures.plugins import Install

PLAIN = '''
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Plain:
    """Has no strength."""

    name: ClassVar[str] = "plain"

    def draw(self, rng, bands):
        return {}

    def apply(self, images, drawn):
        return images


@dataclass(frozen=True)
class Mute:
    """Has no methods."""
'''


def test_conditions_are_made_in_their_order_with_strengths_and_parameters() -> None:
    made = make_conditions("registration=2, haze ,light=.5", ["haze.share=0.1", "light.gain=0.9:1.1"])
    assert made.chosen == (
        ("registration", Registration(strength=2)),
        ("haze", Haze(share=0.1)),
        ("light", Light(strength=0.5, gain=(0.9, 1.1))),
    )
    assert make_conditions({"haze": None, "light": 2}) == make_conditions(["haze", "light=2"])
    values: dict[str, dict[str, object]] = {"haze": {"share": "0.1"}, "light": {"gain": [0.9, 1.1]}}
    assert make_conditions(["registration=2", "haze", "light=0.5"], values) == made
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("none", ["none", " none ", [], {}])
def test_none(none: str) -> None:
    made = make_conditions(none)
    assert made == Conditions()
    assert not made
    assert made.as_manifest() == []


def test_a_strength_of_0_is_recorded_and_does_nothing() -> None:
    made = make_conditions("haze=0,light")
    assert [name for name, _ in made.chosen] == ["haze", "light"]
    assert [name for name, _ in made.active] == ["light"]


def test_the_manifest_has_everything_that_decides() -> None:
    (haze,) = make_conditions("haze=2").as_manifest()
    assert haze == {
        "name": "haze",
        "plugin": "changen_cli.conditions.haze:Haze",
        "parameters": {"strength": 2.0, "share": 0.35, "air": 0.8},
    }
    json.dumps(haze, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "parameters", "message"),
    [
        ("", [], "a name is missing"),
        ("haze,haze", [], "'haze' is listed twice"),
        ("haze=much", [], "the strength of haze, 'much', is not a number"),
        ("haze=-1", [], "condition haze: strength -1.0: must be a number from 0 to 4"),
        ("haze", ["haze.thick=1"], "condition 'haze' has no parameter 'thick'; it has: strength, share, air"),
        ("haze", ["haze.share=2"], r"condition parameter haze\.share=2: must be a number from 0 to 1"),
        ("haze", ["haze"], r"must be CONDITION\.PARAMETER=VALUE, for example registration\.shift=2"),
        ("haze", ["light.gain=1"], "'light' are given, but it is not among the conditions haze"),
        ("none", ["light.gain=1"], "not among the conditions none"),
        ("haze=2", ["haze.strength=1"], "the strength of condition haze is given twice"),
        ("light", ["light.gain=2:1"], "low not above high"),
    ],
)
def test_what_cannot_be_used_is_said(text: str, parameters: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_conditions(text, parameters)


def test_conditions_made_by_hand_are_checked() -> None:
    with pytest.raises(UsageError, match="'haze' is listed twice"):
        Conditions((("haze", Haze()), ("haze", Haze())))
    with pytest.raises(PluginError, match=r"has no name or no draw\(\) or no apply\(\); see conditions/base\.py"):
        Conditions((("haze", object()),))  # type: ignore[arg-type]


def test_plugins_of_third_parties(install: Install) -> None:
    install("sprawl", {"plain": "sprawl:Plain", "mute": "sprawl:Mute"}, PLAIN, group=plugins.CONDITIONS)
    assert [name for name, _ in make_conditions("plain,haze").active] == ["plain", "haze"]
    with pytest.raises(UsageError, match="condition plain=2: it has no strength; write plain alone"):
        make_conditions("plain=2")
    with pytest.raises(PluginError, match=r"'mute' .*has no name or no draw"):
        make_conditions("mute")
    with pytest.raises(PluginError, match=r"unknown condition 'fog'; installed: .*haze.*plain"):
        make_conditions("fog")
    with pytest.raises(PluginError, match="unknown condition 'fog'"):
        make_conditions("haze", ["fog.x=1"])


def test_ours_are_listed_with_their_parameters(install: Install) -> None:
    install("sprawl", {"mute": "sprawl:Mute"}, PLAIN, group=plugins.CONDITIONS)
    listed = {one.name: one for one in CONDITION.installed()}
    assert "not a dataclass with draw() and apply()" in listed.pop("mute").error
    for condition in (one for one in listed.values() if one.provider == f"changen {__version__}"):
        assert condition.error == ""
        assert condition.summary.endswith(".")
        assert condition.parameters[0].name == "strength"
        assert all(p.help and p.default != "required" for p in condition.parameters)
