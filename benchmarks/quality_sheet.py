"""A contact sheet of ``benchmarks/quality.py``: what every synthesizer makes of the same tiles."""

from __future__ import annotations

from pathlib import Path

from quality_plan import EventSet, Plan, Trial

from changen_cli.metrics.pairs import choose
from changen_cli.reports.contact_sheet import change_row, contact_sheet
from changen_cli.reports.pictures import write_picture
from changen_cli.store.sample import Sample
from changen_cli.store.series import open_series

TILES = 2
"""Tiles that the sheet shows."""

Samples = dict[str, Sample]
"""The samples of a series by their ids."""


def write_sheet(plan: Plan, path: Path) -> list[str]:
    """Writes the sheet: for each tile a row of pictures for each set of events.

    Args:
        plan: The plan; a series that is not there, or has not the tile, leaves its place black.
        path: PNG file.

    Returns:
        For each set a line that says what its columns show.
    """
    sets = {name: _load(plan, events) for name, events in plan.sets.items()}
    sets = {name: series for name, series in sets.items() if any(series)}
    common = set.intersection(*(set(next(filter(None, series))) for series in sets.values()))
    ids = sorted(common)
    rows = []
    for place in choose(len(ids), TILES):
        for series in sets.values():
            cells = [samples.get(ids[place]) for samples in series]
            known = next(sample for sample in cells if sample is not None)
            assert known.mask is not None, "the format of the plan stores masks"
            made = [None if sample is None else sample.image[1] for sample in cells]
            rows.append(change_row(known.image[0], known.mask[0], known.mask[1], made))
    write_picture(path, contact_sheet(rows))
    return [f"sheet, {name}: I_t, S_t, S_t+1, {', '.join(plan.sets[name].rows)}" for name in sets]


def _load(plan: Plan, events: EventSet) -> list[Samples]:
    """Reads the series of the first seed of every row of a set; nothing for one that is not there."""
    folders = [plan.series(Trial(events, plan.rows[name], plan.values["seeds"][0])) for name in events.rows]
    return [
        {sample.id: sample for sample in open_series(folder)} if (folder / "manifest.json").is_file() else {}
        for folder in folders
    ]
