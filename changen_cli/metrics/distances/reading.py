"""How distances between sets of images read, whatever their features."""

from __future__ import annotations

from changen_cli.metrics.base import Metric, Result
from changen_cli.metrics.text import Line, number

ABOUT_INCEPTION = "only with `--inception-weights`; nothing is downloaded."
ABOUT_LITE0 = "EfficientNet-Lite0 features: like FID and KID, but not comparable with them."


def lines_of_distance(metric: Metric, result: Result) -> list[Line]:
    """Returns the line of a distance or score.

    Args:
        metric: Its declaration; one column, ``value``.
        result: ``value``; ``synthesised``, the size of the set; and of these what there is: ``std``; ``real``, the size
            of the other set, or ``real_score``, the value of real images; ``subsets`` and ``subset_size``;
            ``pre_event``; ``features``, D; ``splits`` and ``shuffle_seed``.
    """
    value = f"{result['value']:.4g}"
    if "std" in result:
        value += f" ± {result['std']:.2g}"
    detail = f"{result['synthesised']} synthesised"
    detail += f", {result['real']} real" if "real" in result else f"; real images score {number(result['real_score'])}"
    if "subset_size" in result:
        detail += f", {result['subsets']} subsets of {result['subset_size']}"
    if "shuffle_seed" in result:
        detail += f"; {result['splits']} splits of images shuffled by seed {result['shuffle_seed']}"
    if result.get("pre_event") is not None:
        detail += f"; the real frames I_0 of the series: {result['pre_event']:.4g}"
    smallest = min(result["synthesised"], result.get("real", result["synthesised"]))
    if smallest <= result.get("features", 0):
        detail += f"; fewer images than features ({result['features']}): biased upwards, compare equal sizes only"
    return [Line(metric.title, value, metric.columns[0].better, detail)]
