"""Figure 6: F1 of change on the test split over the epochs of fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from changen_cli.errors import TrainingError
from changen_cli.files import replacing_file
from changen_cli.training.run.log import VALIDATION, read_log

EPOCHS = 200
"""Epochs of a fine-tuning on LEVIR-CD."""

F1 = "f1"
"""End of the name of the column of ``validation.csv``."""

Curve = Sequence[tuple[float, float]]
"""Epochs and F1 in percent."""


def read_curve(run: Path) -> list[tuple[float, float]]:
    """Reads the F1 of a run's validations.

    Args:
        run: Folder of a fine-tuning.

    Returns:
        Epochs, of :data:`EPOCHS` in all, and F1 in percent.

    Raises:
        TrainingError: If it has no such log, or it cannot be read.
    """
    columns, rows = read_log(run / VALIDATION)
    name = next((column for column in columns if column == F1 or column.endswith(f"_{F1}")), None)
    if name is None or not rows:
        raise TrainingError(f"{run}: its {VALIDATION} has no F1; run it again")
    last = rows[-1].iteration
    return [(EPOCHS * row.iteration / last, 100 * row.values[name]) for row in rows]


def draw_curves(curves: Mapping[tuple[str, str], Curve], title: str, output: Path) -> None:
    """Draws the figure.

    Args:
        curves: By row and protocol; those of one row have one colour.
        title: Above it.
        output: PNG file.

    Raises:
        TrainingError: If matplotlib is not installed.
        StoreError: If the file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise TrainingError(f'curves need {error.name}; install with: pip install "changen[train]"') from error
    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    colours: dict[str, str] = {}
    for (row, protocol), curve in curves.items():
        colour = colours.setdefault(row, f"C{len(colours)}")
        style = "--" if protocol == next(iter(key[1] for key in curves)) and len({k[1] for k in curves}) > 1 else "-"
        axes.plot(*zip(*curve, strict=True), style, color=colour, label=f"{row}, {protocol}", marker=".")
    low, high = axes.get_ylim()  # margins would show shares below nothing and above all
    axes.set(title=title, xlabel="epochs", ylabel="F1, %", xlim=(0, EPOCHS), ylim=(max(0, low), min(100, high)))
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    with replacing_file(output) as scratch:
        figure.savefig(scratch, format="png", dpi=150)
