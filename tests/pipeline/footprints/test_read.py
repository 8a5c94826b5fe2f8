from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from changen_cli.errors import StoreError, TileError, UsageError, WeightsError
from changen_cli.options import build
from changen_cli.pipeline.footprints import read
from changen_cli.pipeline.footprints.segment import segment
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import make_plan
from changen_cli.pipeline.repair import repair
from changen_cli.store.verify import verify
from tests.outputs import Tree
from tests.pipeline.footprints.conftest import HOUSES, Bright
from tests.reporting import Heard

Town = Callable[..., Path]


def asked(tmp_path: Path, **changes: Any) -> GenerateOptions:
    values: dict[str, object] = {
        "inputs": (str(tmp_path / "in"),),
        "output": str(tmp_path / "out"),
        "footprints": "auto",
        "tile_size": 100,
        "edges": "pad",
        "synthesizer": "copy",
        "workers": 0,
    }
    return build(GenerateOptions, values | changes, "options")


def manifest(root: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((root / "manifest.json").read_text())
    return content


def test_a_scene_without_footprints_gets_what_is_seen(tmp_path: Path, bright_town: Town, bright: Bright) -> None:
    bright_town()
    heard = Heard()
    generate(asked(tmp_path), heard)
    assert any("read from the image by 'bright'" in line for line in heard.said)
    assert any(one.task == "footprints" and one.note == "4 footprints read" for one in heard.progresses)
    (path,) = (tmp_path / "out/.changen/footprints").glob("*.parquet")
    frame = geopandas.read_parquet(path)
    assert frame.crs.to_epsg() == 32636
    top, left, bottom, right = HOUSES[0]
    box = shapely.box(400_000 + left / 2, 30_000 - bottom / 2, 400_000 + right / 2, 30_000 - top / 2)
    assert shapely.equals_exact(frame.geometry[0].normalize(), box.normalize(), 1e-6)
    said = manifest(tmp_path / "out")
    assert said["arguments"]["footprints"] == "auto"
    assert said["arguments"]["footprints_read"]["weights"] == "bright"
    assert said["licences"]["footprints"] == {"licence": "CC0-1.0", "attribution": "nobody"}
    (scene,) = said["scenes"]
    assert scene["footprints"]["kind"] == "read"
    assert scene["footprints"]["path"] == f".changen/footprints/{path.name}"
    assert scene["footprints"]["on_scene"]["footprints"] == 4
    assert verify(tmp_path / "out").whole


def test_without_a_georeference_they_are_in_pixels(tmp_path: Path, bright_town: Town, bright: Bright) -> None:
    bright_town(placed=False)
    generate(asked(tmp_path))
    (path,) = (tmp_path / "out/.changen/footprints").glob("*.parquet")
    frame = geopandas.read_parquet(path)
    assert frame.crs is None
    top, left, bottom, right = HOUSES[0]
    assert shapely.equals_exact(frame.geometry[0].normalize(), shapely.box(left, top, right, bottom).normalize(), 1e-6)
    assert manifest(tmp_path / "out")["scenes"][0]["footprints"]["on_scene"]["footprints"] == 4


def test_footprints_that_are_there_stay(tmp_path: Path, bright_town: Town, bright: Bright) -> None:
    own = bright_town("mapped")
    geopandas.GeoDataFrame(geometry=[shapely.box(400_010, 29_950, 400_020, 29_960)], crs="EPSG:32636").to_file(
        own.with_name("mapped_buildings.gpkg")
    )
    heard = Heard()
    generate(asked(tmp_path), heard)
    assert bright.seen == 0
    assert "--footprints auto: every scene has footprints of its own, and none are read" in heard.said
    assert "footprints_read" not in manifest(tmp_path / "out")["arguments"]
    bright_town("bare")
    generate(asked(tmp_path, overwrite=True), heard)
    assert any("; 1 scene with footprints keeps them:" in line for line in heard.said)
    kinds = [scene["footprints"]["kind"] for scene in manifest(tmp_path / "out")["scenes"]]
    assert kinds == ["read", "vector"]


class StopError(Exception):
    pass


def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, **changes: Any) -> None:
    """Runs, and stops before so many scenes are read."""
    count = 0

    def once(*args: Any) -> Any:
        nonlocal count
        count += 1
        if count > after:
            raise StopError
        return real(*args)

    real = segment
    with monkeypatch.context() as patched:
        patched.setattr(read, "segment", once)
        with pytest.raises(StopError):
            generate(asked(tmp_path, **changes))


def test_a_run_that_was_stopped_reads_only_what_is_left(
    tmp_path: Path, bright_town: Town, bright: Bright, monkeypatch: pytest.MonkeyPatch, tree: Tree
) -> None:
    bright_town("a")
    bright_town("b")
    generate(asked(tmp_path, output=str(tmp_path / "never")))
    stopped(tmp_path, monkeypatch, after=1)
    assert len(list((tmp_path / "out/.changen/footprints").glob("a-*.parquet"))) == 1
    before = bright.seen
    generate(asked(tmp_path))
    assert bright.seen - before == 1, "b alone"
    assert tree(tmp_path / "out") == tree(tmp_path / "never")
    before = bright.seen
    generate(asked(tmp_path))
    assert bright.seen == before, "finished"


