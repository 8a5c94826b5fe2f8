"""The figures in words and numbers, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from changen_cli.metrics.base import Figure


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table.

    Attributes:
        figure: Its name.
        value: The number, or "absent".
        better: "lower", "higher" or "" where neither is.
        detail: What it is taken over and what to compare it with; for an absent figure the reason.
    """

    figure: str
    value: str
    better: str
    detail: str


_DISTANCES = {
    "fid": "FID",
    "kid": "KID",
    "inception_score": "Inception score",
    "frechet_inception": "Frechet distance, other Inception weights",
    "kernel_inception": "kernel distance, other Inception weights",
    "score_inception": "score, other Inception weights",
    "frechet_lite0": "Frechet distance, Lite0",
    "kernel_lite0": "kernel distance, Lite0",
}


def number(value: float | None, digits: int = 3) -> str:
    """Writes a number; None is a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Writes a share; None is a dash."""
    return "-" if value is None else f"{value:.1%}"


def summarize(figures: Mapping[str, Figure]) -> list[Line]:
    """Returns the lines of the table.

    Args:
        figures: As :class:`changen_cli.metrics.quality.QualityReport` has them.
    """
    lines: list[Line] = []
    for name, figure in figures.items():
        if "absent" in figure:
            title = _title(name)
            if lines and (lines[-1].value, lines[-1].detail) == ("absent", figure["absent"]):
                title = f"{lines.pop().figure}, {title}"  # what is absent for one reason stands on one line
            lines.append(Line(title, "absent", "", figure["absent"]))
        elif name in _DISTANCES:
            lines.append(_distance(name, figure))
        else:
            lines += _MORE[name](figure)
    return lines


def _title(name: str) -> str:
    return _DISTANCES.get(name, name.replace("_", " "))


def _distance(name: str, figure: Figure) -> Line:
    value = f"{figure['value']:.4g}"
    if "std" in figure:
        value += f" ± {figure['std']:.2g}"
    score = "score" in name
    detail = f"{figure['synthesised']} synthesised"
    detail += f"; real images score {number(figure['real_score'])}" if score else f", {figure['real']} real"
    if "subset_size" in figure:
        detail += f", {figure['subsets']} subsets of {figure['subset_size']}"
    if figure.get("pre_event") is not None:
        detail += f"; the real frames I_0 of the series: {figure['pre_event']:.4g}"
    smallest = min(figure["synthesised"], figure.get("real", figure["synthesised"]))
    if smallest <= figure.get("features", 0):
        detail += f"; fewer images than features ({figure['features']}): biased upwards, compare equal sizes only"
    return Line(_title(name), value, "higher" if score else "lower", detail)


def _leakage(figure: Figure) -> list[Line]:
    detail = (
        f"structure left: removed {number(figure['removed_structure'])}, unchanged ground "
        f"{number(figure['ground_structure'])}; {figure['pairs']} pairs, {figure['pixels']} removed pixels"
    )
    inside = "of the roofs alone, outlines apart; 0: drawn anew, 1: copied"
    return [
        Line("leakage", number(figure["value"]), "lower", detail),
        Line("  interior", number(figure["interior"]), "lower", inside),
    ]


def _agreement(figure: Figure) -> list[Line]:
    real, pixels = figure["real"], figure["pixels"]
    rows = (
        ("created", "seen as building", real["building"]),
        ("removed", "seen as background", real["background"]),
        ("kept", "seen as building", real["building"]),
        ("background", "unchanged ground seen as background", real["background"]),
    )
    lines = [
        Line(f"agreement, {name}", percent(figure[name]), "higher", f"{what}; real {percent(top)}; {pixels[name]} px")
        for name, what, top in rows
    ]
    return [*lines, Line("agreement, IoU", percent(figure["iou"]), "higher", f"of S_t+1; real {percent(real['iou'])}")]


def _drift(figure: Figure) -> list[Line]:
    over = f"{figure['pairs']} pairs, {figure['pixels']} pixels of unchanged ground"
    matched = "mean difference once colours are matched, grey levels of 255"
    return [
        Line("background difference", number(figure["difference"], 1), "", f"mean, grey levels of 255; {over}"),
        Line("  colours matched", number(figure["matched_difference"], 1), "", matched),
        Line("  SSIM", number(figure["ssim"]), "", "colours matched; 1: the same ground"),
        Line("  edge structure", number(figure["structure"]), "", "1: the same place, 0: another"),
    ]


def _events(figure: Figure) -> list[Line]:
    lines = []
    for name, event in figure["changes"].items():
        asked = f"{percent(event['share'])} of the changes, {percent(event['requested'])} requested"
        lines.append(Line(f"event {name}", str(event["count"]), "", asked))
    steps = figure["per_step"]
    histogram = ", ".join(f"{count} x {number}" for number, count in steps["histogram"].items())
    asked = "not known" if steps["requested"] is None else "{}:{}".format(*steps["requested"])
    detail = f"requested {asked}; steps x changes: {histogram}"
    if steps["below"] or steps["above"]:
        detail += f"; {steps['below']} below, {steps['above']} above"
    lines.append(Line("changes a step", _mean(steps["histogram"]), "", detail))
    lines.append(Line("changed pixels", percent(figure["changed_pixels"]), "", "of valid pixels, each step"))
    for group, what in (("created", "created"), ("series", "real, S_0"), ("reference", "real, reference")):
        sizes = figure["sizes"][group]
        if sizes["quantiles"] is not None:
            values = ", ".join(f"{name} {value:.0f}" for name, value in sizes["quantiles"].items())
            lines.append(
                Line(f"size, {what}", f"{sizes['quantiles']['50%']:.0f} px²", "", f"{values}; of {sizes['count']}")
            )
    for short in figure["shortfalls"]:
        reason = short["reason"] or "reasons are not with this copy"
        lines.append(Line(f"short of {short['event']}", str(short["missing"]), "", f"changes not made: {reason}"))
    return lines


def _mean(histogram: Mapping[str, int]) -> str:
    total = sum(histogram.values())
    return number(sum(int(k) * n for k, n in histogram.items()) / total if total else None, 2)


_MORE: dict[str, Any] = {
    "leakage": _leakage,
    "label_agreement": _agreement,
    "background_drift": _drift,
    "events": _events,
}
