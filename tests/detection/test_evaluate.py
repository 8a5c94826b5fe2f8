from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from changen_cli.detection.evaluate import Ranked, evaluate_detection, rank, read_learning
from changen_cli.detection.options import EvaluateOptions
from changen_cli.errors import UsageError
from changen_cli.metrics.detection.scores import ChangeScores
from changen_cli.pairs.base import ChangePair
from changen_cli.reporter import Progress
from changen_cli.scenes.window import Window
from changen_cli.store.base import Outcome, StoreSpec
from tests.data.make_pairs import write_pair
from tests.detection.conftest import Difference


class Pairs:
    """Pairs of given sizes whose difference tells of the change, by and large; a corner is not valid."""

    name = "made"
    event_names: tuple[str, ...] = ()

    def __init__(self, *sizes: tuple[int, int]) -> None:
        self.ids: Sequence[str] = [str(number) for number in range(len(sizes))]
        self.whole = []
        for number, size in enumerate(sizes):
            draw = np.random.default_rng(number)
            change = np.zeros(size, np.uint8)
            change[5 : 12 + number, 4:25] = 1
            after = np.clip(draw.integers(0, 140, (3, *size)) + 120 * change, 0, 255).astype(np.uint8)
            valid = np.ones(size, bool)
            valid[:4, :4] = False
            self.whole.append(ChangePair(str(number), np.zeros_like(after), after, change, valid))
        self.reads: list[tuple[int, Window | None]] = []

    def __len__(self) -> int:
        return len(self.whole)

    def shape(self, index: int) -> tuple[int, int]:
        height, width = self.whole[index].change.shape
        return height, width

    def read(self, index: int, window: Window | None = None) -> ChangePair:
        self.reads.append((index, window))
        return self.whole[index] if window is None else self.whole[index].cut(window)


def expected(pairs: Pairs, threshold: float = 0.5) -> ChangeScores:
    scores = ChangeScores(threshold)
    for pair in pairs.whole:
        scores.see(pair.after.astype(np.float32).mean(0) / np.float32(255), pair.change, pair.valid)
    return scores


def test_scores_are_of_all_pixels_together_and_pairs_of_one_size_go_together(difference: Difference) -> None:
    pairs = Pairs((40, 40), (40, 40), (40, 40), (50, 30))
    options = EvaluateOptions(data="x", batch_size=2)
    found = evaluate_detection(options, predictors=[difference], pairs=pairs)
    assert difference.shown[:3] == [(2, 3, 40, 40), (1, 3, 40, 40), (1, 3, 50, 32)]
    wanted = expected(pairs).compute()
    for name, value in wanted.items():
        assert found.results[0].scores[name] == (value if name == "events" else pytest.approx(value, abs=2e-3)), name
    assert wanted["f1"] > 0.3
    assert found.about["pixels"] == 3 * 1600 + 1500 - 4 * 16
    assert found.floor["recall"] == 1


def test_large_pairs_are_cut_into_windows_to_the_same_scores(difference: Difference) -> None:
    pairs = Pairs((150, 170), (70, 60))
    found = evaluate_detection(
        EvaluateOptions(data="x", window=64, overlap=16, sheet_rows=1), predictors=[difference], pairs=pairs
    )
    assert max(max(shape[2:]) for shape in difference.shown) == 64
    assert found.results[0].scores["f1"] == pytest.approx(expected(pairs).compute()["f1"], abs=2e-3)
    assert all(window is not None and window.height <= 64 for _, window in pairs.reads)


def test_several_detectors_see_each_pair_once_read() -> None:
    pairs = Pairs((40, 40), (40, 40))
    first, second = Difference(), Difference()
    found = evaluate_detection(EvaluateOptions(data="x", sheet_rows=0), predictors=[first, second], pairs=pairs)
    assert [index for index, _ in pairs.reads] == [0, 1]
    assert found.results[0].scores == found.results[1].scores
    assert first.shown == second.shown == [(2, 3, 40, 40)]


