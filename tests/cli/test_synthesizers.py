from __future__ import annotations

import json

from tests.commands import Changen


def test_the_list_for_people_and_for_programs(changen: Changen) -> None:
    done = changen("synthesizers", "list")
    assert done.code == 0
    assert "copy-paste" in done.out
    found = json.loads(changen("synthesizers", "list", "--json").out)
    assert [one["name"] for one in found] == sorted(one["name"] for one in found)
    assert {"name", "summary", "shows", "weights"} == set(found[0])
