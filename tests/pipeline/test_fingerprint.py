from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.files import objects
from changen_cli.pipeline.fingerprint import fingerprint_files
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import make_plan
from changen_cli.reporter import Silent
from tests.fixtures.remote import Served


def test_input_files_have_a_fingerprint(
    options: Callable[..., GenerateOptions], town: Callable[..., Path], tmp_path: Path
) -> None:
    asked = options()
    first = fingerprint_files(make_plan(asked, Silent()), asked)
    assert first.startswith("2 files, ")
    assert fingerprint_files(make_plan(asked, Silent()), asked) == first
    town(tmp_path / "in", size=(200, 300), compress="deflate")
    assert fingerprint_files(make_plan(asked, Silent()), asked) != first


@pytest.fixture
def remote(options: Callable[..., GenerateOptions], town: Callable[..., Path], served: Served) -> GenerateOptions:
    """A scene on a server, its footprints beside it."""
    town(served.folder, size=(200, 300))
    return options(inputs=(f"{served.url}/town.tif",))


def test_files_of_a_server_have_a_fingerprint(
    remote: GenerateOptions, town: Callable[..., Path], served: Served
) -> None:
    plan = make_plan(remote, Silent())
    first = fingerprint_files(plan, remote)
    size = sum((served.folder / name).stat().st_size for name in ("town.tif", "town_buildings.gpkg"))
    assert first.startswith(f"2 files, {size} bytes, digest of names, sizes and tags ")
    assert fingerprint_files(plan, remote) == first
    town(served.folder, size=(200, 300), compress="deflate")
    assert fingerprint_files(plan, remote) != first


def test_files_of_a_server_that_nobody_can_be_asked_about_count_by_name(
    remote: GenerateOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(remote, Silent())

    def refuse(address: objects.Address) -> objects.Found:
        raise StoreError("pip install 'changen[remote]'")

    monkeypatch.setattr(objects, "look", refuse)
    assert fingerprint_files(plan, remote).startswith("0 files, ")
