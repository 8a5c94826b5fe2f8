from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from changen_cli import open_series
from changen_cli.errors import ExitCode, SceneError, StoreError, WeightsError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.recipe import write_recipe
from changen_cli.pipeline.replay import Replayed, replay
from changen_cli.store.verify import verify
from tests.fixtures.weights import write_untrained
from tests.outputs import Tree

Options = Callable[..., GenerateOptions]


@pytest.fixture
def options(options: Options) -> Options:
    return partial(options, workers=0, device="cpu")


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    pass


def passed_on(options: GenerateOptions, tmp_path: Path) -> tuple[Path, Path]:
    """Makes a series and its recipe, and takes the sources to another place; gives the recipe and that place."""
    generate(options)
    write_recipe(tmp_path / "out", tmp_path / "recipe")
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    return tmp_path / "recipe", tmp_path / "elsewhere"


def without_lock(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name != ".changen/lock"}


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir", "mosaic"])
def test_a_series_is_made_again_byte_for_byte(options: Options, tmp_path: Path, tree: Tree, format: str) -> None:
    given: dict[str, Any] = {"format": format, "conditions": "haze", "variants": 2}
    if format == "mosaic":
        given = {"mosaic": True, "tile_size": 96, "overlap": 32, "shard_samples": "auto"}
    recipe, elsewhere = passed_on(options(steps=2, seed=3, events="create,remove", **given), tmp_path)
    found = replay(recipe, tmp_path / "again", [str(elsewhere)], workers=0)
    assert without_lock(tree(tmp_path / "again")) == without_lock(tree(tmp_path / "out"))
    assert found.identical
    assert found.exit_code() == ExitCode.DONE
    assert (found.differing, found.other, found.labels, found.images_differing) == ((), (), (), 0)
    assert found.files > 5
    assert verify(tmp_path / "again").whole


def test_with_weights_looks_and_what_is_not_a_scene(
    options: Options, tmp_path: Path, looks_weights: Path, tree: Tree, outlines: Callable[..., Path]
) -> None:
    import shapely

    options()
    library = outlines(tmp_path / "in" / "crosses.gpkg", [shapely.box(-5, -5, 5, 5)])
    exclude = outlines(tmp_path / "in" / "water.gpkg", [shapely.box(0, 0, 40, 40)])
    made = options(
        synthesizer="changen", weights=str(looks_weights), tile_size=64, shard_samples=8, library=str(library),
        exclude=str(exclude), drift=0.25, new_looks="drawn",
    )  # fmt: skip
    generate(made)
    write_recipe(tmp_path / "out", tmp_path / "recipe")
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    with pytest.raises(WeightsError, match="no weights named 'looks'"):
        replay(tmp_path / "recipe", tmp_path / "again", [str(tmp_path / "elsewhere")], workers=0)
    other = tmp_path / "other.safetensors"
    write_untrained(other, "changen", looks=True, noise_dim=4)
    with pytest.raises(WeightsError, match=r"is for the weights 'looks' with SHA-256 .*; 'other' has .*--weights"):
        replay(tmp_path / "recipe", tmp_path / "again", [str(tmp_path / "elsewhere")], weights=str(other), workers=0)
    assert not (tmp_path / "again").exists()
    found = replay(
        tmp_path / "recipe", tmp_path / "again", [str(tmp_path / "elsewhere")], weights=str(looks_weights), workers=0
    )
    assert found.identical
    assert without_lock(tree(tmp_path / "again")) == without_lock(tree(tmp_path / "out"))


def test_a_changed_source_is_refused_by_name(options: Options, tmp_path: Path) -> None:
    recipe, elsewhere = passed_on(options(), tmp_path)
    image = elsewhere / "town.tif"
    data = bytearray(image.read_bytes())
    data[len(data) // 2] ^= 1
    image.write_bytes(data)
    with pytest.raises(SceneError, match=r"elsewhere/town\.tif is not what the recipe was made from"):
        replay(recipe, tmp_path / "again", [str(elsewhere)])
    image.unlink()
    with pytest.raises(SceneError, match=r"town\.tif, which the recipe needs, is missing"):
        replay(recipe, tmp_path / "again", [str(elsewhere)])
    assert not (tmp_path / "again").exists()


def test_other_threads_and_precision_are_said_and_measured(
    options: Options, tmp_path: Path, untrained_weights: Path
) -> None:
    """In bf16 images are others, and the estimate of how much is near the truth; labels are the same."""
    made = options(synthesizer="changen", weights=str(untrained_weights), tile_size=96, precision="fp32")
    recipe, elsewhere = passed_on(made, tmp_path)
    weights = str(untrained_weights)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = replay(recipe, tmp_path / "threads", [str(elsewhere)], weights=weights, workers=0)
    finally:
        torch.set_num_threads(threads)
    assert again.other[0] == "threads was 1, is now 2"
    assert set(again.differing) >= {".changen/run.json", "manifest.json"}
    assert again.labels == ()
    assert again.worst < 1
    found = replay(recipe, tmp_path / "bf16", [str(elsewhere)], weights=weights, workers=0, precision="bf16")
    assert found.other == ("precision was fp32, is now bf16",)
    assert found.labels == ()
    pairs = list(zip(open_series(tmp_path / "out"), open_series(tmp_path / "bf16"), strict=True))
    squares = [((a.image.astype(float) - b.image) ** 2).mean() for a, b in pairs]
    assert 0 < found.images_differing <= found.images // 2, "I_0 is the source"
    true = (sum(squares) / len(squares)) ** 0.5
    assert 0.75 * true < found.rms < 1.25 * true
    assert found.rms < found.worst
    assert found.exit_code() == ExitCode.SOME_FAILED
    assert found.exit_code(tolerance=found.worst) == ExitCode.DONE


def test_what_decides_more_than_last_bits_is_refused(options: Options, tmp_path: Path) -> None:
    recipe, elsewhere = passed_on(options(), tmp_path)
    with pytest.raises(StoreError, match="seed is 7 now and was 0"):
        replay(recipe, tmp_path / "again", [str(elsewhere)], seed=7)


def test_a_stopped_replay_goes_on(options: Options, tmp_path: Path, tree: Tree) -> None:
    recipe, elsewhere = passed_on(options(format="geotiff"), tmp_path)
    assert replay(recipe, tmp_path / "again", [str(elsewhere)], workers=0).identical
    whole = tree(tmp_path / "again")
    shutil.rmtree(tmp_path / "again")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("changen_cli.pipeline.generate.finish_run", _stop)
        with pytest.raises(KeyboardInterrupt):
            replay(recipe, tmp_path / "again", [str(elsewhere)], workers=0)
    assert replay(recipe, tmp_path / "again", [str(elsewhere)], workers=0).identical
    assert tree(tmp_path / "again") == whole


def _stop(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_labels_that_differ_are_never_tolerated() -> None:
    found = Replayed("o", 1, 3, ("mask/c",), (), labels=("a",))
    assert found.exit_code(tolerance=200) == ExitCode.SOME_FAILED
