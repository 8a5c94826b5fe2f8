from __future__ import annotations

import json

from changen_cli.events.schedule import EVENT
from tests.commands import Changen


def test_the_table_has_every_event_and_parameter(changen: Changen) -> None:
    shown = changen("events", "list")
    assert (shown.code, shown.err) == (0, "")
    words = shown.out.replace("│", " ").split()
    for event in EVENT.installed():
        assert event.name in words
        for parameter in event.parameters:
            assert parameter.name in words


def test_json_has_what_the_table_has(changen: Changen) -> None:
    listed = {event["name"]: event for event in json.loads(changen("events", "list", "--json").out)}
    assert list(listed) == [event.name for event in EVENT.installed()]
    for event in EVENT.installed():
        found = listed[event.name]
        assert (found["summary"], found["provider"], found["error"]) == (event.summary, event.provider, "")
        assert [parameter["name"] for parameter in found["parameters"]] == [one.name for one in event.parameters]
