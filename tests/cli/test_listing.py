from __future__ import annotations

import json

import pytest

from changen_cli.cli.listing import print_installed
from changen_cli.conditions.choose import CONDITION


def test_a_table_and_json_have_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    print_installed(CONDITION, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    print_installed(CONDITION, as_json=False)
    words = capsys.readouterr().out.replace("│", " ").split()
    for plugin in listed:
        assert plugin["name"] in words
        assert all(parameter["name"] in words for parameter in plugin["parameters"])
