from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import StoreError
from changen_cli.pairs.discover import open_pairs
from changen_cli.pairs.series import SeriesPairs
from changen_cli.scenes.window import Window
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.formats.registry import find_formats


@pytest.fixture(scope="module", params=find_formats())
def root(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    run_store: Callable[..., None],
    spec: StoreSpec,
    outcomes: list[Outcome],
) -> Path:
    folder: Path = tmp_path_factory.mktemp(request.param)
    run_store(request.param, folder, spec, outcomes)
    return folder


def test_every_step_is_a_pair(root: Path, outcomes: list[Outcome]) -> None:
    source = pickle.loads(pickle.dumps(open_pairs(root)))
    assert isinstance(source, SeriesPairs)
    series = [outcome.series for outcome in outcomes if outcome.series is not None]
    assert len(source) == len(source.ids) == 6
    for index in range(len(source)):
        whole, step = series[index // 2], index % 2
        pair = source.read(index)
        assert pair.id == source.ids[index] == f"{whole.id}__t{step}_t{step + 1}"
        assert source.shape(index) == (24, 40)
        np.testing.assert_array_equal(pair.before, whole.images[step])
        np.testing.assert_array_equal(pair.after, whole.images[step + 1])
        np.testing.assert_array_equal(pair.change, whole.changes[step])
        if whole.images.any():
            np.testing.assert_array_equal(pair.valid, whole.valid)
        if source.data.format == "levir":
            assert pair.layouts is None
        else:
            np.testing.assert_array_equal(pair.layouts, whole.masks[step : step + 2])


def test_events_cover_what_changed(root: Path) -> None:
    source = open_pairs(root)
    assert source.event_names == ("create", "relocate", "remove")
    first, second = source.read(0), source.read(1)
    assert first.events is not None
    assert second.events is not None
    for pair in (first, second):
        np.testing.assert_array_equal(pair.events != 0, pair.change != 0)
    assert set(np.unique(first.events)) == {0, 1, 2}
    assert set(np.unique(second.events)) == {0, 3}
    assert (first.events[12:18, 22:27] == 1).all()  # what was created


def test_events_need_not_be_read(root: Path) -> None:
    source = open_pairs(root, events=False)
    assert source.event_names == ()
    assert source.read(0).events is None


def test_windows_and_splits(root: Path) -> None:
    source = open_pairs(root, "test")
    assert [one.split("__")[0] for one in source.ids] == ["jinja", "jinja"]
    window = Window(2, 6, 10, 12)
    part, whole = source.read(1, window), source.read(1).cut(window)
    for name in ("before", "after", "change", "valid", "layouts", "events"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))
    with pytest.raises(StoreError, match="has no split 'val'"):
        open_pairs(root, "val")
    for index in (-1, 2):
        with pytest.raises(IndexError):
            source.shape(index)
        with pytest.raises(IndexError):
            _ = source.ids[index]
