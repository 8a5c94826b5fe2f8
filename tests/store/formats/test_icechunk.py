from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from changen_cli.errors import PluginError, StoreError
from changen_cli.files import objects
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.repair import repair
from changen_cli.reporter import Progress
from changen_cli.store.base import StoreSpec
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import done_shards
from changen_cli.store.series import open_series
from changen_cli.store.verify import verify
from tests.reporting import Heard

icechunk = pytest.importorskip("icechunk")

from changen_cli.store.formats.icechunk import IcechunkFormat  # noqa: E402

SPEC = StoreSpec(6, 1, 100, 100, 2)


@pytest.fixture
def options(town: Callable[..., Path], tmp_path: Path) -> Callable[..., GenerateOptions]:
    scene = town(tmp_path / "in", size=(200, 300))

    def make(**changes: object) -> GenerateOptions:
        values: dict[str, object] = {"tile_size": 100, "synthesizer": "copy", "shard_samples": 2, "workers": 0}
        values |= {"inputs": (str(scene),), "format": "icechunk", "output": str(tmp_path / "out")}
        return GenerateOptions(**(values | changes))  # type: ignore[arg-type]

    return make


Options = Callable[..., GenerateOptions]


def history(root: Path | str) -> list[str]:
    store = make_format("icechunk", root, SPEC)
    assert isinstance(store, IcechunkFormat)
    return [message for message, _ in store.history()]


class StoppedError(Exception):
    """As a kill would stop a run."""


def _stop(progress: Progress) -> None:
    if progress.done >= 3:
        raise StoppedError


def test_a_commit_for_each_shard(options: Options, tmp_path: Path) -> None:
    generate(options())
    root = tmp_path / "out"
    assert history(root)[:-1] == ["samples", "shard 2", "shard 1", "shard 0", "arrays"]
    generate(options(format="zarr", output=str(tmp_path / "zarr")))
    near, kept = open_series(tmp_path / "zarr"), open_series(root)
    for one, other in zip(near, kept, strict=True):
        assert np.array_equal(one.image, other.image)
        assert one.instance is not None
        assert other.instance is not None
        assert np.array_equal(one.instance, other.instance)
    found = verify(root)
    assert found.whole, found.problems
    repository = icechunk.Repository.open(icechunk.local_filesystem_storage(str(root / "icechunk")))
    second = next(one for one in repository.ancestry(branch="main") if one.metadata.get("shard") == 1)
    then = zarr.open_group(repository.readonly_session(snapshot_id=second.id).store, mode="r")
    image = then["image"]
    assert isinstance(image, zarr.Array)
    assert np.asarray(image[2]).any(), "the second shard was there"
    assert not np.asarray(image[4]).any(), "and the third was not"


def test_a_stopped_run_goes_on(options: Options, tmp_path: Path) -> None:
    root = tmp_path / "out"
    with pytest.raises(StoppedError):
        generate(options(), Heard(_stop), report_every=0.0)
    done = done_shards(root)
    assert 0 < len(done) < 3
    last = max(done)
    (root / ".changen" / "shards" / f"{last:06d}.json").unlink()  # as if killed between commit and record
    summary = generate(options())
    assert summary.statuses == {"done": 6}
    assert sorted(message for message in history(root) if message.startswith("shard")) == [
        "shard 0",
        "shard 1",
        "shard 2",
    ]
    assert verify(root).whole


def test_damage_is_found_and_repaired(options: Options, tmp_path: Path) -> None:
    root = tmp_path / "out"
    generate(options())
    image = open_series(root)[0].image
    repository = icechunk.Repository.open(icechunk.local_filesystem_storage(str(root / "icechunk")))
    session = repository.writable_session("main")
    array = zarr.open_group(session.store, mode="r+")["image"]
    assert isinstance(array, zarr.Array)
    array[0, 0, 0, 0, 0] = 3
    session.commit("somebody else's")
    found = verify(root)
    assert [problem.shard for problem in found.problems] == [0]
    assert "its values are not those that were committed" in found.problems[0].reason
    assert repair(root).whole
    assert np.array_equal(open_series(root)[0].image, image)


def test_a_repository_that_is_gone_is_noticed(options: Options, tmp_path: Path) -> None:
    root = tmp_path / "out"
    generate(options())
    shutil.rmtree(root / "icechunk")
    assert not verify(root).whole
    assert generate(options()).remade == 3
    assert verify(root).whole


def test_start_again(options: Options, tmp_path: Path) -> None:
    generate(options())
    generate(options(seed=4, overwrite=True))
    assert history(tmp_path / "out").count("shard 0") == 1
    assert verify(tmp_path / "out").whole


def test_in_a_bucket(options: Options, bucket: str) -> None:
    url = f"{bucket}/run"
    generate(options(output=url))
    assert history(url)[:-1] == ["samples", "shard 2", "shard 1", "shard 0", "arrays"]
    assert verify(url).whole
    assert open_series(url)[0].image.any()
    IcechunkFormat.clear(make_format("icechunk", url, SPEC).root)
    assert not any(key.startswith("icechunk/") for key in objects.keys_below(objects.Address(url, "")))


def test_where_it_cannot_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is written to folders and to s3://; choose --format zarr"):
        make_format("icechunk", "gs://bucket/run", SPEC).create()
    monkeypatch.setitem(sys.modules, "icechunk", None)
    with pytest.raises(PluginError, match=r"pip install 'changen\[icechunk\]'"):
        make_format("icechunk", tmp_path / "none", SPEC).create()
    assert not (tmp_path / "none").exists()
