from __future__ import annotations

import pytest

from changen_cli.errors import PluginError
from changen_cli.export.options import find_layouts
from changen_cli.export.registry import get_layout


@pytest.mark.parametrize("name", find_layouts())
def test_every_layout_has_its_name_and_says_what_it_is(name: str) -> None:
    layout = get_layout(name)
    assert layout.name == name
    assert 20 < len(layout.summary) < 110
    assert layout.__doc__


def test_an_unknown_layout_is_refused_by_name() -> None:
    with pytest.raises(PluginError, match=r"unknown layout 'coco-stuff'; installed: .*whu"):
        get_layout("coco-stuff")


def test_a_plugin_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("changen_cli.plugins.load", lambda group, name: dict)
    with pytest.raises(PluginError, match="is no DatasetLayout"):
        get_layout("whu")
