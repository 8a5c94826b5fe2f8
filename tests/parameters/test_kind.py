from __future__ import annotations

from collections.abc import Callable

from changen_cli.events.schedule import EVENT
from changen_cli.version import __version__

Install = Callable[[str, dict[str, str], str], None]

FLOOD = '''
"""A plugin."""
from dataclasses import dataclass, field
from typing import ClassVar

from changen_cli.events.base import Proposal


@dataclass(frozen=True)
class Flood:
    """Takes what lies low.

    More of it.
    """

    name: ClassVar[str] = "flood"
    depth: float = field(default=2.0, metadata={"help": "Metres."})

    def propose(self, layout, site, rng, count):
        return Proposal(reason="dry")


@dataclass(frozen=True)
class Bare:
    name: ClassVar[str] = "bare"

    def propose(self, layout, site, rng, count):
        return Proposal(reason="dry")


@dataclass(frozen=True)
class Typo:
    """Has an annotation that means nothing."""

    name: ClassVar[str] = "typo"
    depth: "flaot" = 1

    def propose(self, layout, site, rng, count):
        return Proposal(reason="dry")


class NoDataclass:
    pass
'''


def test_our_own_events_are_listed_with_their_parameters() -> None:
    ours = {e.name: e for e in EVENT.installed() if e.provider == f"changen {__version__}"}
    assert set(ours) == {"create", "damage", "relocate", "remove", "rotate", "scale"}
    for event in ours.values():
        assert event.error == ""
        assert event.summary.endswith(".")
        assert event.parameters
        assert all(p.help and p.default != "required" for p in event.parameters)
    distance = next(p for p in ours["relocate"].parameters if p.name == "distance")
    assert distance.default == "0:inf"
    jitter = next(p for p in ours["create"].parameters if p.name == "jitter")
    assert (jitter.type, jitter.default) == ("a number from 0 to 45", "3")


def test_a_plugin_of_a_third_party_is_listed(install: Install) -> None:
    install("sprawl", {"flood": "sprawl:Flood", "bare": "sprawl:Bare"}, FLOOD)
    found = {e.name: e for e in EVENT.installed()}
    flood = found["flood"]
    assert (flood.summary, flood.provider, flood.error) == ("Takes what lies low.", "sprawl 1.2", "")
    assert [(p.name, p.type, p.default, p.help) for p in flood.parameters] == [("depth", "a number", "2", "Metres.")]
    assert (found["bare"].summary, found["bare"].parameters, found["bare"].error) == ("", (), "")
    assert list(found) == sorted(found)


def test_broken_plugins_are_listed_with_their_error_and_do_not_break_the_list(install: Install) -> None:
    install("sprawl", {"typo": "sprawl:Typo", "loose": "sprawl:NoDataclass", "gone": "sprawl:Gone"}, FLOOD)
    install("wreck", {"wreck": "wreck:Wreck"}, "raise RuntimeError('needs\\na licence')")
    found = {e.name: e for e in EVENT.installed()}
    assert "flaot" in found["typo"].error
    assert "not a dataclass" in found["loose"].error
    assert "Gone" in found["gone"].error
    assert "needs a licence" in found["wreck"].error
    assert "\n" not in found["wreck"].error
    assert found["wreck"].provider == "wreck 1.2"
    assert found["create"].error == ""
