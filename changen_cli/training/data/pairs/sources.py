"""From the data of a recipe to the mini-batches of a detector's training."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from changen_cli import rng
from changen_cli.device import resolve_precision
from changen_cli.errors import ChangenError, TrainingError, UsageError
from changen_cli.pairs.base import PairSource
from changen_cli.pairs.discover import open_pairs
from changen_cli.reporter import Reporter
from changen_cli.synthesis.look_plan import NEW_LOOKS, choose_repaint
from changen_cli.training.config.detection import SEGMENTATION, DetectionConfig
from changen_cli.training.config.pairs import PairData
from changen_cli.training.data.base import Sources
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.discover import Limits, load_scenes
from changen_cli.training.data.pairs.batch import PairBatch, PairSample, stack_pairs
from changen_cli.training.data.pairs.finish import Finisher
from changen_cli.training.data.pairs.simulated import SimulatedPairs
from changen_cli.training.data.pairs.single import SingleDates
from changen_cli.training.data.pairs.stored import StoredPairs, first_by_name
from changen_cli.training.data.pairs.synthesised import OnTheFly
from changen_cli.training.data.scenes import Drawable

CLASSES = 256
"""Classes that masks may have: a detector tells building from ground alone, and a synthesizer looks by itself."""


class Drawn(Protocol):
    """What draws pairs by their number."""

    def __getitem__(self, number: int) -> PairSample:
        """Draws sample ``number`` of its stream."""
        ...


@dataclass(frozen=True)
class PairBatches:
    """Mini-batches of pairs from several sources: a :class:`~changen_cli.training.data.base.BatchSource`.

    Attributes:
        parts: What draws pairs.
        weights: How often each of them is drawn from; they add up to 1.
        finisher: What is done on the device; None in a process that only prepares batches.
        seed: Of everything.
        stream: "train" or "val".
        enough: Samples that show all that there is; 0 where there is no end of them.
    """

    parts: tuple[Drawn, ...]
    weights: tuple[float, ...]
    finisher: Finisher | None
    seed: int
    stream: str
    enough: int = 0

    def __getitem__(self, number: int) -> PairSample:
        """Draws pair ``number`` of the stream, not yet finished."""
        if len(self.parts) == 1:
            return self.parts[0][number]
        draw = rng.generator(self.seed, self.stream, number, "source")
        return self.parts[int(draw.choice(len(self.parts), p=self.weights))][number]

    def batch(self, iteration: int, size: int, mine: range) -> PairBatch:
        """Makes a mini-batch; see :class:`~changen_cli.training.data.base.BatchSource`."""
        first = iteration * size
        return stack_pairs([self[first + k] for k in mine], first + mine.start)

    def prepare(self, batch: PairBatch) -> PairBatch:
        """Finishes a mini-batch on its device."""
        assert self.finisher is not None, "the process that trains finishes batches"
        return self.finisher(batch)

    def remarks(self) -> list[str]:
        """Says how fast pairs were synthesised, and how many could not be."""
        fly = None if self.finisher is None else self.finisher.fly
        return [] if fly is None or not fly.pairs else [fly.remark]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "finisher": None}


@dataclass(frozen=True, slots=True)
class Opened:
    """The data of a recipe.

    Attributes:
        pairs: Stored pairs: their options, the source, and which of it are trained on.
        held_out: Those that are validated on.
        scenes: Options of the sources that are single-date scenes.
    """

    pairs: tuple[tuple[PairData, PairSource, list[int]], ...]
    held_out: tuple[tuple[PairData, PairSource, list[int]], ...]
    scenes: tuple[PairData, ...]

    @property
    def epoch(self) -> int | None:
        """Pairs that are trained on; None where some are made on the fly."""
        return None if self.scenes else sum(len(chosen) for _, _, chosen in self.pairs)


def open_data(data: Sequence[PairData], *, wholly_held_out: bool = False) -> Opened:
    """Finds out what the sources of a recipe are, and what of them is held out.

    Args:
        data: The sources.
        wholly_held_out: Whether all of them is held out.

    Returns:
        The pairs, opened; scenes are only named.

    Raises:
        ChangenError: If a source cannot be read.
    """
    pairs, held_out, scenes = [], [], []
    for one in data:
        found = None if one.kind == "scenes" else _open_pairs(one)
        if found is None:
            scenes.append(one)
            continue
        for source, held in found:
            used = [n for n, name in enumerate(source.ids) if not _matches(name, one.exclude)]
            out = [n for n in used if wholly_held_out or held or _matches(source.ids[n], one.val)]
            rest = sorted(set(used) - set(out))
            held_out += [(one, source, out)] if out else []
            pairs += [(one, source, rest)] if rest else []
    return Opened(tuple(pairs), tuple(held_out), tuple(scenes))


def _open_pairs(one: PairData) -> list[tuple[PairSource, bool]] | None:
    """Opens what a folder holds of pairs, and says what of it is held out; None where it holds no pairs."""
    try:
        whole = open_pairs(one.path, one.split or None, events=False)
    except ChangenError:
        if one.kind == "pairs" or one.split:
            raise
        return None  # scenes; if it is neither, reading them says what is wrong
    if one.split:
        return [(whole, False)]
    try:
        train = open_pairs(one.path, "train", events=False)
    except ChangenError:
        return [(whole, False)]
    found = [(train, False)]
    with suppress(ChangenError):  # what is for the last figures is not touched
        found.append((open_pairs(one.path, "val", events=False), True))
    return found


def count_iterations(config: DetectionConfig) -> int:
    """Counts the updates that the epochs of a recipe have.

    Raises:
        ChangenError: If its data cannot be read, or there are none.
    """
    opened = open_data(config.data)
    epoch = config.pairs_per_epoch if opened.epoch is None else opened.epoch
    if not epoch:
        raise TrainingError(f"no pairs to train on in: {_paths(config.data)}")
    return max(1, math.ceil(config.epochs * epoch / config.batch_size))


def make_sources(
    config: DetectionConfig, limits: Limits, device: str, reporter: Reporter
) -> Sources[PairBatch, PairBatches]:
    """Opens the data of a run.

    Args:
        config: The recipe.
        limits: How much of scenes is held in memory.
        device: Where pairs are synthesised and finished.
        reporter: Told what is read.

    Returns:
        What is trained on, shown and validated on.

    Raises:
        ChangenError: If data, the synthesizer or its weights cannot be used.
    """
    reporter.say(f"reading {_paths((*config.data, *config.val_data))}")
    opened, extra = open_data(config.data), open_data(config.val_data, wholly_held_out=True)
    scenes: list[Drawable] = []
    scenes_out: list[Drawable] = []
    if opened.scenes:
        scenes, scenes_out = _load(opened.scenes, config, limits, reporter)
    if extra.scenes:
        both = _load(extra.scenes, config, limits, reporter)
        scenes_out += [*both[0], *both[1]]
    conditions = config.chosen_conditions()
    fly = None
    if (scenes or scenes_out) and config.task != SEGMENTATION:
        precision = resolve_precision(config.precision, device)
        fly = OnTheFly(config.synthesis, config.crops.schedule(), device, precision)
    # the training data first: of two that cannot be used, it is theirs that an error names
    train = _batches(config, "train", opened.pairs, (opened.scenes, scenes), fly)
    if train is None:
        raise TrainingError(f"no pairs to train on in: {_paths(config.data)}")
    finisher = Finisher(fly, conditions, config.augment, seed=config.seed, stream="train")
    as_they_are = Finisher(fly, conditions, None, seed=config.seed, stream="val")
    held = _batches(
        config, "val", (*opened.held_out, *extra.held_out), ((*opened.scenes, *extra.scenes), scenes_out), fly
    )
    shown = held or _batches(config, "val", opened.pairs, (opened.scenes, scenes), fly)
    assert shown is not None, "there is something to train on"
    stored = sum(len(chosen) for _, _, chosen in opened.pairs)
    out = sum(len(chosen) for _, _, chosen in (*opened.held_out, *extra.held_out))
    reporter.say(
        f"{stored} training pairs and {len(scenes)} scenes whose pairs are made on the fly; held out: {out} pairs, "
        f"{len(scenes_out)} scenes"
    )
    return Sources(
        replace(train, finisher=finisher),
        replace(shown, finisher=as_they_are),
        None if held is None else replace(held, finisher=as_they_are),
        streamed=True,
    )


def _load(
    data: Sequence[PairData], config: DetectionConfig, limits: Limits, reporter: Reporter
) -> tuple[list[Drawable], list[Drawable]]:
    return load_scenes(data, bare=config.crops.bare_scenes, limits=limits, scale=config.crops.scale, reporter=reporter)


def _batches(
    config: DetectionConfig,
    stream: str,
    stored: Sequence[tuple[PairData, PairSource, list[int]]],
    simulated: tuple[Sequence[PairData], Sequence[Drawable]],
    fly: OnTheFly | None,
) -> PairBatches | None:
    """Puts sources together; None where there is nothing."""
    parts: list[Drawn] = []
    weights: list[float] = []
    training = stream == "train"
    for one, source, chosen in stored:
        used = first_by_name(source.ids, chosen, config.fraction) if training else chosen
        pairs = StoredPairs(
            source,
            used,
            config.augment if training else None,
            size=config.crops.size,
            epoch=len(chosen),
            seed=config.seed,
            stream=stream,
        )
        parts.append(pairs)
        weights.append(one.share or float(len(chosen)))
    drawn_from, scenes = simulated
    if scenes:
        crops = CropSampler(scenes, config.crops, seed=config.seed, stream=stream, classes=CLASSES)
        share = sum(one.share for one in drawn_from)
        if parts and not share and training:
            raise UsageError("data: stored pairs and scenes are mixed by their shares; give each a share")
        if config.task == SEGMENTATION:
            parts.append(SingleDates(crops))
        else:
            assert fly is not None, "scenes have a synthesizer"
            options = config.synthesis
            repaint = choose_repaint(options.repaint, options.background, fly.look_dim)
            new = options.new_looks or NEW_LOOKS
            parts.append(SimulatedPairs(crops, fly.noise_dim, fly.look_dim, new, repaint))
        weights.append(share or float(np.mean(weights or [1.0])))
    if not parts:
        return None
    total = sum(weights)
    enough = 0 if scenes else sum(len(chosen) for _, _, chosen in stored)
    return PairBatches(tuple(parts), tuple(w / total for w in weights), None, config.seed, stream, enough)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _paths(data: Sequence[PairData]) -> str:
    return ", ".join(one.path for one in data) or "nothing; name a folder with --data"
