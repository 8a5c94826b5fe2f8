"""A run as one HTML page that needs nothing else: sheets over time, validations, curves, recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from changen_cli.errors import TrainingError
from changen_cli.files import write_whole
from changen_cli.metrics.registry import find_columns
from changen_cli.reports.page import render
from changen_cli.reports.pictures import as_uri
from changen_cli.training.report.charts import loss_panel, metric_panel
from changen_cli.training.report.options import ReportOptions
from changen_cli.training.run.curves import read_losses
from changen_cli.training.run.log import BEST_SO_FAR, LOSSES, VALIDATION, Row, read_log

TEMPLATE = "run.html.j2"


def write_report(options: ReportOptions) -> Path:
    """Writes the page of a run, whole or not at all.

    Args:
        options: Which run, and where to.

    Returns:
        The page.

    Raises:
        TrainingError: If the folder is none of a run, a file of it cannot be read, or the page cannot be written.
    """
    write_whole(options.page, render_report(Path(options.run), options.sheets), TrainingError)
    return options.page


def render_report(folder: Path, sheets: int = 24) -> str:
    """Returns the page of a run.

    Args:
        folder: Folder of the run, finished or not.
        sheets: Most sample sheets.

    Raises:
        TrainingError: If the folder is none of a run, or a file of it cannot be read.
    """
    losses = read_losses(folder / LOSSES)
    _, logged = read_log(folder / LOSSES)
    columns, rows = read_log(folder / VALIDATION)
    names = [name for name in columns if name != BEST_SO_FAR]
    done = max((row.iteration for row in (*logged[-1:], *rows[-1:])), default=0)
    last = float(max(1, done))
    recipe = _read_recipe(folder / "config.yaml")
    chosen = next((row for row in reversed(rows) if row.values.get(BEST_SO_FAR)), None)
    speeds = losses["images_per_second"][1]
    return render(
        TEMPLATE,
        about={
            "name": folder.resolve().name,
            "model": recipe.get("model", "not known"),
            "done": done,
            "asked": recipe.get("iterations"),
            "spent": str(timedelta(seconds=round(logged[-1].values["seconds"]))) if logged else None,
            "speed": float(np.nanmedian(speeds)) if np.isfinite(speeds).any() else None,
            "best": None if chosen is None else chosen.iteration,
        },
        losses=[panel for name, curve in losses.items() if (panel := loss_panel(name, curve, last))],
        metrics=[panel for name in names if (panel := metric_panel(name, rows, last))],
        figures=figures_of(names, rows, chosen),
        sheets=_read_sheets(folder / "sheets", sheets),
        recipe=_flat(recipe),
    )


def figures_of(names: Sequence[str], rows: Sequence[Row], chosen: Row | None) -> list[dict[str, object]]:
    """Returns a line for each metric of the validations: at the first, at the one kept as the best, and at the last.

    Args:
        names: Columns of the log.
        rows: The log.
        chosen: The best so far, or None.

    Returns:
        ``name``, ``title``, ``label`` (unit and direction), ``first``, ``best``, ``last`` as they are written, and
        ``top``, the best value of this metric alone, where one way is better.
    """
    columns = find_columns()
    lines: list[dict[str, object]] = []
    for name in names if rows else []:
        column = columns.get(name)
        better = column.better if column else ""
        values = [row.values[name] for row in rows if np.isfinite(row.values[name])]
        top = {"higher": max, "lower": min}[better](values) if better and values else None
        at = [rows[0], chosen, rows[-1]]
        first, best, last = (None if row is None else row.values[name] for row in at)
        lines.append(
            {
                "name": name,
                "title": column.title if column else "",
                "label": column.label if column else "",
                "first": _written(first),
                "best": _written(best),
                "last": _written(last),
                "top": _written(top),
            }
        )
    return lines


def _written(value: float | None) -> str:
    return "-" if value is None or not np.isfinite(value) else f"{value:.4g}"


def _read_sheets(folder: Path, most: int) -> list[dict[str, object]]:
    """Reads sample sheets, spread evenly from the first to the last."""
    found = sorted(path for path in folder.glob("*.png") if re.fullmatch(r"\d+", path.stem))
    places = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int).tolist()
    sheets: list[dict[str, object]] = []
    for path in (found[place] for place in places):
        try:
            with Image.open(path) as picture:
                uri = as_uri(picture.convert("RGB"), "WEBP", quality=82, method=3)
                sheets.append({"iteration": int(path.stem), "picture": uri, "width": picture.width})
        except OSError as error:
            raise TrainingError(f"{path}: the sheet cannot be read ({error}); move it away") from error
    return sheets


def _read_recipe(path: Path) -> dict[str, object]:
    try:
        recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise TrainingError(f"{path}: the recipe cannot be read ({' '.join(str(error).split())})") from error
    return recipe if isinstance(recipe, dict) else {}


def _flat(values: Mapping[str, object], before: str = "") -> list[tuple[str, str]]:
    """Lists the arguments of a recipe, those of its parts by their names joined with dots."""
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += _flat(value, f"{before}{name}.")
        else:
            lines.append(
                (before + str(name), yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip())
            )
    return lines
