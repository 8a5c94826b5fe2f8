"""Every reader of an output against outputs that were good once; and how many cases there are in all."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.recipe import read_recipe
from changen_cli.pipeline.recorded import recorded_options
from changen_cli.store.arguments import read_run
from changen_cli.store.ends import read_ends
from changen_cli.store.manifest import read_manifest, read_store
from changen_cli.store.overview import take_overview
from changen_cli.store.planned import read_plan
from changen_cli.store.records import read_record, record_path
from changen_cli.store.sealed import seal
from changen_cli.store.series import open_series
from changen_cli.store.sketches import read_sketches
from changen_cli.store.verify import verify
from changen_cli.weights.card import read_card
from tests.fixtures.town import write_town
from tests.fixtures.weights import write_untrained
from tests.hostile import test_fuzz
from tests.hostile.mutation import BINARY, CASES, DECLARED, TEXT, Change, cases, owed


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output in Zarr and one in GeoTIFF with their recipes, one that is not finished, and a card."""
    folder = tmp_path_factory.mktemp("outputs")
    scene = write_town(folder / "in", size=(64, 64))
    for format in ("zarr", "geotiff"):
        generate(_options(scene, folder / format, format=format, recipe=str(folder / f"{format}-recipe")))
    generate(_options(scene, folder / "half", shard="0/2"))
    write_untrained(folder / "w.safetensors", "segmenter")
    return folder


def _options(scene: Path, output: Path, **others: Any) -> GenerateOptions:
    return GenerateOptions(
        inputs=(str(scene),), output=str(output), synthesizer="copy", tile_size=32, shard_samples=2, workers=0, **others
    )


@contextmanager
def altered(path: Path, changes: list[Change], reseal: bool = False) -> Iterator[None]:
    """Alters a file while the block runs; a sealed one may get the seal of what it says now, as an attacker would."""
    good = path.read_bytes()
    content = good
    if reseal:
        value = json.loads(good)
        value.pop("digest", None)
        content = json.dumps(value).encode()
    for change in changes:
        content = change(content) if content else content
    if reseal:
        try:
            value = json.loads(content)
            content = seal(value) if isinstance(value, dict) else content
        except (ValueError, RecursionError):
            pass
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(good)


READERS: dict[str, Callable[[Path], object]] = {
    "record": lambda root: read_record(record_path(root / "zarr", 0)).summary(),
    "run": lambda root: (read_run(root / "zarr"), recorded_options(root / "zarr")),
    "ends": lambda root: read_ends(root / "zarr"),
    "plan": lambda root: (read_plan(root / "half"), take_overview(root / "half")),
}
FILES = {
    "record": "zarr/.changen/shards/000000.json",
    "run": "zarr/.changen/run.json",
    "ends": "zarr/.changen/files.json",
    "plan": "half/.changen/plan.json",
}


@pytest.mark.parametrize("kind", sorted(READERS))
@cases("test_sealed_files", 500, 4)
@given(changes=TEXT, reseal=st.booleans())
def test_sealed_files(outputs: Path, kind: str, changes: list[Change], reseal: bool) -> None:
    with altered(outputs / FILES[kind], changes, reseal), owed():
        READERS[kind](outputs)


@cases("test_recipes_of_series", 400)
@given(changes=TEXT, reseal=st.booleans())
def test_recipes_of_series(outputs: Path, changes: list[Change], reseal: bool) -> None:
    with altered(outputs / "zarr-recipe" / "recipe.json", changes, reseal), owed():
        read_recipe(outputs / "zarr-recipe")


@cases("test_manifests", 500)
@given(changes=TEXT)
def test_manifests(outputs: Path, changes: list[Change]) -> None:
    with altered(outputs / "zarr" / "manifest.json", changes), owed():
        read_store(outputs / "zarr", read_manifest(outputs / "zarr"))


@pytest.fixture(scope="module")
def unrecorded(outputs: Path) -> Path:
    """An output that came without its records, so that no checksum guards its files."""
    copy = outputs / "unrecorded"
    shutil.copytree(outputs / "zarr", copy)
    shutil.rmtree(copy / ".changen")
    return copy


@cases("test_metadata_that_nothing_guards", 250)
@given(changes=TEXT, name=st.sampled_from(["manifest.json", "zarr.json", "image/zarr.json", "mask/zarr.json"]))
def test_metadata_that_nothing_guards(unrecorded: Path, changes: list[Change], name: str) -> None:
    with altered(unrecorded / name, changes), owed():
        data = open_series(unrecorded)
        data[0]
        data.read_pair(0)


@cases("test_tables_that_nothing_guards", 250)
@given(changes=BINARY, name=st.sampled_from(["samples.parquet", "events.parquet"]))
def test_tables_that_nothing_guards(unrecorded: Path, changes: list[Change], name: str) -> None:
    with altered(unrecorded / name, changes), owed():
        data = open_series(unrecorded)
        data.changes_of(0)
        assert data.event_names is not None


@cases("test_chunks_that_nothing_guards", 100)
@given(changes=BINARY, name=st.sampled_from(["image/c.0.0.0.0.0", "mask/c.0.0.0.0", "instance/c.0.0.0.0"]))
def test_chunks_that_nothing_guards(unrecorded: Path, changes: list[Change], name: str) -> None:
    with altered(unrecorded / name, changes), owed():
        open_series(unrecorded)[0]


@cases("test_sketches", 150)
@given(changes=BINARY)
def test_sketches(outputs: Path, changes: list[Change]) -> None:
    with altered(outputs / "zarr-recipe" / "sketches.parquet", changes), owed():
        list(read_sketches(outputs / "zarr-recipe" / "sketches.parquet"))


@cases("test_whole_outputs", 60)
@given(data=st.data(), format=st.sampled_from(["zarr", "geotiff"]))
def test_whole_outputs(outputs: Path, data: st.DataObject, format: str) -> None:
    """Any file of an output: what is wrong with it is found."""
    files = sorted(path for path in (outputs / format).rglob("*") if path.is_file() and path.stat().st_size)
    path = data.draw(st.sampled_from(files))
    good = path.read_bytes()
    with altered(path, [*data.draw(BINARY)]), owed():
        assert verify(outputs / format).whole == (path.read_bytes() == good)


@cases("test_journals", 40)
@given(changes=TEXT, name=st.sampled_from(["run.json", "plan.json", "shards/000000.json"]), reseal=st.booleans())
def test_journals(outputs: Path, changes: list[Change], name: str, reseal: bool) -> None:
    """A run that goes on with what it finds, and writes nothing beside its output."""
    beside = sorted(outputs.iterdir())
    with altered(outputs / "half" / ".changen" / name, changes, reseal), owed():
        generate(_options(outputs / "in" / "town.tif", outputs / "half", shard="0/2"))
    assert sorted(outputs.iterdir()) == beside


@cases("test_what_cards_say", 300)
@given(changes=TEXT)
def test_what_cards_say(outputs: Path, changes: list[Change]) -> None:
    with altered(outputs / "w.yaml", changes), owed():
        read_card(outputs / "w.yaml")


def test_there_are_five_thousand_cases() -> None:
    """What is declared; the fixture of this folder sees that it is given."""
    declared = [
        DECLARED[name] for module in (test_fuzz, sys.modules[__name__]) for name in vars(module) if name in DECLARED
    ]
    total = sum(count * kinds for count, kinds in declared)
    print(f"{total} cases in {len(declared)} tests")
    assert len(declared) == len(DECLARED) >= 24
    assert total >= 5_000 * CASES
