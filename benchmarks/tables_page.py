"""``tables.md`` from the results of ``benchmarks/tables.py``: nothing is computed but means, spreads, differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from score_cells import NONE, SCORES, cell, floor_cell, spread
from tables_plan import CHANGEN, Plan, Trial

Record = dict[str, Any]
"""What is known of a detector, as ``tables.py`` writes it."""

AP = "average_precision"

READING = """\
- **F1** is at a probability of 0.5, **best F1** and **AP** (average precision) are over all thresholds. All are of
  change, over all pixels of a test together. **all change** calls every pixel changed: the floor.
- **0 pairs**: the pre-trained detector as it is, zero-shot. The other starts know nothing of change then.
- **What is alike**: a detector's starts have the same pairs, crops, number of updates, augmentation and decay of the
  learning rate. The rate itself is chosen for each start in the same way (see below), so that none is wronged. Batch
  normalisation of ChangeLite has the statistics of each batch where it starts from nothing, and ImageNet's otherwise.
- **What is not**: pre-training is work on top of the fine-tuning, as it is in the paper, and it starts from ImageNet
  where a detector has such weights. FC-Siam-Diff has none. Nobody was given as many updates of real pairs instead.
- **Real pairs** are for research alone: weights that were fine-tuned on them are measured and removed.
- **Small networks, short schedules, one core**: starts compare with each other, not with published figures."""


def write_page(plan: Plan, trials: Sequence[Record], tried: Sequence[Record]) -> str:
    """Writes the page.

    Args:
        plan: The plan.
        trials: The detectors that are measured.
        tried: Those that chose the learning rates.

    Returns:
        Markdown.
    """
    recipe, machine = plan.values["finetune"], trials[0]["machine"]
    tuned = [trial["processor_seconds"] for trial in trials if trial["size"]]
    cost = f" ({min(tuned):.0f} to {max(tuned):.0f} processor seconds each)" if tuned else ""
    before = plan.transfer.values["recipe"]
    parts = [
        "# Does pre-training on changen's pairs help where labels are few?",
        "Written by `benchmarks/tables.py` from the plan in `benchmarks/tables.yaml`; do not edit it by hand.",
        f"What Table 5 of the paper asks, at a small size. {_pairs(plan)} Detectors are fine-tuned for "
        f"{recipe['iterations']} iterations of {recipe['batch_size']} crops of {recipe['crops']['size']} px{cost}: "
        f"from nothing, from ImageNet, and from {before['iterations']} iterations of {before['batch_size']} on "
        f'the series "{plan.transfer.rows[plan.values["pretrain"]["row"]]["title"]}" of [transfer.md](transfer.md), '
        "whose pairs no one has labelled. Means and standard deviations over seeds, which draw the pairs, too.",
    ]
    for test, about in plan.tests.items():
        shown = [trial for trial in trials if test in trial["tests"]]
        parts += [
            f"## {about['title']} ({shown[0]['tests'][test]['pairs']} pairs): {' / '.join(SCORES.values())}",
            _table(plan, shown, test),
        ]
    if differences := _differences(plan, trials):
        parts += ["## What pre-training adds", differences]
    parts += ["## How to read this", READING]
    if tried:
        parts += ["## Learning rates", _rates(plan, tried)]
    if remarks := plan.values.get("remarks"):
        parts += ["## What was seen", "\n".join(f"- {remark}" for remark in remarks)]
    if missing := _missing(plan, trials):
        parts.append(f"Not measured yet: {', '.join(missing)}.")
    commits = sorted({str(trial["commit"]) for trial in trials})
    parts += [
        "## What it was made with",
        f"{machine['processor']}, one thread; commit {', '.join(commits)}. {_spent(plan, trials)}",
    ]
    return "\n\n".join(parts) + "\n"


def _pairs(plan: Plan) -> str:
    trained, _, tested = plan.split()
    named = plan.values["pairs"]["title"]

    def count(places: Iterable[int]) -> int:
        return sum(len(plan.places[place]) for place in places)

    sizes = plan.values["sizes"]
    return (
        f"Of {named}'s {count(plan.places)} real pairs of {len(plan.places)} places, those of the places "
        f"{_listed(tested)} are tested ({count(tested)} pairs), those of the others are there to be trained on "
        f"({count(trained)}: all that remain, so the most is {max(sizes)}). No place is on both sides."
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _rows(plan: Plan) -> Iterable[tuple[str, str]]:
    for detector, about in plan.detectors.items():
        for start in about["starts"]:
            yield detector, start


def _title(plan: Plan, detector: str) -> str:
    seeds = len(plan.detectors[detector]["seeds"])
    return f"{plan.detectors[detector]['title']}, {seeds} seed{'s' if seeds > 1 else ''}"


def _table(plan: Plan, trials: Sequence[Record], test: str) -> str:
    sizes = (0, *plan.values["sizes"])
    lines = [["detector", "starts from", *(f"{size} pairs" for size in sizes)]]
    lines.append(["---"] * len(lines[0]))
    lines.append(["all change", NONE, *[floor_cell(trials[0]["tests"][test]["all_change"])] * len(sizes)])
    for detector, start in _rows(plan):
        found = [_found(trials, detector, start, size) for size in sizes]
        counts = {len(some) for some in found if some}
        if not counts:
            continue
        cells = [cell([trial["tests"][test] for trial in some]) if some else NONE for some in found]
        if len(counts) > 1:  # else said once, beside the start
            cells = [shown + _fewer(plan, detector, len(some)) for shown, some in zip(cells, found, strict=True)]
        title = plan.values["starts"][start]["title"]
        lines.append(
            [_title(plan, detector), title + (_fewer(plan, detector, *counts) if len(counts) == 1 else ""), *cells]
        )
    return _markdown(lines)


def _differences(plan: Plan, trials: Sequence[Record]) -> str:
    """Compares the pre-trained start with each other one, seed by seed."""
    sizes = plan.values["sizes"]
    heads = [
        "detector",
        "over a start from",
        *(f"{about['title']}, {n}" for about in plan.tests.values() for n in sizes),
    ]
    lines = [heads, ["---"] * len(heads)]
    ours = [start for start in plan.values["starts"] if plan.starts_from(start) == CHANGEN]
    for detector, start in _rows(plan):
        if start in ours or ours[0] not in plan.detectors[detector]["starts"]:
            continue
        cells = []
        for test in plan.tests:
            for size in sizes:
                first, second = ({t["seed"]: t["tests"][test][AP] for t in _found(trials, detector, one, size)}
                                 for one in (ours[0], start))  # fmt: skip
                gains = [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]
                cells.append(
                    spread(gains, "+") + (f", {sum(gain > 0 for gain in gains)}/{len(gains)}" if gains else "")
                )
        if any(one != NONE for one in cells):
            lines.append([_title(plan, detector), plan.values["starts"][start]["title"], *cells])
    if len(lines) == 2:
        return ""
    return (
        "Average precision of the pre-trained start less that of another, of the same seed and pairs: mean and "
        "standard deviation, and in how many of the seeds it is above 0.\n\n" + _markdown(lines)
    )


def _rates(plan: Plan, tried: Sequence[Record]) -> str:
    about = plan.values["rates"]
    _, chooses, _ = plan.split()
    lines = [["detector", "starts from", *(f"{rate:g}" for rate in _all_rates(plan))]]
    lines.append(["---"] * len(lines[0]))
    for detector, start in _rows(plan):
        ours = [one for one in tried if (one["detector"], one["start"]) == (detector, start)]
        if found := {one["rate"]: one["tests"]["other"][AP] for one in ours}:
            best = max(found, key=lambda rate: float(found[rate]))
            cells = [f"{found[rate]:.3f}" if rate in found else NONE for rate in _all_rates(plan)]
            cells = [f"**{one}**" if rate == best else one for rate, one in zip(_all_rates(plan), cells, strict=True)]
            title = plan.detectors[detector]["title"]
            lines.append([title, plan.values["starts"][start]["title"], *cells])
    return (
        f"Average precision after {about['size']} pairs, seed {about['seed']}, on the pairs of the places "
        f"{_listed(chooses)}, which were not trained on for this. The best is taken.\n\n" + _markdown(lines)
    )


def _all_rates(plan: Plan) -> list[float]:
    return sorted({float(rate) for about in plan.detectors.values() for rate in about["rates"]})


def _found(trials: Sequence[Record], detector: str, start: str, size: int) -> list[Record]:
    wanted = (detector, start, size)
    return [trial for trial in trials if (trial["detector"], trial["start"], trial["size"]) == wanted]


def _fewer(plan: Plan, detector: str, count: int) -> str:
    every = len(plan.detectors[detector]["seeds"])
    return f" ({count} of {every} seeds)" if 0 < count < every else ""


def _missing(plan: Plan, trials: Sequence[Record]) -> list[str]:
    there = {Trial(trial["detector"], trial["start"], trial["size"], trial["seed"]) for trial in trials}
    lines = []
    for detector in plan.detectors:
        wanted = list(plan.trials([detector]))
        missing = [trial for trial in wanted if trial not in there]
        if len(missing) == len(wanted):
            lines.append(f"{detector}")
        elif missing:
            sizes: dict[tuple[int, str], list[int]] = {}
            for trial in missing:
                sizes.setdefault((trial.seed, trial.start), []).append(trial.size)
            lines += [
                f"{detector} of seed {seed} from {start} with {_listed(of)} pairs"
                for (seed, start), of in sizes.items()
            ]
    return lines


def _spent(plan: Plan, trials: Sequence[Record]) -> str:
    spent = []
    for detector in plan.detectors:
        ours = [trial for trial in trials if trial["detector"] == detector and trial["pretrain_seconds"]]
        if ours:
            seconds = {trial["seed"]: trial["pretrain_seconds"] for trial in ours}
            minutes = sum(seconds.values()) / len(seconds) / 60
            spent.append(f"{plan.detectors[detector]['title']} {minutes:.1f}")
    return f"Processor minutes of a pre-training: {', '.join(spent)}." if spent else ""


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
