"""``changen evaluate detection``: detectors on pairs with change labels, all of them in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from changen_cli.detection.options import EvaluateOptions
from changen_cli.detection.predictors import Predictor, find_detector, load_predictor
from changen_cli.detection.seen import show
from changen_cli.detection.windows import Windows, predict_batch, predict_blocks
from changen_cli.device import resolve_device
from changen_cli.errors import UsageError
from changen_cli.metrics.detection.results import DetectionReport, DetectorResult, LearningCurves
from changen_cli.metrics.detection.scores import ChangeScores, all_change
from changen_cli.metrics.pairs import choose
from changen_cli.pairs.base import ChangePair, PairSource
from changen_cli.pairs.discover import open_pairs
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.scenes.window import Window
from changen_cli.training.run.log import VALIDATION, read_log
from changen_cli.types import Float32Array
from changen_cli.version import __version__

LEARNT = ("f1", "_ap", "average_precision")
"""Ends of the names of columns of ``validation.csv`` that tell of detected change."""


@dataclass(slots=True)
class Ranked:
    """How well a pair was done.

    Attributes:
        f1: At the threshold.
        wrong: Pixels on its wrong side.
        index: Number of the pair.
        part: Where most is to be seen of a pair that is cut into windows; None for all of it.
    """

    f1: float
    wrong: int
    index: int
    part: Window | None = None


@dataclass
class _Tally:
    """What is known so far of one detector."""

    predictor: Predictor
    scores: ChangeScores
    ranking: list[Ranked] = field(default_factory=list)

    def take(self, index: int, scores: ChangeScores, part: Window | None = None) -> None:
        """Adds a pair; one where nothing changed and nothing was found is no better or worse than others."""
        self.scores.add(scores)
        if scores.f1 is not None:
            self.ranking.append(Ranked(scores.f1, scores.wrong, index, part))


def evaluate_detection(
    options: EvaluateOptions,
    reporter: Reporter | None = None,
    *,
    predictors: Sequence[Predictor] | None = None,
    pairs: PairSource | None = None,
) -> DetectionReport:
    """Measures detectors on pairs with change labels, over all valid pixels of all pairs together.

    Nothing is trained: on pairs of another origin than a detector's this is the zero-shot protocol of Table 4. Pairs
    are shown whole, or in windows where they are larger than one; memory does not grow with the set.

    Args:
        options: What to measure, and on what.
        reporter: Told how far it is.
        predictors: Used in place of those that the options name; on the device that they name.
        pairs: Used in place of ``options.data``.

    Returns:
        The scores of each, beside those of calling every pixel changed.

    Raises:
        SceneError: If there are no pairs in the folder, or one cannot be read.
        StoreError: If a series cannot be read.
        WeightsError: If weights cannot be used.
        UsageError: If no weights are named and none are found, or the device is not there.
        TrainingError: If a run has no log of validations.
    """
    reporter = reporter or Silent()
    device = resolve_device(options.device)
    learning = tuple(read_learning(Path(run)) for run in options.run)
    source = open_pairs(options.data, options.split) if pairs is None else pairs
    if not len(source):
        raise UsageError(f"{options.data}: has no pair that is done, so there is nothing to evaluate")
    if predictors is None:
        predictors = [load_predictor(weights, device) for weights in options.weights or (find_detector(),)]
    windows = Windows(options.window, options.overlap, options.batch_size)
    tallies = [_Tally(one, ChangeScores(options.threshold, source.event_names)) for one in predictors]
    chosen = choose(len(source), options.limit)
    done = 0
    for numbers in _batches(source, chosen, windows):
        if len(numbers) == 1 and max(source.shape(numbers[0])) > windows.size:
            _see_large(tallies, source, numbers[0], windows, device)
        else:
            _see_batch(tallies, [(index, source.read(index)) for index in numbers], device)
        done += len(numbers)
        reporter.progress(Progress("evaluate", done, len(chosen), "pairs", _note(tallies)))
    results = tuple(
        DetectorResult(
            name=tally.predictor.name,
            kind=tally.predictor.kind,
            sha256=tally.predictor.card.sha256,
            scores=tally.scores.compute(),
            curve=tally.scores.curve(),
            seen={
                which: [show(tally.predictor, source, one.index, one.part, one.f1, device) for one in some]
                for which, some in rank(tally.ranking, options.sheet_rows).items()
            },
        )
        for tally in tallies
    )
    changed = results[0].scores["changed"]
    about = {
        "changen": __version__,
        "data": options.data,
        "name": source.name,
        "split": options.split,
        "pairs": len(chosen),
        "pairs_in_data": len(source),
        "limit": options.limit,
        "pixels": results[0].scores["pixels"],
        "changed": changed,
        "threshold": options.threshold,
    }
    return DetectionReport(about, results, all_change(changed), learning)


def _note(tallies: Sequence[_Tally]) -> str:
    scores = [f"{tally.scores.f1:.3f}" if tally.scores.f1 is not None else "-" for tally in tallies]
    return f"F1 so far {', '.join(scores)}"


def _batches(source: PairSource, chosen: Sequence[int], windows: Windows) -> Iterator[list[int]]:
    """Groups neighbouring pairs of one size; a pair that is larger than a window is alone."""
    waiting: list[int] = []
    size = (0, 0)
    for index in chosen:
        shape = source.shape(index)
        if waiting and (shape != size or len(waiting) == windows.batch_size or max(shape) > windows.size):
            yield waiting
            waiting = []
        waiting.append(index)
        size = shape
    if waiting:
        yield waiting


def _see_batch(tallies: Sequence[_Tally], pairs: Sequence[tuple[int, ChangePair]], device: str) -> None:
    """Shows pairs of one size whole."""
    images = [(pair.before, pair.after, pair.valid) for _, pair in pairs]
    for tally in tallies:
        found = predict_batch(tally.predictor, images, device)
        for (index, pair), probability in zip(pairs, found, strict=True):
            tally.take(index, _count(tally.scores, probability, pair))


def _see_large(tallies: Sequence[_Tally], source: PairSource, index: int, windows: Windows, device: str) -> None:
    """Shows a pair window by window."""
    height, width = source.shape(index)

    def read(window: Window) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pair = source.read(index, window)
        return pair.before, pair.after, pair.valid

    for tally in tallies:
        scores = ChangeScores(tally.scores.threshold, tally.scores.event_names)
        part, most = None, -1
        for block in predict_blocks(tally.predictor, read, height, width, windows, device):
            pair = source.read(index, block.window)
            there = _count(tally.scores, block.probability, pair)
            scores.add(there)
            if (told := there.wrong + int(there.changed.sum())) > most:
                part, most = block.window, told
        tally.take(index, scores, part)


def _count(like: ChangeScores, probability: Float32Array, pair: ChangePair) -> ChangeScores:
    scores = ChangeScores(like.threshold, like.event_names)
    scores.see(probability, pair.change, pair.valid, pair.events)
    return scores


def rank(ranking: Sequence[Ranked], count: int) -> dict[str, list[Ranked]]:
    """Chooses the pairs that were done best, worst, and as half of them are done better and half worse.

    Args:
        ranking: All pairs; of two with equal F1 the one with more wrong pixels is the worse.
        count: Most of each; a pair is shown once.

    Returns:
        By "best", "median" and "worst".
    """
    order = sorted(ranking, key=lambda one: (-one.f1, one.wrong, one.index))
    count = min(count, len(order) // 3) if len(order) >= 3 else min(count, 1)
    if not count or not order:
        return {}
    if len(order) < 3:
        return {"best": order[:1], "worst": order[1:]} if len(order) == 2 else {"best": order}
    first = (len(order) - count) // 2
    return {"best": order[:count], "median": order[first : first + count], "worst": order[: -count - 1 : -1]}


def read_learning(run: Path) -> LearningCurves:
    """Reads how detected change went over the validations of a run.

    Args:
        run: Folder of a training run.

    Raises:
        TrainingError: If it has no log of validations, or one that cannot be read.
        UsageError: If the log tells nothing of detected change.
    """
    columns, rows = read_log(run / VALIDATION)
    if not columns:
        raise UsageError(f"--run {run}: has no {VALIDATION}; name a run that was validated")
    told = [name for name in columns if name.endswith(LEARNT)]
    if not told:
        raise UsageError(f"--run {run}: its {VALIDATION} has no F1 of detected change; name a run of a detector")
    curves = {
        name: [(float(row.iteration), row.values[name]) for row in rows if np.isfinite(row.values[name])]
        for name in told
    }
    return LearningCurves(run.resolve().name, curves)
