"""``quality.md`` from the results of ``benchmarks/quality.py``: nothing is computed here but means and spreads."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from changen_cli.metrics.base import Column
from changen_cli.metrics.registry import find_metrics

Results = dict[str, Any]
"""As :func:`quality.collect` gives them."""

NONE = "-"


@dataclass(frozen=True)
class Entry:
    """A column of the tables of metrics.

    Attributes:
        metric: Name of the metric in ``changen evaluate quality --json -``.
        column: What it declares.
    """

    metric: str
    column: Column

    @property
    def title(self) -> str:
        """Its head; the arrow says which way is better."""
        return " ".join(part for part in (self.column.title, ARROWS[self.column.better]) if part)


ARROWS = {"lower": "↓", "higher": "↑", "": ""}


def entries() -> list[Entry]:
    """Returns what the metrics that are installed declare to be compared."""
    return [
        Entry(name, column) for name, metric in find_metrics().items() for column in metric.columns if column.compared
    ]


READING = """\
- **Read a row as a whole, and against `copy`**, which returns I_t unchanged: it has the best distances there can be and
  shows none of its labels. A low distance says that images look like these scenes, not that anything changed.
- **Frechet, kernel**: distances on EfficientNet-Lite0 features (320 of them), not FID and not KID, and comparable with
  nothing outside this page. With fewer images than features the Frechet distance is biased upwards, for all rows alike,
  since all have equally many; the kernel distance is not, but is noisy. The real images are the I_0 of the same tiles,
  so whoever leaves most of a tile as it is has an advantage (its kernel distance can even fall below 0, because the
  same images stand in both sets), and OASIS and SPADE, which never see I_t, have none.
- **removed_structure**: correlation of the edges that are left where a building was removed, and 2 pixels around it,
  with those of I_t; **within 8 px**: with the ground around it, some of which need not change; **interior**: within the
  roofs alone. 0 is drawn anew, 1 is copied. Read it beside `same place`: a model that keeps no edges anywhere keeps
  none of removed buildings either, which is no merit.
- **created, kept, removed, ground**: of the pixels of new and old buildings the share that a segmenter, trained on real
  images of other places, sees as building; of those of removed buildings and of ground, as ground. **IoU**: of what it
  sees with S_t+1. The first row is what it reads from the real images: where a row is above it, its buildings are
  easier to see than real ones, which is no praise. `copy` has the floor of created; its floor of removed is high,
  because that many real buildings the segmenter does not see either. **scaled** puts both ends at fixed places: 0 is
  what `copy` shows, 1 what the segmenter reads from real images.
- **same place**: correlation of the edges of unchanged ground with those of I_t. 1 is the same ground; near 0 the image
  is of another place, and no second image of this one. Between them there is no goal: the paper changes the style of
  the ground on purpose (section 4.2).
- **roof variety**: mean colour distance (Delta E of 1976) of two kept buildings of a tile, over that of the real ones.
  1 is as varied as real, 0 all roofs alike. **roof change**: colour distance of a kept building to itself one step
  later, over that to another building. 0 keeps its looks, 1 has another's.
- **±**: half of what lies between the largest and the smallest of the seeds, which draw the layouts and z. The training
  was done once for each model, with one seed: how much another seed of training would change is not known.
"""

LIMITS = """\
- **Few scenes**: all figures are of {tiles} real tiles that overlap, of two scenes of one kind of place. More pairs of
  the same tiles (variants, seeds) do not make them more. Do not rank rows that differ by less than a few times their ±.
- **Short training**: minutes of one core, crops of 128 x 128, batches of 8, networks of about equal size. The paper has
  100,000 iterations of batch 32 on 8 GPUs; nothing here says what that would give, and the order need not be the
  paper's.
- **Equal time, not equal tuning**: the recipe of changen was looked after longer than the others', and it has projected
  heads beside the loss of its paper (`projected`, `changed`), which the others have not; SPADE compares Lite0 features
  where its paper has VGG-19.
- **The segmenter** learnt from the same imagery as the models (other scenes than these): it may like what they like.
- **Not in the figures**: transfer, that is how well a detector does that was trained on such images.
- **Scenes**: of the held-out images of Dubai (`tile_5_*`) none is used. They have no georeference, so they cannot be
  read at the same metres per pixel; most of them is water, where buildings would be created; and the segmenter reads
  their real buildings badly (IoU 0.10, against 0.50 here), so that its agreement would mean nothing.
