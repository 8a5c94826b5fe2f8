"""``transfer.md`` from the results of ``benchmarks/transfer.py``: nothing is computed here but means and spreads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from score_cells import NONE, SCORES, cell, floor_cell
from transfer_plan import Plan, Trial

Record = dict[str, Any]
"""What is known of a detector, as ``transfer.py`` writes it."""

READING = """\
- **F1** is at a probability of 0.5 and swings with how a detector is calibrated; **best F1** and **AP** (average
  precision) are over all thresholds. All are of change, over all pixels of a test together. Compare by AP.
- **post-classification** is what a user without pairs would do, and the bar: the same network, started alike, learns to
  read the layout of one date from the real images of the same scenes, under the same conditions; change is where the
  layouts that it reads from both dates differ. **all change** calls every pixel changed: the floor.
- **conditions**: both dates of every training pair are put under conditions of their own (light, season, haze ...).
  **masks**: the layouts of both dates are learnt beside the change.
- **Tests**: nothing was trained on the real pairs, nor on their places. The held-out series were made by another
  synthesizer than what a row learnt from; in *italics* where by the same one.
- **One small network and few minutes of one core**: rows compare with each other, not with published figures."""


def write_page(plan: Plan, trials: Sequence[Record]) -> str:
    """Writes the page.

    Args:
        plan: The plan.
        trials: The detectors that are measured.

    Returns:
        Markdown.
    """
    recipe, values = plan.values["recipe"], plan.values
    seconds = [trial["processor_seconds"] for trial in trials]
    seeds = sorted({trial["seed"] for trial in trials})
    first = trials[0]["tests"]
    tests = ", ".join(f"{about['title']} ({first[test]['pairs']} pairs)" for test, about in plan.tests.items())
    parts = [
        "# Does the data train a detector?",
        "Written by `benchmarks/transfer.py` from the plan in `benchmarks/transfer.yaml`; do not edit it by hand.",
        f"`{recipe['model']}`, started from ImageNet and trained for {recipe['iterations']} iterations of "
        f"{recipe['batch_size']} pairs of {recipe['crops']['size']} px ({min(seconds) / 60:.1f} to "
        f"{max(seconds) / 60:.1f} processor minutes each, the reading of data and the start of Python included), on "
        f"series of the same scenes, layouts and number, made by each synthesizer. Tested, zero-shot, on {tests}. "
        f"Means and standard deviations over the seeds {', '.join(map(str, seeds))} of the detectors; a row with fewer "
        "says so.",
        _table(plan, trials),
        "## How to read this",
        READING,
    ]
    if remarks := values.get("remarks"):
        parts += ["## What was seen", "\n".join(f"- {remark}" for remark in remarks)]
    missing = _missing(plan, trials)
    if missing:
        parts.append(f"Not measured yet: {', '.join(missing)}.")
    machine = trials[0]["machine"]
    commits = sorted({str(trial["commit"]) for trial in trials})
    weights = {
        series: made[1] for trial in trials for series, made in trial["key"]["series"].items() if made[1] is not None
    }
    parts += [
        "## What it was made with",
        f"{machine['processor']}, one thread; commit {', '.join(commits)}. SHA-256 of the weights that made series:",
        "\n".join(f"- {series}: `{sha256}`" for series, sha256 in sorted(weights.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _table(plan: Plan, trials: Sequence[Record]) -> str:
    heads = ["trained on", "conditions", "masks"]
    heads += [f"{about['title']}: {' / '.join(SCORES.values())}" for about in plan.tests.values()]
    lines = [heads, ["---"] * len(heads)]
    floor = trials[0]["tests"]
    lines.append(["all change", NONE, NONE, *(floor_cell(floor[test]["all_change"]) for test in plan.tests)])
    most = len({trial["seed"] for trial in trials})
    for variant in dict.fromkeys((trial.row, trial.without) for trial in plan.trials()):
        row, without = variant
        found = [trial for trial in trials if (trial["row"], tuple(trial["without"])) == variant]
        if not found:
            continue
        title = plan.rows[row]["title"] + (f" ({len(found)} of {most} seeds)" if len(found) < most else "")
        cells = [cell([trial["tests"][test] for trial in found]) for test in plan.tests]
        cells = [f"*{one}*" if plan.is_own(test, row) else one for test, one in zip(plan.tests, cells, strict=True)]
        used = ["no" if name in without else "yes" for name in ("conditions", "masks")]
        lines.append([title, *used, *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _missing(plan: Plan, trials: Sequence[Record]) -> list[str]:
    there = {Trial(trial["row"], tuple(trial["without"]), trial["seed"]) for trial in trials}
    wanted = {trial.variant: 0 for trial in plan.trials()}
    for trial in plan.trials():
        wanted[trial.variant] += trial not in there
    every = len(plan.values["seeds"])
    return [f"{variant}" + ("" if n == every else f" ({n} of {every} seeds)") for variant, n in wanted.items() if n]
