"""The report as one HTML page that needs nothing else: pictures and charts are inside it, there is no script."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from changen_cli.errors import StoreError
from changen_cli.metrics.base import Figure
from changen_cli.metrics.change.pairs import Pair
from changen_cli.metrics.quality import QualityReport
from changen_cli.reports.pictures import as_picture, assemble, draw_layouts
from changen_cli.reports.quality_table import percent, summarize
from changen_cli.types import UInt8Array

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1120px;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.8em}table{border-collapse:collapse;width:100%}
td,th{padding:.25em .6em;text-align:left;border-bottom:1px solid #ddd;vertical-align:top}td.n{text-align:right;
white-space:nowrap;font-variant-numeric:tabular-nums}tr.absent td{color:#777}img{max-width:100%;image-rendering:auto}
svg{display:block;margin:.4em 0}.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:1em}
code{background:#f3f3f3;padding:0 .2em}
"""
_MADE, _ASKED = "#3b75af", "#c9c9c9"
_ROW, _LABEL, _BAR = 22, 150, 220


def write_page(path: Path, report: QualityReport) -> None:
    """Writes the report.

    Args:
        path: HTML file.
        report: What an evaluation found.

    Raises:
        StoreError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_page(report), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: cannot write the report: {error}; choose a writable path") from error


def render_page(report: QualityReport) -> str:
    """Returns the report as HTML."""
    about = report.about
    title = f"Quality of {about['series']}"
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        _about(about),
        "<h2>Figures</h2>",
        _table(report.figures),
        f'<div class="charts">{"".join(_charts(report.figures))}</div>',
    ]
    if report.sheet:
        parts += [
            "<h2>Pairs</h2>",
            "<p>From left to right: I_t, S_t (removed in red), S_t+1 (created in green), I_t+1. "
            "Kept buildings are white"
            + ("; this format does not store them" if report.sheet[0].kept is None else "")
            + ".</p>",
            f'<img alt="I_t, S_t, S_t+1, I_t+1" src="{picture_uri(contact_sheet(report.sheet))}">',
            f"<p>{html.escape(', '.join(pair.id for pair in report.sheet))}</p>",
        ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>{chr(10).join(parts)}</body></html>\n"
    )


def contact_sheet(pairs: Sequence[Pair]) -> UInt8Array:
    """Draws pairs, a row for each: I_t, S_t, S_t+1, I~_t+1.

    Args:
        pairs: At least one, all of one size.

    Returns:
        uint8 [rows, columns, 3].
    """
    rows = []
    for pair in pairs:
        kept = np.zeros_like(pair.created) if pair.kept is None else pair.kept
        before, after = ((kept | part).astype(np.uint8) for part in (pair.removed, pair.created))
        rows.append([as_picture(pair.before), *draw_layouts(before, after), as_picture(pair.after)])
    return assemble(rows)


def picture_uri(picture: UInt8Array) -> str:
    """Returns a picture, uint8 [H, W, 3], as a ``data:`` address of a PNG."""
    memory = io.BytesIO()
    Image.fromarray(picture).save(memory, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(memory.getvalue()).decode("ascii")


def _about(about: Mapping[str, Any]) -> str:
    synthesizer = about["synthesizer"] or {}
    words = [f"Synthesizer <code>{html.escape(str(synthesizer.get('name', 'not known')))}</code>"]
    if synthesizer.get("weights"):
        words.append(f"weights <code>{html.escape(str(synthesizer['weights']))}</code>")
    words.append(f"{about['pairs']} pairs of {about['samples']} samples")
    words.append(
        f"{about['reference_images']} real images of <code>{html.escape(', '.join(about['reference']))}</code>"
    )
    height, width = about["tile_size"]
    words.append(f"{width} x {height} pixels" + (f" of {about['resolution']:g} m" if about["resolution"] else ""))
    if about["limit"] is not None:
        words.append(f"at most {about['limit']} of each")
    notes = "".join(f"<p>Note: {html.escape(note)}.</p>" for note in about["notes"])
    return f"<p>{'; '.join(words)}. changen {html.escape(about['changen'])}, seed {about['seed']}.</p>{notes}"


def _table(figures: Mapping[str, Figure]) -> str:
    rows = []
    for line in summarize(figures):
        kind = ' class="absent"' if line.value == "absent" else ""
        name = html.escape(line.figure).replace("  ", "&emsp;")
        better = f" ({line.better} is better)" if line.better else ""
        rows.append(
            f'<tr{kind}><td>{name}{better}</td><td class="n">{html.escape(line.value)}</td>'
            f"<td>{html.escape(line.detail)}</td></tr>"
        )
    return f"<table><tr><th>figure</th><th>value</th><th>of what</th></tr>{''.join(rows)}</table>"


def _charts(figures: Mapping[str, Figure]) -> list[str]:
    charts: list[str] = []
    shown: list[tuple[str, float | None, float | None]]
    leakage, agreement, drift = (figures[name] for name in ("leakage", "label_agreement", "background_drift"))
    if "absent" not in leakage:
        shown = [(name, leakage[key], None) for name, key in (("leakage", "value"), ("interior", "interior"))]
        charts.append(_bars("Leakage: 0 gone, 1 still there", shown))
    if "absent" not in agreement:
        real = agreement["real"]
        tops = ("building", "background", "building", "background", "iou")
        names = ("created", "removed", "kept", "background", "iou")
        shown = [(name, agreement[name], real[top]) for name, top in zip(names, tops, strict=True)]
        charts.append(_bars("Label agreement (grey: on real images)", shown))
    if "absent" not in drift:
        shown = [("SSIM", drift["ssim"], None), ("edge structure", drift["structure"], None)]
        charts.append(_bars("Unchanged ground: 1 the same, 0 another place", shown))
    events = figures["events"]
    shown = [(name, event["share"], event["requested"]) for name, event in events["changes"].items()]
    if shown:
        charts.append(_bars("Events (grey: requested)", shown))
    steps = events["per_step"]
    total = sum(steps["histogram"].values())
    if total:
        counts = {int(number): count / total for number, count in steps["histogram"].items()}
        asked: dict[int, float] = {}
        if steps["requested"] is not None:
            low, high = steps["requested"]
            asked = dict.fromkeys(range(low, high + 1), 1 / (high - low + 1))
        every = sorted(counts.keys() | asked.keys())
        shown = [(str(n), counts.get(n, 0.0), asked.get(n, 0.0) if asked else None) for n in every]
        charts.append(_bars("Changes a step (grey: requested)", shown))
    charts += _sizes(events["sizes"])
    return charts


def _sizes(sizes: Mapping[str, Any]) -> Iterable[str]:
    """Draws the quantiles of the sizes, each as a share of the largest."""
    known = {name: group["quantiles"] for name, group in sizes.items() if group["quantiles"] is not None}
    if "created" not in known:
        return
    real = known.get("reference") or known.get("series")
    most = max(max(group.values()) for group in known.values())
    shown = [(f"{q} ({v:.0f} px²)", v / most, real[q] / most if real else None) for q, v in known["created"].items()]
    yield _bars("Sizes of created footprints, quantiles (grey: real)", shown, numbers=False)


def _bars(title: str, rows: Sequence[tuple[str, float | None, float | None]], *, numbers: bool = True) -> str:
    """Draws bars from 0 to 1: name, value, and the grey one behind it."""
    shapes = []
    for place, (name, value, behind) in enumerate(rows):
        top = place * _ROW
        shapes.append(f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{html.escape(name)}</text>')
        shapes.append(f'<rect x="{_LABEL}" y="{top + 2}" width="{_BAR}" height="{_ROW - 4}" fill="#f3f3f3"/>')
        if behind is not None:
            shapes.append(_bar(top + 2, _ROW - 4, behind, _ASKED))
        if value is not None:
            shapes.append(_bar(top + 6, _ROW - 12, value, _MADE))
        if numbers:
            words = percent(value) + ("" if behind is None else f" / {percent(behind)}")
            shapes.append(f'<text x="{_LABEL + _BAR + 8}" y="{top + 15}">{words}</text>')
    return (
        f'<div><h2>{html.escape(title)}</h2><svg width="{_LABEL + _BAR + 120}" height="{len(rows) * _ROW}" '
        f'font-size="13" font-family="system-ui,sans-serif">{"".join(shapes)}</svg></div>'
    )


def _bar(top: float, height: float, value: float, colour: str) -> str:
    width = _BAR * min(1.0, max(0.0, value))
    return f'<rect x="{_LABEL}" y="{top}" width="{width:.1f}" height="{height}" fill="{colour}"/>'
