"""Does the data train a detector? One small detector, trained alike on what each synthesizer makes: ``transfer.md``.

Everything is done by the command line that users have, in processes of their own, by the plan in ``transfer.yaml``.
What is done already is left alone, so a run that was stopped goes on, also in the middle of a detector; all rows are
trained with one seed before any with the next, so a run that was cut short has a whole table of fewer seeds.

    python benchmarks/transfer.py                        # everything that is not done yet
    python benchmarks/transfer.py --minutes 60           # begin no detector later than that
    python benchmarks/transfer.py --only post,keep*,looks-0.5-no-masks --seed 0
    python benchmarks/transfer.py --stage table          # writes transfer.md and results.json

Rows whose weights are not there are left out, and named. Those of ``oasis`` and ``deepfill`` are what
``python benchmarks/quality.py --stage train --stage pack --only oasis,deepfill`` makes.

Below ``--runs`` lie ``series/`` and ``tests/`` (what is made), ``detectors/`` (recipes and training runs),
``weights/``, ``figures/`` (one JSON file a detector) and ``results.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
from pathlib import Path
from typing import Any

import yaml
from about import commit, describe_machine
from commands import (
    ONE_THREAD,
    ROOT,
    cost_noted,
    drop_other_run,
    in_time,
    noted_seconds,
    read_json,
    run_changen,
    write_json,
)
from score_cells import KEPT
from transfer_page import write_page
from transfer_plan import Plan, Trial

from changen_cli.errors import ChangenError

HERE = Path(__file__).resolve().parent
FILE = "transfer.yaml"


def make(target: str, command: list[str], sha256: str | None) -> None:
    """Makes a series, unless it was made by the same command with the same weights."""
    key = {"command": shlex.join(command), "sha256": sha256}
    series = ROOT / target
    record = series.parent / f"{series.name}.json"  # not with_suffix: names have dots
    if (series / "manifest.json").is_file() and read_json(record) == key:
        return
    record.unlink(missing_ok=True)
    # 1: some tiles failed, which the synthesizer may have good reason for
    run_changen([*command, "--quiet"], ONE_THREAD, codes=(0, 1))
    write_json(record, key)


def make_tests(plan: Plan) -> None:
    """Makes the tests that are series."""
    for test, about in plan.tests.items():
        if "series" in about:
            make(plan.test_data(test), plan.test_command(test), None)


def make_series(plan: Plan, row: str) -> None:
    """Makes what a row is trained on."""
    for source in plan.values["sources"]:
        listed = plan.list_file(source)
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("".join(f"{ROOT / path}\n" for path in plan.scenes(source)), encoding="utf-8")
        for series in plan.rows[row]["series"]:
            make(plan.folder(series, source), plan.generate_command(series, source), plan.sha256(series))


def key_of(plan: Plan, trial: Trial) -> dict[str, Any]:
    """Returns what a detector depends on; the code is left out, so delete results that a change of it makes stale."""
    about = plan.rows[trial.row]
    made = {
        series: [[shlex.join(plan.generate_command(series, source)) for source in plan.values["sources"]],
                 plan.sha256(series)]
        for series in about["series"]
    }  # fmt: skip
    return {"recipe": plan.recipe(trial), "series": made}


def train(plan: Plan, trial: Trial) -> None:
    """Trains a detector and packs its weights, and notes the processor time of each start."""
    run = plan.runs / "detectors" / trial.name
    drop_other_run(run, cost_file(plan, trial), key_of(plan, trial))
    recipe = run.parent / f"{trial.name}.yaml"
    recipe.write_text(yaml.safe_dump(plan.recipe(trial), sort_keys=False), encoding="utf-8")
    with cost_noted(cost_file(plan, trial)):
        run_changen([*plan.train_command(trial), "--quiet"], ONE_THREAD)
    run_changen(plan.pack_command(trial))


def cost_file(plan: Plan, trial: Trial) -> Path:
    """Returns the file of the processor seconds of a detector's training, a line for each time it was started."""
    return plan.runs / "detectors" / f"{trial.name}.cost"


