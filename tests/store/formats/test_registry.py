from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import PluginError, StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.formats.registry import clear_formats, find_formats, get_format, make_format
from changen_cli.store.series import open_series

SPEC = StoreSpec(3, 1, 16, 16, 2)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a distribution of a third party: install("npz = netz:NpzFormat", source of netz)."""

    def make(point: str, source: str) -> None:
        module = point.partition("=")[2].partition(":")[0].strip()
        root = tmp_path / f"site-{module}"
        about = root / f"{module}-1.0.dist-info"
        about.mkdir(parents=True)
        (root / f"{module}.py").write_text(source)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[changen.formats]\n{point}\n")
        monkeypatch.syspath_prepend(str(root))

    return make


@pytest.mark.parametrize("name", find_formats())
def test_every_format_can_be_pickled(tmp_path: Path, name: str) -> None:
    store = make_format(name, str(tmp_path / "out"), SPEC)
    assert store.name == name
    assert pickle.loads(pickle.dumps(store)) == store
    assert not (tmp_path / "out").exists()


def test_ours_are_installed() -> None:
    assert {"zarr", "geotiff", "levir"} <= set(find_formats())
    assert {name for name in find_formats() if get_format(name).items == "pairs"} == {"levir"}
    assert {name for name in find_formats() if get_format(name).options} == {"geotiff"}


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="unknown format 'hdf5'; installed: geotiff, icechunk, levir, zarr"):
        make_format("hdf5", tmp_path, SPEC)


@pytest.mark.parametrize("spec", [StoreSpec(0, 1, 16, 16, 2), StoreSpec(3, 0, 16, 16, 2), StoreSpec(3, 1, 16, 16, 0)])
def test_an_empty_store_is_refused(tmp_path: Path, spec: StoreSpec) -> None:
    with pytest.raises(StoreError, match="at least 1"):
        make_format("zarr", tmp_path, spec)


def test_a_broken_format_breaks_only_who_asks_for_it(
    install: Callable[[str, str], None],
    tmp_path: Path,
    run_store: Callable[..., None],
    spec: StoreSpec,
    outcomes: list[Outcome],
    caplog: pytest.LogCaptureFixture,
) -> None:
    install("broken = brokenformat:Format", "raise ImportError('no libfoo')")
    install("other = otherformat:Other", "class Other:\n    name = 'other'\n")
    run_store("zarr", tmp_path / "out", spec, outcomes)
    with caplog.at_level(logging.WARNING):
        run_store("zarr", tmp_path / "out", spec, outcomes, overwrite=True)
    assert "what format broken may have written" in caplog.text
    assert len(open_series(tmp_path / "out")) == 3
    with pytest.raises(PluginError, match="cannot be loaded: no libfoo"):
        make_format("broken", tmp_path, SPEC)
    with pytest.raises(PluginError, match="is no Format of that name"):
        make_format("other", tmp_path, SPEC)


def test_clearing_an_empty_folder(tmp_path: Path) -> None:
    clear_formats(tmp_path)
    assert list(tmp_path.iterdir()) == []
