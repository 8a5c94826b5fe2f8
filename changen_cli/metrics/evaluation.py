"""The metrics of pairs of images in memory, wherever they come from: a stored series, or a model in training."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import numpy as np
import torch

from changen_cli.metrics.base import Accumulator, Features, Group, Metric, RealImage, Result, Setting, absent
from changen_cli.metrics.change.segmenter import see_buildings
from changen_cli.metrics.distances.features import exact_arithmetic
from changen_cli.metrics.networks import SEGMENTER, Networks
from changen_cli.metrics.pairs import Pair
from changen_cli.metrics.registry import find_metrics
from changen_cli.store.series import SeriesDataset
from changen_cli.types import UInt8Array

SERIES = "series"
"""What a metric needs that is about a stored series: its manifest and its records."""


class Evaluation:
    """All metrics that can be had of what it is shown.

    Images are let go as they are seen: what is kept are sums, samples of bounded size, and less than a batch.
    """

    def __init__(
        self,
        networks: Networks,
        *,
        seed: int = 0,
        series: SeriesDataset | None = None,
        metrics: Iterable[Metric] | None = None,
    ) -> None:
        """Makes an accumulator for each metric that can be had.

        Args:
            networks: What there is; shared, not changed.
            seed: Of random subsets.
            series: What is evaluated, for metrics that are about a stored series.
            metrics: What to compute; all that are installed if None.
        """
        self._networks = networks
        self._absent: dict[str, str] = {}
        self._declared: list[Metric] = []
        self._accumulators: dict[str, Accumulator] = {}
        there = {"", *networks.extractors}
        there |= {SEGMENTER} if networks.segmenter is not None else set()
        there |= {SERIES} if series is not None else set()
        for metric in find_metrics().values() if metrics is None else metrics:
            if metric.needs in there:
                extractor = networks.extractors.get(metric.needs)
                setting = Setting(seed, 0 if extractor is None else extractor.size, series)
                self._accumulators[metric.name] = metric.make(setting)
            elif metric.needs in networks.missing:
                self._absent[metric.name] = networks.missing[metric.needs]
            else:
                continue
            self._declared.append(metric)
        self._images: dict[Group, list[tuple[str, UInt8Array]]] = {}
        # for the segmenter: a pair, and whether it is the real I_t that is to be read and not I~_t+1
        self._readings: list[tuple[Pair, bool]] = []

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that :meth:`compute` has a result of, absent or not."""
        return tuple(self._declared)

    def see_real(self, image: RealImage, group: Group = "real") -> None:
        """Adds a real image.

        Args:
            image: Its id is unique in its group.
            group: "real" for the reference; "pre_event" for an I_0 of what is evaluated, whose own distance to the
                reference is what to compare with.
        """
        for accumulator in self._accumulators.values():
            accumulator.see_real(image, group)
        self._wait(group, image.id, image.image)

    def see_pair(self, pair: Pair) -> None:
        """Adds a pair, I~_t+1 to the synthesised images too."""
        for accumulator in self._accumulators.values():
            accumulator.see_pair(pair)
        self._wait("synthesised", pair.id, pair.after)
        self._read(pair, False)

    def see_truth(self, pair: Pair) -> None:
        """Adds a real I_t with its S_t: what the segmenter reads there is what can be reached.

        Args:
            pair: Its ``before`` is a real image; one whose S_t is not known is passed over.
        """
        if pair.building_before is not None:
            self._read(pair, True)

    def flush(self) -> None:
        """Gives the networks what waits for a batch to be full."""
        for group in list(self._images):
            self._extract(group)
        self._segment()

    def branch(self) -> Evaluation:
        """Returns an evaluation that has seen what this one has, and goes on by itself.

        The networks are shared, so that real images need to be seen only once for any number of evaluations.
        """
        self.flush()
        other = copy.copy(self)
        other._accumulators = copy.deepcopy(self._accumulators)
        other._images, other._readings = {}, []
        return other

    def compute(self) -> dict[str, Result]:
        """Computes every metric.

        Returns:
            Results by the names of the metrics; one that cannot be had stands there as absent, with the reason.
        """
        self.flush()
        found: dict[str, Result] = {}
        for metric in self._declared:
            if metric.name in self._absent:
                found[metric.name] = absent(self._absent[metric.name])
                continue
            result = self._accumulators[metric.name].compute()
            extractor = self._networks.extractors.get(metric.needs)
            about = {} if extractor is None or "absent" in result else extractor.about
            found[metric.name] = result | dict(about)
        return found

    def _wait(self, group: Group, name: str, image: UInt8Array) -> None:
        if not self._networks.extractors:
            return
        waiting = self._images.setdefault(group, [])
        waiting.append((name, image))
        if len(waiting) >= self._networks.batch_size:
            self._extract(group)

    def _extract(self, group: Group) -> None:
        """Gives the images of a group that wait to every extractor, and the features to the metrics that need them."""
        waiting = self._images.pop(group)
        images = torch.from_numpy(np.stack([image for _, image in waiting])).to(self._networks.device)
        names = [name for name, _ in waiting]
        for source, extractor in self._networks.extractors.items():
            with exact_arithmetic():
                vectors, logits = extractor(images)
            batch = Features(group, names, vectors.cpu().numpy(), None if logits is None else logits.cpu().numpy())
            for metric in self._declared:
                if metric.needs == source:
                    self._accumulators[metric.name].see_features(batch)

    def _read(self, pair: Pair, real: bool) -> None:
        if self._networks.segmenter is None:
            return
        self._readings.append((pair, real))
        if len(self._readings) >= self._networks.batch_size:
            self._segment()

    def _segment(self) -> None:
        """Runs the segmenter over the images that wait."""
        waiting, self._readings = self._readings, []
        if self._networks.segmenter is None or not waiting:
            return
        images = np.stack([pair.before if real else pair.after for pair, real in waiting])
        with exact_arithmetic():
            seen = see_buildings(self._networks.segmenter, torch.from_numpy(images).to(self._networks.device))
        for (pair, real), where in zip(waiting, seen, strict=True):
            for metric in self._declared:
                if metric.needs == SEGMENTER:
                    self._accumulators[metric.name].see_reading(pair, where, real=real)
