from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import TrainingError
from changen_cli.pairs.discover import open_pairs
from changen_cli.training.config.pairs import AugmentOptions
from changen_cli.training.data.cut import moved
from changen_cli.training.data.pairs.stored import QUARTERS, StoredPairs, first_by_name

PLAIN = AugmentOptions(turns="none", jitter=0.0)


def test_an_epoch_sees_every_pair_once_in_an_order_of_its_own(tiny_pairs: Path) -> None:
    pairs = StoredPairs(open_pairs(tiny_pairs), range(6), PLAIN, size=64, seed=1)
    orders = [[pairs.index_of(6 * epoch + k) for k in range(6)] for epoch in range(3)]
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert orders[0] != orders[1]
    assert [pairs.index_of(k) for k in range(6)] == orders[0]  # whatever was asked for before


def test_a_fraction_is_repeated_to_the_length_of_the_whole(tiny_pairs: Path) -> None:
    """5 % of LEVIR-CD are 22 of 445 pairs, and as many updates."""
    ids = [f"{k:03}" for k in range(445)]
    assert first_by_name(ids, range(445), 0.05) == list(range(22))
    assert first_by_name(["b", "a", "c"], [0, 1, 2], 0.4) == [1]
    assert first_by_name(["b", "a"], [0, 1], 0.01) == [1]
    few = StoredPairs(open_pairs(tiny_pairs), [0, 1], PLAIN, size=64, epoch=6)
    assert len(few) == 6
    assert Counter(few.index_of(k) for k in range(6)) == {0: 3, 1: 3}


def test_crops_are_cut_turned_and_padded_alike(tiny_pairs: Path) -> None:
    source = open_pairs(tiny_pairs)
    plain = StoredPairs(source, [0], PLAIN, size=64)
    whole = source.read(0)
    cut = plain[3]
    columns = [c for c in range(17) if np.array_equal(whole.before[:, :, c : c + 64], cut.images[0])]
    assert len(columns) == 1
    assert np.array_equal(cut.images[1], whole.after[:, :, columns[0] : columns[0] + 64])
    assert np.array_equal(cut.change, whole.change[:, columns[0] : columns[0] + 64])
    assert cut.layouts is None
    assert cut.valid.all()
    padded = StoredPairs(source, [0], None, size=128)[0]
    assert padded.valid.sum() == 64 * 80
    assert np.array_equal(padded.images[0][:, :64, :80], whole.before)
    assert not padded.images[:, :, ~padded.valid].any()


def test_zoom_and_turns_move_images_and_labels_together(tiny_pairs: Path) -> None:
    """Roofs are of one colour, so what is new can be seen: red in the second image and not in the first."""
    augment = AugmentOptions(zoom=(2.0,), zooms=1.0, turns="all")
    pairs = StoredPairs(open_pairs(tiny_pairs), range(6), augment, size=64, seed=2)
    for number in range(12):
        made = pairs[number]
        red = (made.images[:, 0].astype(int) > 200) & (made.images[:, 1] < 40)
        new = red[1] & ~red[0]
        assert (new != (made.change > 0)).mean() < 0.05
        again = pairs[number]
        assert np.array_equal(made.images, again.images)


def test_a_quarter_turn_is_one() -> None:
    square = np.arange(9, dtype=np.uint8).reshape(3, 3)
    turned = {moved(square, turn).tobytes() for turn in QUARTERS}
    assert turned == {np.rot90(square, k).tobytes() for k in range(4)}


def test_half_of_the_pairs_stay_as_they_are_for_fine_tuning(tiny_pairs: Path) -> None:
    pairs = StoredPairs(open_pairs(tiny_pairs), [0], AugmentOptions(turns="one"), size=64)
    turns = Counter(pairs._turn(np.random.default_rng(k)) for k in range(2000))
    assert set(turns) == {0, 1, 2, 3, 5, 6}
    assert 0.5 < turns[0] / 2000 < 0.6  # a turn by no right angle among them
    assert turns[1] == pytest.approx(turns[2], rel=0.2)


def test_a_file_that_went_away_is_named(tiny_pairs: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(tiny_pairs, tmp_path / "pairs")
    pairs = StoredPairs(open_pairs(tmp_path / "pairs"), [0], PLAIN, size=64)
    (tmp_path / "pairs" / "B" / "pair_0.png").unlink()
    with pytest.raises(TrainingError, match=r"pair_0.*then run the same command again"):
        pairs[0]
