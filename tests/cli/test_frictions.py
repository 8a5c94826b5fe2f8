"""What users met, replayed: the second half of the trials, by the numbers that it gave them."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import rasterio.warp
import torch
import yaml
from affine import Affine
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from changen_cli.pipeline.generate import generate as generate_run
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.reports.preview.lettering import LINE
from changen_cli.resources import example_files
from changen_cli.store.series import open_series
from changen_cli.synthesis.options import SynthesizerOptions
from tests.commands import Changen, Start

ROOT = Path(__file__).parents[2]

USED = ("train", "opencv", "remote", "icechunk", "ray", "video", "metrics")
"""Extras that the package itself imports; the others are for those who work on it."""

Town = Callable[..., Path]


def bare(town: Town, folder: Path) -> Path:
    """A folder with a scene that can be used, and one without footprints."""
    town(folder, "a", size=(128, 128), labels="mask")
    town(folder, "b", size=(128, 128), labels=None)
    return folder


def test_2_a_training_that_is_ended_goes_on(start: Start, tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    recipe, run = tmp_path / "recipe.yaml", tmp_path / "run"
    recipe.write_text(yaml.safe_dump(tiny_recipe | {"iterations": 1000, "save_every": 1000, "sample_every": 1000}))
    first = start("train", "--config", recipe, "-o", run)
    assert first.stderr is not None
    reached = next(line for line in first.stderr if "1000 iterations" in line)
    first.send_signal(signal.SIGTERM)
    said = reached + first.communicate(timeout=120)[1]
    assert first.returncode == 130
    assert "run it again" in said
    kept = int(re.findall(r"stopped after iteration (\d+), which is kept", said)[0])
    assert kept > 0
    second = start("train", "--config", recipe, "-o", run)
    assert second.stderr is not None
    goes_on = next(match for line in second.stderr if (match := re.search(r"(\d+)/1000 iterations", line)))
    second.kill()
    assert int(goes_on[1]) > kept, "it began again"


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


def finer(scene: Path, metres: float) -> Path:
    """Says that a scene has another ground resolution; its labels are given in pixels."""
    with rasterio.open(scene, "r+") as file:
        file.transform = Affine(metres, 0, file.transform.c, 0, -metres, file.transform.f)
    return scene


def test_6_the_resolution_of_the_weights_is_chosen(town: Town, changen: Changen, tmp_path: Path) -> None:
    scene = finer(town(tmp_path / "in", size=(160, 160), labels="mask"), 0.14)
    mask = finer(scene.with_name(f"{scene.stem}_mask.tif"), 0.14)
    assert mask.exists()
    words = ("generate", "-i", scene, "--tile-size", 64, "--workers", 0)
    done = changen(*words, "-o", tmp_path / "out", "--events", "remove")
    assert "1 of 1 scenes are read at 0.27 m a pixel and not at their own 0.14 m" in done.err
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (recorded,) = manifest["scenes"]
    assert (recorded["resampled"], recorded["ground_resolution"]) == (True, 0.27)
    assert recorded["own_resolution"] == pytest.approx(0.14, rel=0.01)
    assert manifest["arguments"]["suited"] == [0.27, 0.6]
    assert recorded["width"] == pytest.approx(160 * 0.14 / 0.27, abs=1.5)
    again = changen(*words, "-o", tmp_path / "out", "--events", "remove")
    assert again.code == 0, "the same command finds its output finished"
    native = changen(*words, "-o", tmp_path / "n", "--resolution", "native", "--dry-run")
    assert "not at their own" not in native.err
    assert "are read at 0.14 m a pixel, and the weights are for 0.27 to 0.6 m" in native.err
    assert "tiles:   9," in native.out


def test_6_what_suits_the_weights_is_read_as_it_is(town: Town, changen: Changen, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(64, 64))
    words = ("generate", "-i", scene, "-o", tmp_path / "out", "--tile-size", 64, "--workers", 0)
    done = changen(*words)
    assert "the weights are for" not in done.err
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert "suited" not in manifest["arguments"]
    assert (manifest["scenes"][0]["resampled"], "own_resolution" in manifest["scenes"][0]) == (False, False)
    asked = changen(*words[:3], "-o", tmp_path / "o2", "--dry-run", "--resolution", 0.14, "--tile-size", 64)
    assert "the weights are for 0.27 to 0.6 m" in asked.err


def test_7_an_empty_split_is_said(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(128, 128))
    done = generate("-i", scene, "-o", tmp_path / "out", "-f", "levir")
    assert done.code == 0
    assert "no scene for the splits val and test: whole scenes are shared out, and there is 1" in done.err
    assert "--split-by area" in done.err
    assert "no scene" not in generate("-i", scene, "-o", tmp_path / "o2", "-f", "levir", "--split", "1,0,0").err


@pytest.mark.parametrize("edges", ["shift", "pad"])
def test_7_one_scene_is_shared_out_by_area(generate: Changen, town: Town, tmp_path: Path, edges: str) -> None:
    scene, out = town(tmp_path / "in"), tmp_path / "out"  # 300 x 500 pixels
    words = ("-i", scene, "-o", out, "-f", "levir", "--tile-size", 64, "--overlap", 16, "--edges", edges)
    done = generate(*words, "--split-by", "area")
    assert done.code == 0
    assert "the area of 1 scene is shared out in" in done.err
    assert "no tile of one split overlaps one of another" in done.err
    assert "no scene for the split" not in done.err
    assert all(list((out / "LEVIR-CD+" / split / "A").iterdir()) for split in ("train", "val", "test"))
    samples = pq.read_table(out / "samples.parquet").to_pylist()
    covered: dict[str, set[tuple[int, int]]] = {}
    for sample in samples:
        row, column = (int(number) for number in re.findall(r"r(\d+)_c(\d+)", sample["sample"])[0])
        tile = {(y, x) for y in range(row, row + 64) for x in range(column, column + 64)}
        covered.setdefault(sample["split"], set()).update(tile)
    assert set(covered) == {"train", "val", "test"}
    assert all(not covered[a] & covered[b] for a, b in (("train", "val"), ("train", "test"), ("val", "test")))
    assert set().union(*covered.values()) >= {(y, x) for y in range(0, 300, 7) for x in range(0, 500, 7)}
    assert generate(*words).code == 2, "another split is another run"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["scenes"][0]["split"] == "area"
    assert {area["split"] for area in manifest["scenes"][0]["areas"]} == {"train", "val", "test"}
    assert generate(*words, "--split-by", "area").code == 0, "the same command finds its output finished"


def test_8_tiles_that_share_much_are_said(generate: Changen, town: Town, tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(169, 169))
    done = generate("-i", scene, "-o", tmp_path / "out")
    assert "share up to 87 of 128 pixels" in done.err
    assert "share up to" not in generate("-i", scene, "-o", tmp_path / "o2", "--edges", "pad").err


def test_9_nothing_is_said_after_a_good_run(town: Town, tmp_path: Path) -> None:
    """The interpreter ends while Zarr's thread gets no core, as it did on a busy machine."""
    scene = town(tmp_path / "in", size=(64, 64))
    words = ["generate", "-i", scene, "-o", tmp_path / "out", "--tile-size", 64, "--workers", 0, "-q"]
    code = (
        "import atexit, sys, time, zarr; from zarr.core import sync; from changen_cli.cli.main import main\n"
        "import changen_cli.store.formats.zarr.format\n"
        "atexit.register(lambda: sync.loop[0].call_soon_threadsafe(time.sleep, 0.8)); main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words), "--synthesizer", "copy"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_10_a_picture_is_what_its_name_says_and_says_what_it_shows(
    generate: Changen, changen: Changen, town: Town, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    generate("-i", town(tmp_path / "in", size=(128, 128)), "-o", out, "--steps", 2)
    name = open_series(out)[0].id
    page, lapse, sheet = (tmp_path / name for name in ("x.html", "x.gif", "x.png"))
    for path in (page, lapse, sheet):
        assert changen("preview", out, "-o", path, "-q").code == 0
    assert name in page.read_text(encoding="utf-8")
    assert page.read_bytes().lstrip()[:15].lower() == b"<!doctype html>"
    with Image.open(lapse) as film:
        assert isinstance(film, GifImageFile)
        assert film.n_frames == 3
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
        titles = np.asarray(picture.convert("L"))[: 4 * LINE]
    assert all(titles[row : row + LINE].any() for row in range(0, 4 * LINE, LINE)), "name, legend, id, dates"


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


@cache
def distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()  # reads the records of all that is installed


def distribution(module: str) -> set[str]:
    """The distributions that a module comes with, as requirements name them."""
    return {name.lower().replace("_", "-") for name in distributions().get(module, [])}


def test_14_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    used = [*project["dependencies"], *(one for extra in USED for one in project["optional-dependencies"][extra])]
    declared = {"pydantic-core"} | {  # pydantic's own other half
        re.split(r"[^\w.-]", one)[0].lower().replace("_", "-") for one in used
    }
    imported = {
        name.split(".")[0]
        for path in (ROOT / "changen_cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    others = imported - set(sys.stdlib_module_names) - {"changen_cli", "_typeshed"}
    assert {"pyproj", "PIL", "torch"} <= others
    undeclared = sorted(name for name in others if distribution(name) and not distribution(name) & declared)
    assert undeclared == []
    core = {re.split(r"[^\w.-]", one)[0].lower() for one in project["dependencies"]}
    assert len(core) < 30, "a library more is one more that every user has to install"


def test_14_the_core_needs_no_extra(town: Town, tmp_path: Path) -> None:
    """From a scene to a picture of its changes, by the shipped weights, where no extra can be imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[^\w.-]", one)[0].lower() for one in project["dependencies"]}
    extras = {
        re.split(r"[^\w.-]", one)[0].lower().replace("_", "-")
        for extra in USED
        for one in project["optional-dependencies"][extra]
    }
    away = sorted(name for name in distributions() if distribution(name) & (extras - needed))
    assert {"timm", "matplotlib", "lightning_fabric"} <= set(away)
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({away!r}))\n"
        "from changen_cli.cli.main import main\n"
        "main(sys.argv[1:])"
    )
    scene, out = town(tmp_path / "in", size=(64, 64)), tmp_path / "out"
    for words in (
        ["generate", "-i", scene, "-o", out, "--tile-size", 64, "--workers", 0, "-q"],
        ["preview", out, "-o", tmp_path / "x.html"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, words)],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr


def test_14_several_gigabytes_are_saved_as_the_readme_says() -> None:
    assert "pip install torch --index-url https://download.pytorch.org/whl/cpu" in (ROOT / "README.md").read_text()
