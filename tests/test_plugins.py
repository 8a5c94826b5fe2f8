from __future__ import annotations

import sys
from pathlib import Path

import pytest

from changen_cli import plugins
from changen_cli.errors import PluginError
from changen_cli.events.create import Create


def install(root: Path, monkeypatch: pytest.MonkeyPatch, name: str, entries: dict[str, str], source: str) -> None:
    """Puts a fake distribution with event plugins on the path."""
    (root / name / name).mkdir(parents=True)
    (root / name / name / "__init__.py").write_text(source)
    info = root / name / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{entry} = {target}\n" for entry, target in entries.items())
    (info / "entry_points.txt").write_text(f"[changen.events]\n{lines}")
    monkeypatch.syspath_prepend(str(root / name))
    monkeypatch.delitem(sys.modules, name, raising=False)


def test_our_own_plugins_are_found_and_loaded() -> None:
    assert {"create", "remove", "scale", "rotate", "relocate"} <= set(plugins.find(plugins.EVENTS))
    assert {"changen", "copy"} <= set(plugins.find(plugins.SYNTHESIZERS))
    assert plugins.load(plugins.EVENTS, "create") is Create


def test_finding_imports_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "lazy_one", {"lazy": "lazy_one:Lazy"}, "raise RuntimeError('imported')")
    assert plugins.find(plugins.EVENTS)["lazy"].value == "lazy_one:Lazy"
    assert "lazy_one" not in sys.modules


def test_a_broken_plugin_hurts_only_who_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "wreck", {"wreck": "wreck:Wreck"}, "raise RuntimeError('no licence')")
    assert plugins.load(plugins.EVENTS, "create") is Create
    with pytest.raises(PluginError, match=r"event plugin 'wreck' \(wreck:Wreck\) cannot be loaded: no licence; repair"):
        plugins.load(plugins.EVENTS, "wreck")


def test_a_plugin_whose_object_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "hollow", {"hollow": "hollow:Nothing"}, "")
    with pytest.raises(PluginError, match=r"'hollow'.*cannot be loaded"):
        plugins.load(plugins.EVENTS, "hollow")


def test_an_unknown_name_is_refused_with_those_installed() -> None:
    with pytest.raises(PluginError, match=r"unknown event 'demolish'; installed: create, damage, relocate, remove"):
        plugins.load(plugins.EVENTS, "demolish")
    with pytest.raises(PluginError, match="unknown synthesizer 'x'"):
        plugins.load(plugins.SYNTHESIZERS, "x")


def test_an_empty_group_says_what_may_be_wrong() -> None:
    with pytest.raises(PluginError, match="installed: none; is changen installed"):
        plugins.load("changen.nothing", "x")


def test_nobody_takes_over_a_name_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "aaa_first", {"create": "aaa_first:Create"}, "class Create: ...")
    install(tmp_path, monkeypatch, "zzz_last", {"create": "zzz_last:Create"}, "class Create: ...")
    assert plugins.load(plugins.EVENTS, "create") is Create
