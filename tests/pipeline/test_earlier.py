"""The same place again: looks of an earlier output."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from changen_cli.errors import StoreError, UsageError
from changen_cli.pipeline.earlier import EarlierLooks
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.store.series import open_series

Options = Callable[..., GenerateOptions]
Make = Callable[..., Path]


@pytest.fixture
def make(options: Options, looks_weights: Path, tmp_path: Path, one_thread: None) -> Make:
    """Runs a generator with looks, and gives the output: make(name, **options)."""
    del one_thread

    def run(name: str, **changes: Any) -> Path:
        out = tmp_path / name
        values: dict[str, Any] = {
            "output": str(out), "synthesizer": "changen", "weights": str(looks_weights), "workers": 0,
            "device": "cpu", "precision": "fp32", "events": "create=2", "new_looks": "drawn",
        }  # fmt: skip
        generate(options(**values | changes))
        return out

    return run


def test_the_same_place_in_another_season(make: Make) -> None:
    first = make("first")
    plain, again = make("plain", seed=5, drift=1), make("again", seed=5, drift=1, looks=first)
    before, drawn_anew, taken = ({s.id: s for s in open_series(out)} for out in (first, plain, again))
    assert open_series(again).manifest["arguments"]["looks"] == str(first)
    assert "looks" not in open_series(plain).manifest["arguments"]
    created = 0
    # a tile that was full for one seed may have had room for the other
    for id_ in before.keys() & taken.keys():
        one, other, same = before[id_], drawn_anew[id_], taken[id_]
        assert one.looks is not None
        assert other.looks is not None
        assert same.looks is not None
        assert not np.array_equal(same.looks.ground[1], one.looks.ground[1])
        assert np.array_equal(same.looks.ground[0], one.looks.ground[0])
        known = dict(zip(one.looks.uids.tolist(), one.looks.codes, strict=True))
        assert one.instance is not None
        there = set(np.unique(one.instance[0]).tolist())
        for uid, code, drawn in zip(same.looks.uids.tolist(), same.looks.codes, other.looks.codes, strict=True):
            if uid in known:
                assert np.array_equal(code, known[uid])
                if uid not in there:
                    created += 1
                    assert not np.array_equal(code, drawn)
            else:
                assert np.array_equal(code, drawn)
    assert created > 0


def test_every_variant_of_a_tile_takes_them(make: Make) -> None:
    first = make("first")
    data = open_series(first)
    earlier = EarlierLooks(str(first), 8, 100)
    sample = data[0]
    assert sample.looks is not None
    for found in (
        earlier.find(sample.id, "elsewhere", "r9_c9"),
        earlier.find(sample.id + "__v1", sample.scene, sample.id.partition("__")[2]),
        pickle.loads(pickle.dumps(earlier)).find(sample.id, "", ""),
    ):
        assert found is not None
        assert np.array_equal(found.codes, sample.looks.codes)
    assert earlier.find("other__r0_c0", "other", "r0_c0") is None


def test_what_cannot_be_used_is_said_in_one_line(make: Make, options: Options, tmp_path: Path) -> None:
    looks = str(make("looks"))
    bare = make("bare", synthesizer="copy", weights=None, new_looks=None)
    assert not (bare / "looks.parquet").exists()
    for path, dim, size, message in (
        (str(bare), 8, 100, "bare has no looks; give an output"),
        (looks, 16, 100, "looks of 8 numbers, these weights have 16; use the weights"),
        (looks, 8, 64, "tiles of 100 x 100 pixels, this run of 64; give the same --tile-size"),
    ):
        with pytest.raises(UsageError, match=message):
            EarlierLooks(path, dim, size)
    with pytest.raises(StoreError, match="does not exist"):
        EarlierLooks(str(tmp_path / "nothing"), 8, 100)
    with pytest.raises(UsageError, match="are one folder; choose another --output"):
        options(looks=looks, output=looks)


def test_workers_change_no_byte(make: Make, tree: Callable[[Path], dict[str, bytes]]) -> None:
    first = make("first")
    outputs = [make(f"w{n}", workers=n, looks=first, seed=3, format="levir") for n in (0, 2)]
    assert tree(outputs[0]) == tree(outputs[1])
    batched = make("batched", batch_size=3, looks=first, seed=3, format="levir")
    assert tree(outputs[0]) == tree(batched)
