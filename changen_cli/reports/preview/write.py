"""Writes what ``changen preview`` is asked for."""

from __future__ import annotations

from pathlib import Path

from changen_cli.reporter import Reporter, Silent
from changen_cli.reports.pictures import write_picture
from changen_cli.reports.preview.chosen import choose_series
from changen_cli.reports.preview.film import require_film
from changen_cli.reports.preview.lapse import write_lapse
from changen_cli.reports.preview.options import (
    LAPSES,
    PAGE,
    PAGE_SERIES,
    PAGE_SIZE,
    SHEET,
    SHEET_SERIES,
    PreviewOptions,
)
from changen_cli.reports.preview.page import write_page
from changen_cli.reports.preview.sheet import draw_sheet
from changen_cli.store.series import open_series


def preview(options: PreviewOptions, reporter: Reporter | None = None) -> list[Path]:
    """Draws an output, and writes the files that are asked for, each whole or not at all.

    Args:
        options: What to show, and where.
        reporter: Told how far a page is.

    Returns:
        The files.

    Raises:
        UsageError: If no series is done, one that is asked for is not there, or a film cannot be written here.
        StoreError: If the output cannot be read, or a file cannot be written.
    """
    reporter = reporter or Silent()
    data = open_series(options.series, options.split)
    files = options.files()
    if "mp4" in files:
        require_film(files["mp4"])
    for kind, path in files.items():
        if kind == PAGE:
            write_page(path, choose_series(data, options, PAGE_SERIES), options.size or PAGE_SIZE, reporter)
        elif kind == SHEET:
            write_picture(path, draw_sheet(choose_series(data, options, SHEET_SERIES), options.size))
        else:
            assert kind in LAPSES, "every kind of file has its writer"
            chosen = choose_series(data, options, 1)
            write_lapse(path, kind, data[chosen.items[0]], options)
    return list(files.values())
