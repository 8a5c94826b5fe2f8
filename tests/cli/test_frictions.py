"""What users met, replayed: the second half of the trials, by the numbers that it gave them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.warp
import torch

from changen_cli.pipeline.generate import generate as generate_run
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.resources import example_files
from changen_cli.store.series import open_series
from changen_cli.synthesis.options import SynthesizerOptions
from tests.commands import Changen

Town = Callable[..., Path]


def bare(town: Town, folder: Path) -> Path:
    """A folder with a scene that can be used, and one without footprints."""
    town(folder, "a", size=(128, 128), labels="mask")
    town(folder, "b", size=(128, 128), labels=None)
    return folder


def test_3_a_scene_without_footprints_is_listed_and_left_out(generate: Changen, town: Town, tmp_path: Path) -> None:
    folder = bare(town, tmp_path / "in")
    done = generate("-i", folder, "-o", tmp_path / "out")
    assert done.code == 1
    assert "scene b cannot be used" in done.err
    assert "has no footprints; looked for b_buildings" in done.err
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [scene["id"] for scene in manifest["unusable_scenes"]] == ["b"]
    assert len(open_series(tmp_path / "out")) == 1


def test_3_strict_stops_at_it(generate: Changen, town: Town, tmp_path: Path) -> None:
    done = generate("-i", bare(town, tmp_path / "in"), "-o", tmp_path / "out", "--strict")
    assert done.code == 2
    assert "b.tif: has no footprints" in done.err
    assert not (tmp_path / "out").exists()


def test_3_masks_in_a_list_are_no_images(generate: Changen, town: Town, tmp_path: Path) -> None:
    town(tmp_path / "in", "a", size=(128, 128), labels="mask")
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(str(path) for path in sorted((tmp_path / "in").glob("*.tif"))))
    assert "a_mask.tif" in listed.read_text()
    assert generate("-i", listed, "-o", tmp_path / "out").code == 0
    assert len(open_series(tmp_path / "out")) == 1


def classes(town: Town, folder: Path) -> Path:
    """A scene whose mask has the classes 1 to 3."""
    scene = town(folder, "a", labels="instances")
    mask = folder / "a_mask.tif"
    with rasterio.open(mask) as file:
        ids, profile = file.read(1), file.profile
    with rasterio.open(mask, "w", **{**profile, "dtype": "uint8"}) as file:
        file.write((ids % 3 + (ids > 0)).astype(np.uint8), 1)
    return scene


def test_4_classes_are_no_ids(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = classes(town, tmp_path / "in")
    done = generate("-i", scene, "-o", tmp_path / "auto", "--events", "remove")
    assert done.code == 0, done.err
    assert "mask values of 1 scene are taken for classes" in done.err
    counts = {}
    for kind in ("class", "instance", "binary"):
        said = generate("-i", scene, "-o", tmp_path / kind, "--mask-values", kind, "--events", "remove")
        assert "are taken for" not in said.err
        first = next(sample for sample in open_series(tmp_path / kind) if sample.id.endswith("r000000_c000000"))
        assert first.mask is not None
        assert first.instance is not None
        counts[kind] = len(np.unique(first.instance[0])) - 1, np.unique(first.mask[0]).tolist()
    assert counts["class"][0] == counts["binary"][0] > 5
    assert counts["instance"][0] == 3
    assert counts["class"][1] == [0, 1, 2, 3]
    assert counts["binary"][1] == [0, 1]
    auto = json.loads((tmp_path / "auto" / "manifest.json").read_text())["scenes"][0]
    assert auto["footprints"]["values"] == "class"


def test_4_another_reading_is_another_run(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = classes(town, tmp_path / "in")
    assert generate("-i", scene, "-o", tmp_path / "out").code == 0
    done = generate("-i", scene, "-o", tmp_path / "out", "--mask-values", "instance")
    assert done.code == 2
    assert "mask_values" in done.err


def test_5_a_scene_that_is_too_small_is_the_reason(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(64, 64))
    done = generate("-i", scene, "-o", tmp_path / "out", "--tile-size", 512)
    assert done.code == 2
    assert "the scene of 64 x 64 pixels fills only 2% of a tile of 512; use a smaller --tile-size" in done.err


def test_5_brackets_of_a_remedy_are_shown(changen: Changen, capsys: pytest.CaptureFixture[str]) -> None:
    from changen_cli.cli.progress import ProgressView

    ProgressView("x", quiet=False).warn('install with: pip install "changen[train]"')
    assert '"changen[train]"' in capsys.readouterr().err


def test_6_a_resolution_that_the_weights_do_not_know(town: Town, changen: Changen, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(64, 64))
    words = ("generate", "-i", scene, "-o", tmp_path / "out", "--dry-run", "--tile-size", 64)
    assert "the shipped weights know 0.3 to 0.6 m" in changen(*words, "--resolution", 0.14, "--tile-size", 128).err
    assert "shipped weights" not in changen(*words).err


def test_7_an_empty_split_is_said(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(128, 128))
    done = generate("-i", scene, "-o", tmp_path / "out", "-f", "levir")
    assert done.code == 0
    assert "no scene for the splits val and test: whole scenes are shared out, and there is 1" in done.err
    assert "no scene" not in generate("-i", scene, "-o", tmp_path / "o2", "-f", "levir", "--split", "1,0,0").err


def test_8_tiles_that_share_much_are_said(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(169, 169))
    done = generate("-i", scene, "-o", tmp_path / "out")
    assert "share up to 87 of 128 pixels" in done.err
    assert "share up to" not in generate("-i", scene, "-o", tmp_path / "o2", "--edges", "pad").err


def test_11_a_tile_without_a_building_gets_outlines_of_the_scene(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(128, 512))  # no house right of column 420
    done = generate("-i", scene, "-o", tmp_path / "out", "--events", "create")
    assert done.code == 0
    last = next(sample for sample in open_series(tmp_path / "out") if sample.id.endswith("c000384"))
    assert last.mask is not None
    assert [change.event for change in last.changes].count("create") >= 1


def test_12_the_random_state_of_pytorch_stays(town: Town, tmp_path: Path, untrained_weights: Path) -> None:
    scene = town(tmp_path / "in", size=(64, 64))
    before = torch.get_rng_state()
    generate_run(
        GenerateOptions(
            inputs=(str(scene),), output=str(tmp_path / "out"), tile_size=64, workers=0, weights=str(untrained_weights)
        )
    )
    assert torch.equal(torch.get_rng_state(), before)


def test_12_synthesizers_are_listed_and_all_named_in_help(changen: Changen) -> None:
    listed = {one["name"] for one in json.loads(changen("synthesizers", "list", "--json").out)}
    assert listed >= {"changen", "copy", "copy-paste", "deepfill", "inpainting", "oasis", "spade"}
    shown = changen("generate", "--help").out
    assert all(name in shown for name in listed)


def test_12_the_example_lies_on_land_near_the_equator() -> None:
    with rasterio.open(next(path for path in example_files() if path.suffix == ".tif")) as file:
        west, south, east, north = rasterio.warp.transform_bounds(file.crs, "EPSG:4326", *file.bounds)
    assert 0 < south < north < 2
    assert 36 < west < east < 42  # UTM zone 37


def test_12_a_dry_run_tries_creation_options(changen: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(64, 64))
    words = ("generate", "-i", scene, "-o", tmp_path / "out", "--dry-run", "--synthesizer", "copy", "-f", "geotiff")
    assert changen(*words, "--tile-size", 64, "--co", "COMPRESS=ZSTD").code == 0
    done = changen(*words, "--tile-size", 64, "--co", "COMPRESS=NONSENSE")
    assert done.code == 2
    assert "creation options" in done.err
    assert not (tmp_path / "out").exists()


def colour(scene: Path, *, grey: bool) -> None:
    """Saves the mask of a scene again, in red, green and blue."""
    path = scene.with_name(f"{scene.stem}_mask.tif")
    with rasterio.open(path) as file:
        mask, profile = file.read(1), file.profile
    with rasterio.open(path, "w", **{**profile, "count": 3}) as file:
        file.write(np.stack([mask, mask, mask if grey else mask // 2]))


def test_12_masks_of_three_equal_bands_are_read(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(128, 128), labels="mask")
    assert generate("-i", scene, "-o", tmp_path / "one").code == 0
    colour(scene, grey=True)
    assert generate("-i", scene, "-o", tmp_path / "three").code == 0
    one, three = (open_series(tmp_path / name)[0] for name in ("one", "three"))
    assert np.array_equal(one.instance, three.instance)  # type: ignore[arg-type]
    colour(scene, grey=False)
    done = generate("-i", scene, "-o", tmp_path / "colours")
    assert done.code == 2
    assert "mask in colours" in done.err


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("--synthesizer cop", {"copy", "copy-paste"}),
        ("--events create,re", {"create,relocate", "create,remove"}),
        ("--background k", {"keep"}),
        ("--format ", {"geotiff", "levir", "zarr"}),
    ],
)
def test_12_values_are_completed(typed: str, offered: set[str]) -> None:
    words = f"changen generate {typed}"
    done = subprocess.run(
        [sys.executable, "-c", "from changen_cli.cli.main import app; app(prog_name='changen')"],
        env=os.environ
        | {
            "_CHANGEN_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(done.stdout.split()) >= offered, done.stderr
    assert all(word.startswith(typed.split(" ")[1]) for word in done.stdout.split())


def test_13_defaults_of_arrays_are_those_of_runs() -> None:
    assert issubclass(GenerateOptions, SynthesizerOptions)
