"""The quality of changen and of what it is compared with, each trained for the same processor time: ``quality.md``.

Everything is done by the command line that users have, in processes of their own, by the plan in ``quality.yaml``. What
is done already is left alone, so a run that was stopped goes on, and a stage can be repeated by itself.

    python benchmarks/quality.py                        # everything that is not done yet
    python benchmarks/quality.py --stage train --only oasis,spade
    python benchmarks/quality.py --stage generate --stage evaluate --jobs 2
    python benchmarks/quality.py --stage time           # best on a machine that does nothing else
    python benchmarks/quality.py --stage table          # writes quality.md, results.json and sheet.png

Below ``--runs`` lie, for each model, ``<name>.yaml`` (its recipe), ``<name>/`` (its training run) and ``<name>.cost``
(processor seconds, a line for each time it was started); then ``weights/``, ``series/``, ``figures/``, ``time.json``,
``results.json`` and ``sheet.png``.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from about import commit, describe_machine
from commands import ONE_THREAD, ROOT, children_seconds, read_json, run_changen, write_json
from quality_page import write_page
from quality_plan import Plan, Trial
from quality_sheet import write_sheet
from quality_time import measure_all, settings_of

from changen_cli.errors import ChangenError
from changen_cli.training.config.run import RunOptions
from changen_cli.training.run.checkpoint import LAST, read_checkpoint
from changen_cli.training.run.folder import free_arguments
from changen_cli.weights.card import read_card

HERE = Path(__file__).resolve().parent


def is_trained(plan: Plan, model: str) -> bool:
    """Tells whether a training run has the iterations that the plan wants.

    Raises:
        SystemExit: If the folder holds a run by another recipe, whose figures would stand in the wrong row.
    """
    checkpoint = plan.runs / model / LAST
    if not checkpoint.is_file():
        return False
    state = read_checkpoint(checkpoint)
    old, new = (_learnt(config) for config in (state["config"], plan.config(model)))
    differs = [name for name in new if old[name] != new[name]]
    if differs:
        name = differs[0]
        raise SystemExit(
            f"quality.py: {checkpoint}: was trained with {name} = {old[name]}, the plan has {new[name]}; delete "
            f"{plan.runs / model}* to train it again, or give another --runs"
        )
    return int(state["iteration"]) >= plan.config(model).iterations


def _learnt(config: RunOptions) -> dict[str, Any]:
    free = free_arguments(config)
    return {name: value for name, value in config.to_dict().items() if name not in free}


def train(plan: Plan, only: list[str] | None) -> None:
    """Trains what is not trained, and notes the processor time of each start, also of one that was stopped."""
    for model in plan.models:
        if (only is not None and model not in only) or is_trained(plan, model):
            continue
        plan.runs.mkdir(parents=True, exist_ok=True)
        recipe = yaml.safe_dump(plan.recipe(model), sort_keys=False)
        (plan.runs / f"{model}.yaml").write_text(recipe, encoding="utf-8")
        before = children_seconds()
        try:
            run_changen(plan.train_command(model))
        finally:
            with (plan.runs / f"{model}.cost").open("a", encoding="utf-8") as file:
                file.write(f"{children_seconds() - before:.1f}\n")


def pack(plan: Plan, only: list[str] | None) -> None:
    """Packs the weights of every model that is trained and whose weights are missing or older than the checkpoint."""
    for model in plan.models:
        if only is not None and model not in only:
            continue
        if not is_trained(plan, model):
            print(f"{model}: not trained yet, so there are no weights to pack", flush=True)
            continue
        card = plan.runs / "weights" / f"{model}.yaml"
        if not card.is_file() or card.stat().st_mtime < (plan.runs / model / LAST).stat().st_mtime:
            run_changen(plan.pack_command(model))


def generate(plan: Plan, trial: Trial) -> None:
    """Makes a series, unless it was made by the same command with the same weights."""
    key = _key(plan, trial, [plan.generate_command(trial)])
    series = plan.series(trial)
    record = series.with_suffix(".json")
    if (series / "manifest.json").is_file() and read_json(record) == key:
        return
    record.unlink(missing_ok=True)
    # 1: some tiles failed, which the synthesizer may have good reason for; they are counted in the record
    run_changen([*plan.generate_command(trial), "--quiet"], ONE_THREAD, codes=(0, 1))
    write_json(record, key)


def evaluate(plan: Plan, trial: Trial) -> None:
    """Measures a series, unless that is done."""
    series = plan.series(trial)
    if not (series / "manifest.json").is_file():
        raise SystemExit(f"quality.py: {series} is not there; add --stage generate")
    key = _key(plan, trial, [plan.generate_command(trial), plan.evaluate_command(trial)])
    record = figures_file(plan, trial)
    if read_json(record).get("key") == key:
        return
    counts = read_json(series / "manifest.json")["counts"]
    found = json.loads(run_changen([*plan.evaluate_command(trial), "--quiet"], ONE_THREAD))
    write_json(record, {"key": key, "commit": commit("quality.yaml"), "counts": counts, "evaluation": found})


def figures_file(plan: Plan, trial: Trial) -> Path:
    """Returns where the figures of a trial are kept."""
    return plan.runs / "figures" / f"{trial.name}.json"


def _key(plan: Plan, trial: Trial, commands: list[list[str]]) -> dict[str, Any]:
    """Returns what a result depends on; the code is left out, so delete results that a change of it makes stale."""
    return {"commands": [shlex.join(["changen", *words]) for words in commands], "sha256": plan.sha256(trial.row)}


def for_each(plan: Plan, only: list[str] | None, jobs: int, action: Callable[[Plan, Trial], None]) -> None:
    """Does something with every trial whose weights are there, several at a time, and names the rows left out."""
    left_out = sorted({trial.row.name for trial in plan.trials(only) if not plan.has_weights(trial.row)})
    if left_out:
        print(f"left out, since they have no weights yet: {', '.join(left_out)}", flush=True)
    ready = [trial for trial in plan.trials(only) if plan.has_weights(trial.row)]
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(action, plan, trial) for trial in ready]
        try:
            for one in waiting:
                one.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def collect(plan: Plan) -> dict[str, Any]:
    """Gathers every result into one JSON value; what is not done yet is left out."""
    trained = {}
    for model in plan.models:
        card, cost = plan.runs / "weights" / f"{model}.yaml", plan.runs / f"{model}.cost"
        if card.is_file():
            known = read_card(card)
            commands = (plan.train_command(model), plan.pack_command(model))
            trained[model] = {
                "commands": [shlex.join(["changen", *words]) for words in commands],
                "iterations": known.training["iterations"],
                "sha256": known.sha256,
                "recipe": known.training["recipe"],
                "processor_seconds": sum(map(float, cost.read_text().split())) if cost.is_file() else None,
            }
    trials = []
    for trial in plan.trials():
        record = read_json(figures_file(plan, trial))
        if not record or not plan.has_weights(trial.row):
            continue
        if record["key"] != _key(plan, trial, [plan.generate_command(trial), plan.evaluate_command(trial)]):
            print(f"{trial.name}: weights or plan have changed since; left out (--stage generate --stage evaluate)")
            continue
        where = {"set": trial.set.name, "row": trial.row.name, "seed": trial.seed}
        trials.append({**where, **{name: record[name] for name in ("key", "commit", "counts", "evaluation")}})
    return {
        "plan": plan.values,
        "commit": commit("quality.yaml"),
        "machine": describe_machine(),
        "trained": trained,
        "trials": trials,
        "time": _time(plan),
    }


def _time(plan: Plan) -> dict[str, Any] | None:
    return read_json(plan.runs / "time.json") or None


def table(plan: Plan, page: Path) -> None:
    """Writes results.json, the page and the contact sheet."""
    results = collect(plan)
    write_json(plan.runs / "results.json", results)
    if not results["trials"]:
        raise SystemExit("quality.py: nothing is measured yet, so there is no table to write")
    page.write_text(write_page(results), encoding="utf-8")
    columns = write_sheet(plan, plan.runs / "sheet.png")
    print(f"{page}\n{plan.runs / 'results.json'}\n{plan.runs / 'sheet.png'}\n" + "\n".join(columns))


def measure(plan: Plan, again: bool) -> None:
    """Times every synthesizer, all in this process; done once for each state of the weights, unless asked again."""
    target = plan.runs / "time.json"
    if again or (_time(plan) or {}).get("of") != settings_of(plan):
        write_json(target, measure_all(plan))


STAGES = ("train", "pack", "generate", "evaluate", "time", "table")


def main(words: list[str] | None = None) -> None:
    """Does the stages that are asked for, in their order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "quality", help="folder of the results")
    parser.add_argument("--plan", type=Path, default=HERE / "quality.yaml")
    parser.add_argument("--page", type=Path, default=HERE / "quality.md", help="what the table is written to")
    parser.add_argument("--only", help="names of models and rows, a,b,c; all if not given")
    parser.add_argument("--stage", action="append", choices=STAGES, help="repeatable; all if not given")
    parser.add_argument("--jobs", type=int, default=1, help="series made or measured at a time, one thread each")
    given = parser.parse_args(words)
    plan, page = Plan(given.plan, given.runs.resolve()), given.page.resolve()
    only = given.only.split(",") if given.only else None
    unknown = sorted(set(only or ()) - set(plan.models) - set(plan.rows))
    if unknown:
        parser.error(f"--only {unknown[0]}: no such model or row; there are {', '.join({*plan.models, *plan.rows})}")
    os.chdir(ROOT)  # where the paths of the plan start
    stages = given.stage or STAGES
    try:
        if "train" in stages:
            train(plan, only)
        if "pack" in stages:
            pack(plan, only)
        for name, action in (("generate", generate), ("evaluate", evaluate)):
            if name in stages:
                for_each(plan, only, given.jobs, action)
        if "time" in stages:
            measure(plan, again=given.stage is not None)
        if "table" in stages:
            table(plan, page)
    except ChangenError as error:
        raise SystemExit(f"quality.py: {error}") from error


if __name__ == "__main__":
    main()
