"""``changen conditions list``, and conditions in whole runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from changen_cli import open_series
from changen_cli.conditions.choose import CONDITION
from tests.commands import Changen
from tests.outputs import Tree, read_whole

ALL = ",".join(one.name for one in CONDITION.installed())


@pytest.fixture
def words(town: Callable[..., Path], tmp_path: Path, untrained_weights: Path) -> list[object]:
    """Arguments of a run of 12 tiles and 2 steps, under every condition."""
    scene = town(tmp_path / "in", size=(200, 280))
    return [
        "-i", scene, "--tile-size", 72, "--steps", 2, "--synthesizer", "changen", "--weights", untrained_weights,
        "--events", "create,remove", "--device", "cpu", "--shard-samples", 2, "--conditions", ALL,
    ]  # fmt: skip


def test_the_list_has_every_condition_and_parameter(changen: Changen) -> None:
    shown = changen("conditions", "list")
    assert (shown.code, shown.err) == (0, "")
    listed = {one["name"]: one for one in json.loads(changen("conditions", "list", "--json").out)}
    assert list(listed) == [one.name for one in CONDITION.installed()]
    for condition in CONDITION.installed():
        assert condition.name in shown.out
        assert [p["name"] for p in listed[condition.name]["parameters"]] == [p.name for p in condition.parameters]


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_images_differ_and_labels_do_not(generate: Changen, words: list[object], tmp_path: Path, format: str) -> None:
    assert generate(*words, "-f", format, "-o", tmp_path / "seen").code == 0
    assert generate(*words, "-f", format, "-o", tmp_path / "plain", "--conditions", "none").code == 0
    seen, plain = open_series(tmp_path / "seen"), open_series(tmp_path / "plain")
    assert len(seen) == len(plain) > 0
    for one, two in zip(seen, plain, strict=True):
        assert all((a != b).any() for a, b in zip(one.image, two.image, strict=True))
        for part in ("mask", "instance", "change", "valid"):
            np.testing.assert_array_equal(getattr(one, part), getattr(two, part))
        assert one.changes == two.changes
        assert two.conditions == ()
        assert [list(record) for record in one.conditions] == [ALL.split(",")] * len(one.times)
    assert not (tmp_path / "plain" / "conditions.parquet").exists()
    table = pq.read_table(tmp_path / "seen" / "conditions.parquet")
    assert set(table["sample"].to_pylist()) == set(seen.table["sample"].to_pylist())


@pytest.mark.parametrize("fast", [("--workers", 1), ("--batch-size", 5)])
def test_speed_changes_no_byte(
    generate: Changen, words: list[object], tmp_path: Path, tree: Tree, fast: tuple[object, ...]
) -> None:
    assert generate(*words, "-o", tmp_path / "a").code == 0
    assert generate(*words, "-o", tmp_path / "b", *fast).code == 0
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_stopped_run_goes_on_to_the_same_bytes(
    generate: Changen, words: list[object], tmp_path: Path, tree: Tree
) -> None:
    assert generate(*words, "-o", tmp_path / "a", "-f", "geotiff").code == 0
    whole = tree(tmp_path / "a")
    shards = tmp_path / "a" / ".changen" / "shards"
    for shard in (1, 4):  # as if killed before they were recorded
        (shards / f"{shard:06d}.json").unlink()
    (tmp_path / "a" / "manifest.json").unlink()
    (tmp_path / "a" / "conditions.parquet").unlink()
    assert generate(*words, "-o", tmp_path / "a", "-f", "geotiff").code == 0
    assert tree(tmp_path / "a") == whole


def test_other_conditions_are_another_run(generate: Changen, words: list[object], tmp_path: Path) -> None:
    assert generate(*words, "-o", tmp_path / "a").code == 0
    for other in ("none", "haze", "light=2"):
        done = generate(*words, "-o", tmp_path / "a", "--conditions", other)
        assert done.code == 2
        assert "was made with other arguments: conditions" in done.error
    done = generate(*words, "-o", tmp_path / "a", "--condition-option", "haze.share=0.2")
    assert "conditions" in done.error
    said = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert [one["name"] for one in said["arguments"]["conditions"]] == ALL.split(",")
    assert said["store"]["conditions"] is True


def test_series_of_one_tile_are_under_conditions_of_their_own(
    generate: Changen, words: list[object], tmp_path: Path
) -> None:
    assert generate(*words, "--variants", 2, "--synthesizer", "copy", "--weights", "", "-o", tmp_path / "a").code == 0
    series = read_whole(tmp_path / "a")
    first = {sample.id: sample.image[0] for sample in series}
    for id_ in (id_ for id_ in first if id_.endswith("__v0")):
        assert (first[id_] != first[id_.replace("__v0", "__v1")]).any()


def test_no_data_is_0_at_every_date(generate: Changen, town: Callable[..., Path], tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(100, 100))
    run = ("-i", scene, "--tile-size", 128, "--edges", "pad", "--min-valid", 0.1, "--conditions", ALL)
    assert generate(*run, "-o", tmp_path / "out").code == 0
    (sample,) = open_series(tmp_path / "out")
    assert sample.valid is not None
    assert not sample.valid.all()
    assert not sample.image[..., ~sample.valid].any()
    assert sample.image[..., sample.valid].any()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("--conditions", "fog"), "unknown condition 'fog'; installed: compression, haze"),
        (("--conditions", "haze=9"), "must be a number from 0 to 4"),
        (("--conditions", "haze", "--condition-option", "haze.thick=1"), "it has: strength, share, air"),
        (("--condition-option", "haze.share=0.1"), "not among the conditions none"),
    ],
)
def test_what_cannot_be_used_is_said(
    generate: Changen, scene: Path, out: Path, given: tuple[object, ...], message: str
) -> None:
    done = generate("-i", scene, "-o", out, *given)
    assert done.code == 2
    assert message in done.error
    assert not out.exists()
