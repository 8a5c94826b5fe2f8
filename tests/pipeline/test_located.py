from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import SceneError
from changen_cli.files import checksum_file
from changen_cli.pipeline.located import locate_sources
from changen_cli.pipeline.recipe import SourceFile


def source(path: Path, content: str = "pixels") -> SourceFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return SourceFile(str(path), str(checksum_file(path)))


def test_where_they_were(tmp_path: Path) -> None:
    file = source(tmp_path / "a" / "x.tif")
    assert locate_sources([file]) == {file.path: file.path}
    Path(file.path).unlink()
    with pytest.raises(SceneError, match=r"x\.tif, which the recipe needs, is missing: it is not where it was"):
        locate_sources([file])


def test_elsewhere_by_the_end_of_the_path(tmp_path: Path) -> None:
    """Two sources of one name in two folders, and the folders were moved."""
    files = [source(tmp_path / "old" / name / "x.tif", content) for name, content in (("a", "same"), ("b", "same"))]
    (tmp_path / "old").rename(tmp_path / "new")
    found = locate_sources(files, [str(tmp_path / "new")])
    assert list(found.values()) == [str(tmp_path / "new" / name / "x.tif") for name in ("a", "b")]
    direct = locate_sources(files[:1], [str(tmp_path / "new" / "a" / "x.tif")])
    assert direct == {files[0].path: str(tmp_path / "new" / "a" / "x.tif")}


def test_by_what_is_in_them_where_names_are_the_same(tmp_path: Path) -> None:
    file = source(tmp_path / "old" / "x.tif", "the one")
    (tmp_path / "old" / "x.tif").unlink()
    source(tmp_path / "new" / "old" / "x.tif", "another")
    source(tmp_path / "new" / "z" / "x.tif", "the one")
    assert locate_sources([file], [str(tmp_path / "new")])[file.path] == str(tmp_path / "new" / "z" / "x.tif")


def test_layers_and_folders_and_what_is_remote(tmp_path: Path) -> None:
    file = source(tmp_path / "l.gpkg")
    layered = SourceFile(f"{file.path}|layername=houses", file.checksum)
    remote = SourceFile("/vsicurl/https://example.org/x.tif")
    folder = SourceFile("/elsewhere/data.gdb")
    (tmp_path / "data.gdb").mkdir()
    found = locate_sources([layered, remote, folder], [str(tmp_path)])
    assert found[layered.path] == f"{tmp_path}/l.gpkg|layername=houses"
    assert found[remote.path] == remote.path
    assert found[folder.path] == str(tmp_path / "data.gdb")


def test_what_has_changed_or_is_missing_is_named(tmp_path: Path) -> None:
    file = source(tmp_path / "x.tif")
    (tmp_path / "x.tif").write_text("pixelz")
    with pytest.raises(SceneError, match=r"x\.tif is not what the recipe was made from: it has 6 bytes with the XXH3 "):
        locate_sources([file], [str(tmp_path)])
    with pytest.raises(SceneError, match=r"is missing: there is no y\.tif in "):
        locate_sources([SourceFile("/far/y.tif", file.checksum)], [str(tmp_path)])
    with pytest.raises(SceneError, match="no such file or folder"):
        locate_sources([file], [str(tmp_path / "nowhere")])
