from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from changen_cli.errors import ChangenError, SceneError, StoreError, UsageError
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.recipe import read_recipe, write_recipe
from changen_cli.store.formats.registry import find_formats
from tests.outputs import Tree
from tests.reporting import Heard

Options = Callable[..., GenerateOptions]


@pytest.fixture
def options(options: Options) -> Options:
    return partial(options, workers=0)


@pytest.mark.parametrize("format", find_formats())
def test_a_recipe_has_everything_but_pixels(options: Options, tmp_path: Path, tree: Tree, format: str) -> None:
    generate(options(format=format, recipe=str(tmp_path / "with"), steps=2, conditions="light"))
    out, recipe = tmp_path / "out", tmp_path / "recipe"
    heard = Heard()
    assert write_recipe(out, recipe, heard) == recipe
    assert any(one.task == "recipe" and one.done == one.total == 6 for one in heard.progresses)
    assert tree(recipe) == tree(tmp_path / "with"), "the same, afterwards or at the end of the run"
    names = {str(path.relative_to(recipe)) for path in recipe.rglob("*") if path.is_file()}
    assert names == {
        "recipe.json", "sketches.parquet", "series/manifest.json", "series/samples.parquet", "series/events.parquet",
        "series/conditions.parquet", "series/.changen/run.json", "series/.changen/files.json",
        *(f"series/.changen/shards/{n:06d}.json" for n in range(3)),
    }  # fmt: skip
    for name in names:
        if name.startswith("series/"):
            assert (recipe / name).read_bytes() == (out / name.removeprefix("series/")).read_bytes()
    found = read_recipe(recipe)
    (scene,) = found.scenes
    assert scene.image.path == options().inputs[0]
    assert scene.image.checksum is not None
    assert scene.image.checksum.startswith(f"{Path(scene.image.path).stat().st_size} ")
    assert scene.labels is not None
    assert scene.labels.path.endswith("town_buildings.gpkg")
    assert found.arguments["seed"] == 0
    assert [file.path for file in found.files()] == [scene.image.path, scene.labels.path]
    assert not list(tmp_path.glob(".*")), "no folder of work is left"


def test_what_it_cannot_be_made_of(options: Options, tmp_path: Path) -> None:
    out, recipe = tmp_path / "out", tmp_path / "recipe"
    with pytest.raises(StoreError, match="does not exist"):
        write_recipe(out, recipe)
    generate(options())
    with pytest.raises(StoreError, match="is inside"):
        write_recipe(out, out / "recipe")
    (tmp_path / "mine").mkdir()
    with pytest.raises(StoreError, match="is there and is no recipe"):
        write_recipe(out, tmp_path / "mine")
    source = Path(options().inputs[0])
    good = source.read_bytes()
    source.rename(tmp_path / "away.tif")
    with pytest.raises(ChangenError, match=r"needs the sources.*town\.tif.*in the folder from which"):
        write_recipe(out, recipe)
    (tmp_path / "away.tif").rename(source)
    source.write_bytes(good + b" ")
    with pytest.raises(StoreError, match=r"sources of .* are not what they were"):
        write_recipe(out, recipe)
    source.write_bytes(good)
    chunk = out / "image" / "c.0.0.0.0.0"
    chunk.write_bytes(chunk.read_bytes()[:-1])
    with pytest.raises(StoreError, match=r"not what was written: damaged: image/c\.0\.0\.0\.0\.0"):
        write_recipe(out, recipe)
    assert not recipe.exists()
    with pytest.raises(UsageError, match="--recipe and --shard"):
        options(recipe=str(recipe), shard="0/2")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("recipe.json", "cannot read .*recipe"),
        ("series/manifest.json", "manifest.json has changed"),
        ("series/events.parquet", "events.parquet has changed"),
        ("series/.changen/shards/000001.json", None),
    ],
)
def test_a_damaged_recipe(options: Options, tmp_path: Path, name: str, said: str | None) -> None:
    recipe = tmp_path / "recipe"
    generate(options(recipe=str(recipe)))
    path = recipe / name
    data = path.read_bytes()
    if said is not None:
        path.write_bytes(data.replace(b"0", b"1", 1))
        with pytest.raises(StoreError, match=said):
            read_recipe(recipe)
    path.unlink()
    with pytest.raises(StoreError, match=r"is no recipe|cannot read|not complete|is missing|was not written"):
        read_recipe(recipe)


@pytest.mark.parametrize(
    "wrong", [{"scenes": 3}, {"version": 9}, {"others": {"looks": {"path": 1}}}, {"processor": []}]
)
def test_values_that_no_recipe_has(options: Options, tmp_path: Path, wrong: dict[str, object]) -> None:
    from changen_cli.store.sealed import seal

    recipe = tmp_path / "recipe"
    generate(options(recipe=str(recipe)))
    value = json.loads((recipe / "recipe.json").read_text())
    del value["digest"]
    (recipe / "recipe.json").write_bytes(seal(value | wrong))
    if "processor" in wrong:
        assert read_recipe(recipe).processor == "[]"
        return
    with pytest.raises(StoreError, match="cannot read"):
        read_recipe(recipe)


def test_a_recipe_that_is_there_is_replaced(options: Options, tmp_path: Path, tree: Tree) -> None:
    recipe = tmp_path / "recipe"
    generate(options(recipe=str(recipe)))
    first = tree(recipe)
    (recipe / "recipe.json").write_text("old")
    write_recipe(tmp_path / "out", recipe)
    assert tree(recipe) == first


def test_layers_and_libraries_are_sources(options: Options, tmp_path: Path, outlines: Callable[..., Path]) -> None:
    import shapely

    library = outlines(tmp_path / "crosses.gpkg", [shapely.box(-5, -5, 5, 5)])
    generate(options(library=str(library), recipe=str(tmp_path / "recipe")))
    found = read_recipe(tmp_path / "recipe")
    assert found.others["library"].path == str(library)
    assert found.others["library"] in found.files()
    with pytest.raises(SceneError, match="cannot be read"):
        _unreadable(tmp_path)


def _unreadable(folder: Path) -> None:
    from changen_cli.pipeline import recipe

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "checksum_file", _raise)
        (folder / "x").write_text("")
        recipe._file(str(folder / "x"))


def _raise(path: Path) -> None:
    raise PermissionError(13, "Permission denied")