"""


def write_page(results: Results) -> str:
    """Returns the page.

    Args:
        results: As :func:`quality.collect` gives them; what is missing in them is a dash, and is named.
    """
    plan = results["plan"]
    parts = [_intro(results)]
    for name, events in plan["sets"].items():
        trials = [trial for trial in results["trials"] if trial["set"] == name]
        parts.append(f"## {events['title']}\n\n{_set_table(results, events['rows'], trials)}")
    parts.append(f"## Cost\n\n{_cost_table(results)}")
    parts.append(f"## How to read it\n\n{READING.rstrip()}")
    if plan["remarks"]:
        parts.append("## What was seen\n\n" + "\n".join(f"- {remark}" for remark in plan["remarks"]))
    tiles = results["trials"][0]["evaluation"]["reference_images"]
    parts.append(f"## What it does not show\n\n{LIMITS.format(tiles=tiles).rstrip()}")
    parts.append(f"## Do it again\n\n{_again(results)}")
    return "\n\n".join(parts) + "\n"


def _intro(results: Results) -> str:
    plan = results["plan"]
    first = results["trials"][0]["evaluation"]
    scenes = " and ".join(f"`{path.rsplit('/', 1)[-1].removesuffix('.tif')}`" for path in plan["scenes"])
    minutes = [v["processor_seconds"] / 60 for v in results["trained"].values() if v["processor_seconds"]]
    budget = f", {min(minutes):.0f} to {max(minutes):.0f} minutes of one core each" if minutes else ""
    height, width = first["tile_size"]
    missing = [row["title"] for name, row in plan["rows"].items() if name not in {t["row"] for t in results["trials"]}]
    lines = [
        "# Quality of the synthesizers",
        "",
        "Written by `benchmarks/quality.py` from the plan in `benchmarks/quality.yaml`; do not edit it by hand.",
        "",
        f"changen and what it is compared with, trained on the same data for about the same processor time{budget}, "
        f"with `seed: {plan['common']['seed']}`. All were measured on {scenes}, which nothing was trained on, read at "
        f"{plan['generate']['resolution']} m: {first['reference_images']} real tiles of {width} x {height} pixels, "
        f"{first['pairs']} synthesised ones, each one step from a real I_0, for each of the seeds "
        f"{', '.join(map(str, plan['seeds']))}. Rows of one table saw the same layouts; those of two tables did not. "
        "Values are means over the seeds.",
    ]
    if missing:
        lines += ["", f"**Not there yet: {', '.join(missing)}.**"]
    return "\n".join(lines)


def _set_table(results: Results, rows: Sequence[str], trials: list[Results]) -> str:
    """Writes a table of figures; columns that no row has are left out."""
    plan = results["plan"]
    if not trials:
        return "Not measured yet."
    shown = [c for c in entries() if any(_value(trial, c) is not None for trial in trials)]
    seconds = (results["time"] or {}).get("seconds", {})
    real = {c: _mean([_ceiling(trial, c) for trial in trials], c.column.digits, spread=False) for c in shown}
    lines = [["", *(c.title for c in shown), "s a tile"], ["real images, by their own labels", *real.values(), NONE]]
    for name in rows:
        own = [trial for trial in trials if trial["row"] == name]
        cells = [_mean([_value(trial, c) for trial in own], c.column.digits) for c in shown]
        lines.append([plan["rows"][name]["title"], *cells, _number(seconds.get(name), 3)])
    return _markdown(lines) + "\n\n" + _layouts(results, rows, trials)


def _layouts(results: Results, rows: Sequence[str], trials: list[Results]) -> str:
    """Says how much the rows saw, and which of them saw something else."""
    counts = {
        name: {t["seed"]: _seen(t) for t in trials if t["row"] == name}
        for name in rows
        if any(t["row"] == name for t in trials)
    }
    usual = next(iter(counts.values()))
    pairs = sum(seen["pairs"] for seen in usual.values())
    kinds = sorted({kind for seen in usual.values() for kind in seen["changes"]})
    words = {"create": "created", "remove": "removed"}
    changes = (f"{sum(s['changes'].get(k, 0) for s in usual.values())} buildings {words.get(k, k)}" for k in kinds)
    text = f"{pairs} pairs, {', '.join(changes)}."
    for name, seen in counts.items():
        if seen != usual:
            other = sum(s["pairs"] for s in seen.values())
            text += f" {results['plan']['rows'][name]['title']} could show, or was measured on, only {other} of them."
    return text


def _seen(trial: Results) -> dict[str, Any]:
    return {"pairs": trial["evaluation"]["pairs"], "changes": trial["counts"]["changes"]}


def _cost_table(results: Results) -> str:
    time = results["time"] or {}
    parameters, seconds, ratio = (time.get(name, {}) for name in ("parameters", "seconds", "ratio"))
    lines = [["", "parameters", "iterations", "processor minutes of training", "s a tile", "times changen's"]]
    for name, row in results["plan"]["rows"].items():
        run = results["trained"].get(row.get("run"), {})
        spent = run.get("processor_seconds")
        iterations = run.get("iterations", row.get("iterations"))
        lines.append(
            [
                row["title"],
                NONE if parameters.get(name) is None else f"{parameters[name] / 1e6:.1f} M",
                NONE if iterations is None else f"{iterations:,}",
                _number(None if spent is None else spent / 60, 1) if spent else row.get("minutes", NONE),
                _number(seconds.get(name), 3),
                _number(ratio.get(name), 2),
            ]
        )
    text = _markdown(lines)
    if not time:
        return text + "\n\nNot timed yet."
    machine = time["machine"]
    return text + (
        f"\n\nSeconds of processor time for one tile of 256 x 256 on one thread, {machine['precision']}, batches of "
        f"one: the median of {time['of']['rounds']} rounds, in each of which all rows took the same "
        f"{time['of']['tiles']} tiles in turn ({machine['processor']}, {machine['cores']} cores, load "
        f"{machine['load']}). The machine is shared and noisy; the ratios, taken within a round, hold better than the "
        "seconds. What inpainting takes depends on how much there is to fill, what copy-paste takes on how many "
        "buildings there are."
    )


def _again(results: Results) -> str:
    weights = {
        results["plan"]["rows"][t["row"]]["title"]: t["key"]["sha256"] for t in results["trials"] if t["key"]["sha256"]
    }
    commits = sorted({str(t["commit"]) for t in results["trials"]})
    example = results["trials"][-1]["key"]["commands"]
    return (
        "From the root of a checkout, with the imagery in `../shared/data` and changen installed with "
        "`pip install -e '.[train,metrics,opencv]'`:\n\n"
        "```bash\npython benchmarks/quality.py --jobs 2\n```\n\n"
        "trains, packs, generates, measures and times whatever is not done yet in `runs/quality`, and writes this "
        "page; `runs/quality/results.json` has every figure, command and recipe. `--stage` and `--only` do parts of "
        "it; what a change of the code makes stale has to be deleted first. One of its series, by hand:\n\n"
        "```bash\n" + "\n".join(f"OMP_NUM_THREADS=1 {command}" for command in example) + "\n```\n\n"
        f"Measured at commit {', '.join(commits)}. SHA-256 of the weights:\n\n"
        + _markdown([["", "SHA-256"], *([title, f"`{sha}`"] for title, sha in weights.items())])
    )


def _value(trial: Results, entry: Entry) -> float | None:
    value: float | None = trial["evaluation"]["figures"].get(entry.metric, {}).get(entry.column.key)
    return value


def _ceiling(trial: Results, entry: Entry) -> float | None:
    if entry.column.ceiling is None:
        return None
    real = trial["evaluation"]["figures"].get(entry.metric, {}).get("real", {})
    value: float | None = real.get(entry.column.ceiling)
    return value


def _mean(values: Iterable[float | None], digits: int, spread: bool = True) -> str:
    """Writes a mean and half of the range; a dash if a seed has no value, since then the mean is of something else."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(list(values)):
        return NONE
    text = f"{statistics.fmean(known):.{digits}f}"
    return f"{text} ± {(max(known) - min(known)) / 2:.{digits}f}" if spread and len(known) > 1 else text


def _number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = ("| " + " | ".join(cells) + " |" for cells in lines)
    return "\n".join([head, "|" + " --- |" * len(lines[0]), *rest])
