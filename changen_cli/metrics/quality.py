"""``changen evaluate quality``: every metric of a series, in one pass over it and one over the reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from changen_cli.device import resolve_device
from changen_cli.errors import UsageError
from changen_cli.metrics.base import RealImage, Result
from changen_cli.metrics.evaluation import Evaluation
from changen_cli.metrics.networks import Networks, load_networks
from changen_cli.metrics.options import QualityOptions
from changen_cli.metrics.pairs import Pair, choose, pairs_of, samples_of
from changen_cli.metrics.reference import Reference, open_reference, read_options, tiles_without_series, whole_areas
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.store.series import SeriesDataset, open_series
from changen_cli.version import __version__


@dataclass(frozen=True)
class QualityReport:
    """What an evaluation found.

    Attributes:
        about: What was compared with what: JSON values.
        results: By name of the metric; see the module of each.
        sheet: Some pairs, to be looked at.
        notes: What a reader must know of the reference, a sentence each.
    """

    about: Mapping[str, object]
    results: Mapping[str, Result]
    sheet: tuple[Pair, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Returns everything but the pictures."""
        return {**self.about, "notes": list(self.notes), "figures": self.results}


def evaluate_quality(
    options: QualityOptions, reporter: Reporter | None = None, *, networks: Networks | None = None
) -> QualityReport:
    """Computes every metric that can be had.

    Memory does not grow with the series: images are read one by one, metrics keep sums or samples of bounded size.

    Args:
        options: What to compare, and with which networks.
        reporter: Told how far it is.
        networks: Used in place of those that the options name.

    Returns:
        The results; a metric that cannot be had stands there as absent, with the reason.

    Raises:
        StoreError: If the series, or a series that is the reference, cannot be read.
        SceneError: If the scenes of the reference cannot be read.
        TileError: If a tile of them is damaged.
        WeightsError: If weights that are named cannot be used.
        UsageError: If there is nothing to compare, or the device is not there.
    """
    reporter = reporter or Silent()
    device = resolve_device(options.device)
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
        without=tiles_without_series(data),
    )
    networks = networks or load_networks(
        segmenter=options.segmenter,
        inception_weights=options.inception_weights,
        inception_sha256=options.inception_sha256,
        lite0=options.lite0,
        device=device,
        batch_size=options.batch_size,
    )
    evaluation = Evaluation(networks, seed=options.seed, series=data)
    chosen = samples_of(data, options.limit)
    first, total = len(reference), len(reference) + len(chosen)

    def tell(what: str, done: int) -> None:
        reporter.progress(Progress("evaluate", done, total, "images", what))

    real = _see_reference(evaluation, reference, lambda done: tell("reference", done))
    pairs, sheet = _see_series(evaluation, data, chosen, options.sheet_rows, lambda done: tell("series", first + done))
    if not real:
        raise UsageError(f"{', '.join(options.reference)}: no reference image has enough valid pixels")
    about = {
        "changen": __version__,
        "series": options.series,
        "format": data.format,
        "reference": list(options.reference),
        "samples": len(chosen),
        "samples_in_series": len(data) if data.items == "series" else None,
        "pairs": pairs,
        "reference_images": real,
        "tile_size": [store["height"], store["width"]],
        "resolution": arguments.get("resolution"),
        "synthesizer": arguments.get("synthesizer"),
        "background": arguments.get("background"),
        "series_seed": arguments.get("seed"),
        "seed": options.seed,
        "limit": options.limit,
        "segmenter": networks.segmenter_card,
    }
    return QualityReport(about, evaluation.compute(), tuple(sheet), reference.notes)


def _see_reference(evaluation: Evaluation, reference: Reference, report: Callable[[int], None]) -> int:
    """Shows the reference to the evaluation; returns how many images it had."""
    count = 0
    for done, image in enumerate(reference, 1):
        if image is not None:
            count += 1
            evaluation.see_real(image)
        report(done)
    return count


def _see_series(
    evaluation: Evaluation,
    data: SeriesDataset,
    chosen: list[list[int]],
    sheet_rows: int,
    report: Callable[[int], None],
) -> tuple[int, list[Pair]]:
    """Shows the items of the samples chosen to the evaluation; returns how many pairs there were, and some of them."""
    shown = set(choose(len(chosen), sheet_rows)) if sheet_rows else set()
    sheet: list[Pair] = []
    count = 0
    for done, items in enumerate(chosen, 1):
        candidate: Pair | None = None
        for item in items:
            sample = data[item]
            if sample.times[0] == 0:
                evaluation.see_real(RealImage(sample.id, sample.image[0], whole_areas(sample)), "pre_event")
            for pair in pairs_of(sample):
                count += 1
                evaluation.see_pair(pair)
                if pair.step == 1:
                    evaluation.see_truth(pair)
                if candidate is None or (pair.changes and not candidate.changes):
                    candidate = pair
        if done - 1 in shown and candidate is not None:
            sheet.append(candidate)
        report(done)
    return count, sheet
