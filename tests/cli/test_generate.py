from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from changen_cli import open_series
from tests.commands import Changen
from tests.outputs import Tree

TILES = 12  # of 128 pixels in 300 x 500


def test_a_scene_of_one_tile(generate: Changen, town: Callable[..., Path], tmp_path: Path) -> None:
    source = town(tmp_path / "in", size=(128, 128))
    assert generate("-i", source, "-o", tmp_path / "out").code == 0
    assert len(open_series(tmp_path / "out")) == 1


def test_lists_and_standard_input(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [town(tmp_path / "in", name, size=(128, 128)) for name in ("b", "a")]
    (tmp_path / "in" / "list.txt").write_text("# scenes\nb.tif\n\na.tif\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{name}\n" for name in names)))
    generate("-i", tmp_path / "in" / "list.txt", "-o", tmp_path / "listed")
    generate("-i", "-", "-o", tmp_path / "piped")
    for out in ("listed", "piped"):
        assert [sample.scene for sample in open_series(tmp_path / out)] == ["a", "b"]


def test_dry_run_writes_nothing(
    generate: Changen, scene: Path, tmp_path: Path, untrained_weights: Path, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    words = ["-i", scene, "--steps", 3, "--variants", 2, "--synthesizer", "changen", "--weights", untrained_weights]
    shown = generate(*words, "--dry-run")
    told = generate(*words, "--dry-run", "--json")
    assert (shown.code, told.code) == (0, 0)
    assert "24 of 3 steps" in " ".join(shown.out.split())
    assert told.err.startswith("the last tiles of a row or column share up to 84 of 128 pixels")
    figures = json.loads(told.out)
    assert (figures["tiles"], figures["samples"], figures["shards"]) == (TILES, 2 * TILES, 1)
    assert figures["bytes"] == 2 * TILES * 128 * 128 * (8 * 4 + 3 + 1)
    assert figures["seconds"] == pytest.approx(figures["seconds_per_step"] * 2 * TILES * 3)
    assert tree(tmp_path) == before


def test_json_is_all_there_is_on_standard_output(generate: Changen, scene: Path, tmp_path: Path) -> None:
    first = generate("-i", scene, "-o", tmp_path / "out", "--json")
    summary = json.loads(first.out)
    assert summary["exit_code"] == first.code == 0
    assert summary["resumed"] == 0
    assert summary["under_way"] == 0
    assert summary["seconds"] > 0
    assert "12/12 series" in first.err
    again = json.loads(generate("-i", scene, "-o", tmp_path / "out", "--json").out)
    assert again["resumed"] == TILES
    assert again["statuses"] == summary["statuses"]
    assert again["changes"] == summary["changes"]


def test_quiet_says_nothing(generate: Changen, scene: Path, tmp_path: Path) -> None:
    done = generate("-i", scene, "-o", tmp_path / "out", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_plain_lines_in_a_pipe(generate: Changen, scene: Path, tmp_path: Path) -> None:
    done = generate("-i", scene, "-o", tmp_path / "out")
    lines = done.err.splitlines()
    assert lines[0].startswith("the last tiles of a row or column share up to 84 of 128 pixels")
    assert lines[1].startswith("generate: 0/12 series")
    assert lines[2].startswith("generate: 12/12 series")
    assert lines[3].startswith(f"{tmp_path / 'out'}: 12 done of 12 series; changes: ")
    assert len(lines) == 4
    assert done.out == ""


def test_overwrite_starts_again_and_other_arguments_are_refused(
    generate: Changen, scene: Path, tmp_path: Path, tree: Tree
) -> None:
    out = tmp_path / "out"
    generate("-i", scene, "-o", out)
    whole = tree(out)
    refused = generate("-i", scene, "-o", out, "--seed", 1)
    assert refused.code == 2
    assert "arguments: seed was 0, is now 1" in refused.error
    assert tree(out) == whole
    assert generate("-i", scene, "-o", out, "--seed", 1, "--overwrite").code == 0
    assert tree(out) != whole
    assert generate("-i", scene, "-o", out, "--overwrite").code == 0
    assert tree(out) == whole


def test_overwrite_deletes_nothing_for_a_run_that_cannot_start(
    generate: Changen, scene: Path, tmp_path: Path, tree: Tree
) -> None:
    out = tmp_path / "out"
    generate("-i", scene, "-o", out)
    whole = tree(out)
    for words in (["--library", tmp_path / "no.gpkg"], ["--exclude", tmp_path / "no.gpkg"], ["--events", "flood"]):
        assert generate("-i", scene, "-o", out, "--seed", 1, "--overwrite", *words).code == 2
        assert tree(out) == whole


def test_changed_input_is_not_resumed(
    generate: Changen, scene: Path, tmp_path: Path, town: Callable[..., Path]
) -> None:
    out = tmp_path / "out"
    generate("-i", scene, "-o", out)
    town(tmp_path / "in", pixels=np.full((3, 300, 500), 90, np.uint8))
    refused = generate("-i", scene, "-o", out)
    assert refused.code == 2
    assert "input_files was" in refused.error
    assert "2 files" in refused.error


def test_geotiff_options(generate: Changen, scene: Path, tmp_path: Path) -> None:
    done = generate("-i", scene, "-o", tmp_path / "out", "-f", "geotiff", "--co", "compress=deflate", "--cog")
    assert done.code == 0, done.err
    path = next((tmp_path / "out").glob("town__*/t1.tif"))
    with rasterio.open(path) as file:
        assert file.compression.name == "deflate"
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_paths_are_taken_from_where_one_stands(generate: Changen, scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scene.parent)
    assert generate("-i", ".").code == 0
    assert (Path("changen-out") / "manifest.json").is_file()