def test_what_a_run_of_other_arguments_has_read_is_not_taken(
    tmp_path: Path, bright_town: Town, bright: Bright, monkeypatch: pytest.MonkeyPatch, tree: Tree
) -> None:
    bright_town("a")
    bright_town("b")
    stopped(tmp_path, monkeypatch, after=1, resolution=1.0)
    generate(asked(tmp_path))
    generate(asked(tmp_path, output=str(tmp_path / "never")))
    assert tree(tmp_path / "out") == tree(tmp_path / "never")
    assert verify(tmp_path / "out").whole
    with pytest.raises(StoreError, match="resolution was null, is now 1"):
        generate(asked(tmp_path, resolution=1.0))
    assert verify(tmp_path / "out").whole, "nothing has happened to it"
    generate(asked(tmp_path, resolution=1.0, overwrite=True))
    assert verify(tmp_path / "out").whole
    generate(asked(tmp_path, footprints=None, masks=None, inputs=(str(mapped(bright_town)),), overwrite=True))
    assert not (tmp_path / "out/.changen/footprints").exists()


def mapped(bright_town: Town) -> Path:
    path = bright_town("mapped")
    geopandas.GeoDataFrame(geometry=[shapely.box(400_010, 29_950, 400_020, 29_960)], crs="EPSG:32636").to_file(
        path.with_name("mapped_buildings.gpkg")
    )
    return path


def test_an_image_that_has_changed_is_told(tmp_path: Path, bright_town: Town, bright: Bright) -> None:
    path = bright_town()
    generate(asked(tmp_path))
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(StoreError, match="begun with other footprints"):
        generate(asked(tmp_path))
    assert verify(tmp_path / "out").whole


def test_lost_and_damaged_footprints_are_read_again(
    tmp_path: Path, bright_town: Town, bright: Bright, tree: Tree
) -> None:
    bright_town()
    generate(asked(tmp_path))
    whole = tree(tmp_path / "out")
    for path in list((tmp_path / "out/.changen/footprints").iterdir()):
        for damage in (b"", None):
            path.unlink() if damage is None else path.write_bytes(damage)
            (problem,) = verify(tmp_path / "out").problems
            assert path.name in str(problem)
            assert repair(tmp_path / "out").whole
            assert tree(tmp_path / "out") == whole


def test_a_scene_that_cannot_be_read_is_left_out(tmp_path: Path, bright_town: Town, bright: Bright) -> None:
    bright_town("good")
    bad = bright_town("bad")
    bad.write_bytes(bad.read_bytes()[:2000])
    heard = Heard()
    generate(asked(tmp_path), heard)
    assert [scene["id"] for scene in manifest(tmp_path / "out")["unusable_scenes"]] == ["bad"]
    assert verify(tmp_path / "out").whole
    with pytest.raises(TileError, match=r"bad\.tif"):
        generate(asked(tmp_path, strict=True, output=str(tmp_path / "strict")))


def test_small_weights_of_a_segmenter_do(
    tmp_path: Path, bright_town: Town, weights_of: Callable[..., Path], one_thread: None, tree: Tree
) -> None:
    bright_town()
    weights = weights_of("segmenter")
    for name in ("out", "again"):
        generate(asked(tmp_path, footprints=f"auto:{weights}", output=str(tmp_path / name)))
    assert tree(tmp_path / "out") == tree(tmp_path / "again")
    assert manifest(tmp_path / "out")["arguments"]["footprints_read"]["weights"] == "segmenter"
    assert verify(tmp_path / "out").whole


def test_weights_that_cannot_be_used(tmp_path: Path, bright_town: Town, weights_of: Callable[..., Path]) -> None:
    bright_town()
    with pytest.raises(WeightsError, match="weights of 'changen', not of 'segmenter'"):
        generate(asked(tmp_path, footprints=f"auto:{weights_of('changen')}"))
    with pytest.raises(WeightsError, match="no such weights file"):
        generate(asked(tmp_path, footprints="auto:gone.safetensors"))
    assert not (tmp_path / "out").exists()


def test_nothing_is_put_into_a_folder_of_others(tmp_path: Path, bright_town: Town, bright: Bright) -> None:
    bright_town()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("x")
    with pytest.raises(StoreError, match="was not written by changen"):
        generate(asked(tmp_path))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_plan_alone_reads_nothing(tmp_path: Path, bright_town: Town, bright: Bright) -> None:
    bright_town()
    assert make_plan(asked(tmp_path), Heard()).spec.samples == 6
    assert bright.seen == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shard": "0/2"}, "every worker would read them"),
        ({"devices": 2}, "every worker would read them"),
        ({"footprints_crs": "pixel"}, "leave it out"),
        ({"output": "s3://bucket/out.zarr"}, "must be a folder"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked(tmp_path, **changes)
