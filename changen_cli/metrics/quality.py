"""``changen evaluate quality``: every figure of a series, in one pass over it and one over the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from changen_cli.errors import UsageError
from changen_cli.metrics.base import Figure
from changen_cli.metrics.change.occurrences import EventStatistics
from changen_cli.metrics.change.pairs import Pair, choose, pairs_of, samples_of
from changen_cli.metrics.evaluation import Evaluation
from changen_cli.metrics.options import QualityOptions
from changen_cli.metrics.reference import Reference, open_reference, read_options, whole_areas
from changen_cli.store.series import SeriesDataset, open_series
from changen_cli.version import __version__

Progress = Callable[[str, int, int], None]
"""Called with what is going on ("reference" or "series"), how many images and samples are done, and of how many."""


@dataclass(frozen=True)
class QualityReport:
    """What an evaluation found.

    Attributes:
        about: What was compared with what: JSON values.
        figures: By name; see the module of each.
        sheet: Some pairs, to be looked at.
    """

    about: dict[str, Any]
    figures: dict[str, Figure]
    sheet: tuple[Pair, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Returns everything but the pictures."""
        return {**self.about, "figures": self.figures}


def evaluate_quality(options: QualityOptions, progress: Progress | None = None) -> QualityReport:
    """Computes every figure that can be had.

    Memory does not grow with the series: images are read one by one, figures keep sums or samples of bounded size.

    Args:
        options: What to compare, and with which networks.
        progress: Told how far it is.

    Returns:
        The figures; one that cannot be had stands there as absent, with the reason.

    Raises:
        StoreError: If the series, or a series that is the reference, cannot be read.
        SceneError: If the scenes of the reference cannot be read.
        TileError: If a tile of them is damaged.
        WeightsError: If weights that are named cannot be used.
        UsageError: If there is nothing to compare.
    """
    report = progress or (lambda what, done, total: None)
    data = open_series(options.series, options.split)
    if not len(data):
        raise UsageError(f"{options.series}: has no series that is done, so there is nothing to evaluate")
    arguments = data.manifest.get("arguments", {})
    store = data.manifest["store"]
    reference = open_reference(
        options.reference,
        (store["height"], store["width"]),
        read_options(data.manifest, options.resolution, options.bands, options.rescale),
        min_valid=arguments.get("min_valid", 0.5),
        split=options.reference_split,
        limit=options.limit,
    )
    reading = _Reading(options)
    chosen = samples_of(data, options.limit)
    first, total = len(reference), len(reference) + len(chosen)
    real = reading.see_reference(reference, lambda done: report("reference", done, total))
    pairs = reading.see_series(data, chosen, lambda done: report("series", first + done, total))
    if not real:
        raise UsageError(f"{', '.join(options.reference)}: no reference image has enough valid pixels")
    about = {
        "changen": __version__,
        "series": options.series,
        "format": data.format,
        "reference": list(options.reference),
        "samples": len(chosen),
        "samples_in_series": len(data) if data.format != "levir" else None,
        "pairs": pairs,
        "reference_images": real,
        "tile_size": [store["height"], store["width"]],
        "resolution": arguments.get("resolution"),
        "synthesizer": arguments.get("synthesizer"),
        "background": arguments.get("background"),
        "series_seed": arguments.get("seed"),
        "seed": options.seed,
        "limit": options.limit,
        "segmenter": reading.evaluation.segmenter_card,
        "notes": list(reference.notes),
    }
    return QualityReport(about, reading.figures(data), tuple(reading.sheet))


class _Reading:
    """Shows reference and series to the evaluation, and keeps what only a stored series has: events, and a sheet."""

    def __init__(self, options: QualityOptions) -> None:
        self.sheet_rows = options.sheet_rows
        self.evaluation = Evaluation(
            segmenter=options.segmenter,
            inception_weights=options.inception_weights,
            inception_sha256=options.inception_sha256,
            lite0=options.lite0,
            device=options.device,
            batch_size=options.batch_size,
            seed=options.seed,
        )
        self.events = EventStatistics(options.seed)
        self.sheet: list[Pair] = []

    def see_reference(self, reference: Reference, report: Callable[[int], None]) -> int:
        """Goes over the reference; returns how many images it had."""
        count = 0
        for done, real in enumerate(reference, 1):
            if real is not None:
                count += 1
                self.evaluation.see_real(real.id, real.image)
                self.events.update_sizes("reference", real.id, real.areas)
            report(done)
        return count

    def see_series(self, data: SeriesDataset, chosen: list[list[int]], report: Callable[[int], None]) -> int:
        """Goes over the items of the samples chosen; returns how many pairs there were."""
        shown = set(choose(len(chosen), self.sheet_rows)) if self.sheet_rows else set()
        count = 0
        for done, items in enumerate(chosen, 1):
            candidate: Pair | None = None
            for item in items:
                sample = data[item]
                if sample.times[0] == 0:
                    self.evaluation.see_real(sample.id, sample.image[0], "pre_event")
                    self.events.update_sizes("series", sample.id, whole_areas(sample))
                for pair in pairs_of(sample):
                    count += 1
                    self.evaluation.see_pair(pair)
                    if pair.step == 1:
                        self.evaluation.see_truth(pair)
                    self.events.update(pair)
                    if candidate is None or (pair.changes and not candidate.changes):
                        candidate = pair
            if done - 1 in shown and candidate is not None:
                self.sheet.append(candidate)
            report(done)
        return count

    def figures(self, data: SeriesDataset) -> dict[str, Figure]:
        """Returns all figures."""
        return {**self.evaluation.figures(), "events": self.events.compute(data.manifest, data.root)}