def test_the_best_and_worst_are_shown(difference: Difference) -> None:
    pairs = Pairs(*[(40, 40)] * 7)
    pairs.whole[3].after[:] = 255  # everything looks changed
    found = evaluate_detection(EvaluateOptions(data="x", sheet_rows=2), predictors=[difference], pairs=pairs)
    seen = found.results[0].seen
    assert list(seen) == ["best", "median", "worst"]
    assert [len(some) for some in seen.values()] == [2, 2, 2]
    assert len({one.pair.id for some in seen.values() for one in some}) == 6
    assert seen["worst"][0].pair.id == "3"
    assert seen["best"][0].f1 >= seen["best"][1].f1 >= seen["median"][0].f1 >= seen["worst"][1].f1
    assert json.loads(json.dumps(found.as_json()))["detectors"][0]["pairs"]["worst"][0]["id"] == "3"


def test_a_limit_spreads_and_progress_is_told(difference: Difference) -> None:
    told: list[Progress] = []

    class Reporter:
        def progress(self, progress: Progress) -> None:
            told.append(progress)

        def say(self, line: str) -> None: ...

        def warn(self, line: str) -> None: ...

    pairs = Pairs(*[(40, 40)] * 9)
    options = EvaluateOptions(data="x", limit=3, sheet_rows=0, batch_size=1)
    found = evaluate_detection(options, Reporter(), predictors=[difference], pairs=pairs)
    assert [index for index, _ in pairs.reads] == [1, 4, 7]
    assert (found.about["pairs"], found.about["pairs_in_data"]) == (3, 9)
    assert [(one.done, one.total) for one in told] == [(1, 3), (2, 3), (3, 3)]
    assert told[-1].note.startswith("F1 so far 0.")


def test_events_of_a_series_are_told_apart(
    tmp_path: Path,
    difference: Difference,
    run_store: Callable[..., None],
    spec: StoreSpec,
    outcomes: list[Outcome],
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    found = evaluate_detection(EvaluateOptions(data=str(tmp_path)), predictors=[difference])
    events = found.results[0].scores["events"]
    assert list(events) == ["create", "relocate", "remove"]
    assert sum(one["pixels"] for one in events.values()) == round(
        found.results[0].scores["changed"] * found.results[0].scores["pixels"]
    )


def test_weights_are_found_or_asked_for(tmp_path: Path, weights_of: Callable[..., Path]) -> None:
    write_pair(tmp_path, "a", 1)
    weights = str(weights_of("segmenter"))
    found = evaluate_detection(EvaluateOptions(data=str(tmp_path), weights=(weights, weights)))
    assert [one.kind for one in found.results] == ["post-classification"] * 2
    assert found.results[0].sha256 == found.results[1].sha256 != ""


def test_ranks() -> None:
    made = [
        Ranked(f1, wrong, index) for index, (f1, wrong) in enumerate([(0.5, 1), (0, 9), (0.9, 2), (0, 3), (0.4, 0)])
    ]
    chosen = rank(made, 1)
    assert {which: [one.index for one in some] for which, some in chosen.items()} == {
        "best": [2],
        "median": [4],
        "worst": [1],
    }
    assert rank(made, 0) == rank([], 3) == {}
    assert [one.index for one in rank(made[:1], 3)["best"]] == [0]
    assert {which: len(some) for which, some in rank(made[:2], 3).items()} == {"best": 1, "worst": 1}
    assert {which: len(some) for which, some in rank(made, 3).items()} == {"best": 1, "median": 1, "worst": 1}


def test_learning_curves_of_a_run(tmp_path: Path) -> None:
    log = tmp_path / "validation.csv"
    with pytest.raises(UsageError, match=r"has no validation\.csv"):
        read_learning(tmp_path)
    log.write_text("iteration,change_f1,change_iou,change_ap,best\n10,0.1,0.05,0.2,1\n20,nan,0.3,0.4,1\n")
    found = read_learning(tmp_path)
    assert found.name == tmp_path.name
    assert found.curves == {"change_f1": [(10, 0.1)], "change_ap": [(10, 0.2), (20, 0.4)]}
    log.write_text("iteration,frechet_lite0,best\n10,0.1,1\n")
    with pytest.raises(UsageError, match="has no F1 of detected change"):
        read_learning(tmp_path)