def figures_file(plan: Plan, trial: Trial) -> Path:
    """Returns where the figures of a detector are kept."""
    return plan.runs / "figures" / f"{trial.name}.json"


def measure(plan: Plan, trial: Trial) -> None:
    """Trains and measures a detector, unless that is done."""
    key, record = key_of(plan, trial), figures_file(plan, trial)
    if read_json(record).get("key") == key:
        return
    make_series(plan, trial.row)
    train(plan, trial)
    found = {}
    for test in plan.tests:
        scores = json.loads(run_changen(plan.evaluate_command(trial, test), ONE_THREAD))
        kept = {name: scores["detectors"][0][name] for name in KEPT}
        found[test] = {**kept, "all_change": scores["all_change"], "pairs": scores["pairs"]}
    seconds = noted_seconds(cost_file(plan, trial))
    about = {"row": trial.row, "without": trial.without, "seed": trial.seed, "tests": found}
    made = {"commit": commit(FILE), "processor_seconds": seconds, "machine": describe_machine()}
    write_json(record, {"key": key, **about, **made})


def missing_weights(plan: Plan, row: str) -> list[str]:
    """Lists the weights that a row needs and that are not there."""
    return [str(plan.weights(series)) for series in plan.rows[row]["series"] if not plan.has_weights(series)]


def table(plan: Plan, page: Path) -> None:
    """Writes results.json and the page, of the detectors whose figures are of this plan and these weights."""
    found = []
    for trial in plan.trials():
        if missing_weights(plan, trial.row) or not (record := read_json(figures_file(plan, trial))):
            continue
        if record["key"] != json.loads(json.dumps(key_of(plan, trial))):
            print(f"{trial.name}: weights or plan have changed since; left out")
            continue
        found.append(record)
    if not found:
        raise SystemExit("transfer.py: nothing is measured yet, so there is no table to write")
    write_json(plan.runs / "results.json", {"plan": plan.values, "trials": found})
    page.write_text(write_page(plan, found), encoding="utf-8")
    print(page, plan.runs / "results.json", sep="\n")


def main(words: list[str] | None = None) -> None:
    """Does the stages that are asked for, in their order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "transfer", help="folder of the results")
    parser.add_argument("--plan", type=Path, default=HERE / FILE)
    parser.add_argument("--page", type=Path, default=HERE / "transfer.md", help="what the table is written to")
    parser.add_argument("--only", help="patterns of rows and what they leave out, a,b*,c-no-masks; all if not given")
    parser.add_argument("--seed", type=int, action="append", help="repeatable; those of the plan if not given")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no detector later than that")
    parser.add_argument("--stage", action="append", choices=("measure", "table"), help="repeatable; both if not given")
    given = parser.parse_args(words)
    plan, page = Plan(given.plan, given.runs.resolve()), given.page.resolve()
    only = given.only.split(",") if given.only else None
    for pattern in only or ():
        if not any(plan.trials([pattern])):
            there = dict.fromkeys(trial.variant for trial in plan.trials())
            parser.error(f"--only {pattern}: no such row; there are {', '.join(there)}")
    os.chdir(ROOT)  # where the paths of the plan start
    stages = given.stage or ("measure", "table")
    try:
        if "measure" in stages:
            for row in plan.rows:
                if missing := missing_weights(plan, row):
                    print(f"{row}: left out, since there are no {', '.join(missing)}", flush=True)
            make_tests(plan)
            able = (one for one in plan.trials(only, given.seed) if not missing_weights(plan, one.row))
            for trial in in_time(able, given.minutes):
                measure(plan, trial)
        if "table" in stages:
            table(plan, page)
    except ChangenError as error:
        raise SystemExit(f"transfer.py: {error}") from error


if __name__ == "__main__":
    main()
