from __future__ import annotations

from collections.abc import Callable
from typing import Any

from changen_cli import plugins
from changen_cli.errors import PluginError
from changen_cli.synthesis.listing import NONE_NEEDED, NOT_SHIPPED, list_synthesizers


def test_what_each_can_do_and_needs() -> None:
    found = {one.name: one for one in list_synthesizers()}
    assert (found["changen"].weights, found["oasis"].weights) == ("compact-paper", NOT_SHIPPED)
    assert found["copy"].weights == found["copy-paste"].weights == NONE_NEEDED
    assert found["copy-paste"].shows == ("create",)
    assert found["changen"].shows == ("alter", "create", "remove")
    assert all(one.summary.endswith(".") and "`" not in one.summary for one in found.values())
    assert found["copy"].as_json()["name"] == "copy"


def test_one_that_cannot_be_loaded_says_why(monkeypatch: Any) -> None:
    load: Callable[..., Any] = plugins.load

    def broken(group: str, name: str) -> Any:
        if name == "copy":
            raise PluginError("synthesizer plugin 'copy' cannot be loaded: no module named 'x'")
        return load(group, name)

    monkeypatch.setattr(plugins, "load", broken)
    found = {one.name: one for one in list_synthesizers()}
    assert "cannot be loaded" in found["copy"].summary
    assert found["spade"].shows
