"""Does pre-training on changen's pairs help where labels are few? Detectors from three starts: ``tables.md``.

What the paper's Table 5 asks, at a size that one processor core can do: detectors start from nothing, from ImageNet,
or from pairs that changen made, and are fine-tuned alike on 5, 20 and 40 real pairs, by the plan in ``tables.yaml``.
Places that are tested are never trained on. All is done in this process by the functions behind ``changen pretrain``,
``finetune`` and ``evaluate detection``, since the starts of Python would cost as much as half of a fine-tuning. What is
done already is left alone, so a run that was stopped goes on; a detector has a whole table of one seed before the next.

    python benchmarks/tables.py                          # everything that is not done yet
    python benchmarks/tables.py --minutes 60             # begin no detector later than that
    python benchmarks/tables.py --only changelite
    python benchmarks/tables.py --stage table            # writes tables.md and results.json

The series of pre-training are those of ``transfer.py``, made if they are not there, and so are its detectors where the
recipe is the same. Fine-tuned weights are removed once they are measured: the real pairs are for research alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import transfer
from about import commit, describe_machine
from commands import ROOT, cost_noted, drop_other_run, in_time, noted_seconds, read_json, write_json
from score_cells import KEPT
from tables_page import write_page
from tables_plan import CHANGEN, TEST, TRAIN, Plan, Trial
from transfer_plan import Plan as TransferPlan

from changen_cli.errors import ChangenError

HERE = Path(__file__).resolve().parent
FILE = "tables.yaml"


def list_pairs(plan: Plan, trial: Trial) -> None:
    """Makes the folder of a trial's pairs: links to the images, and lists of names by split."""
    folder = ROOT / plan.data(trial)
    (folder / "list").mkdir(parents=True, exist_ok=True)
    for part in ("A", "B", "label"):
        if not (folder / part).is_symlink():
            (folder / part).symlink_to((ROOT / plan.values["pairs"]["path"] / part).resolve())
    for split, names in zip((TRAIN, TEST), plan.chosen_pairs(trial), strict=True):
        (folder / "list" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def learn(recipe: dict[str, Any], run: Path, weights: Path, card: dict[str, Any]) -> None:
    """Trains a detector by its recipe, or goes on with it, and packs its weights; the processor time is noted."""
    from changen_cli.training.config.detection import DetectionConfig, with_head
    from changen_cli.training.config.run import parse
    from changen_cli.training.export import pack_weights
    from changen_cli.training.run.start import adopt
    from changen_cli.training.train import train

    with cost_noted(cost_file(run), time.process_time):
        train(parse(DetectionConfig, with_head(adopt(recipe)), FILE), run)
    weights.parent.mkdir(parents=True, exist_ok=True)
    pack_weights(run, weights.parent, weights.stem, command="python benchmarks/tables.py", **card)


def cost_file(run: Path) -> Path:
    """Returns the file of the processor seconds of a run, a line for each time it was started."""
    return run.parent / f"{run.name}.cost"


def key_of_start(plan: Plan, detector: str, seed: int) -> dict[str, Any]:
    """Returns what a pre-trained detector depends on."""
    made = transfer.key_of(plan.transfer, plan.pretrain_trial(seed))
    return {**made, "recipe": plan.pretrain_recipe(detector, seed)}


def pretrain(plan: Plan, detector: str, seed: int) -> float:
    """Pre-trains a detector, unless that is done, here or by ``transfer.py``.

    Returns:
        The processor seconds that it took.
    """
    key, weights = key_of_start(plan, detector, seed), ROOT / plan.pretrained(detector, seed)
    record = plan.runs / "pretrained" / f"{detector}-{seed}.json"
    if read_json(record).get("key") == key and weights.is_file():
        return float(read_json(record)["processor_seconds"])
    other = plan.pretrain_trial(seed)
    theirs = read_json(transfer.figures_file(plan.transfer, other))
    there = plan.transfer.runs / "weights" / f"{other.name}.safetensors"
    if theirs.get("key") == key and there.is_file():
        weights.parent.mkdir(parents=True, exist_ok=True)
        for suffix in (".safetensors", ".yaml"):
            shutil.copyfile(there.with_suffix(suffix), weights.with_suffix(suffix))
        seconds = float(theirs["processor_seconds"])
    else:
        transfer.make_series(plan.transfer, other.row)
        run = plan.runs / "pretrained" / "runs" / f"{detector}-{seed}"
        drop_other_run(run, cost_file(run), key)
        learn(key["recipe"], run, weights, plan.transfer.values["card"])
        seconds = noted_seconds(cost_file(run))
    write_json(record, {"key": key, "processor_seconds": seconds})
    return seconds


def save_lite0(path: Path) -> None:
    """Writes the ImageNet weights of EfficientNet-Lite0 as timm names them, unless they are there."""
    from safetensors.torch import save_file

    from changen_cli.models.backbone import make_backbone
    from changen_cli.models.projected.features import load_lite0

    if not path.is_file():
        network, _ = make_backbone("tf_efficientnet_lite0")
        load_lite0(network)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(network.state_dict(), path)


def figures_file(plan: Plan, trial: Trial) -> Path:
    """Returns where the figures of a detector are kept."""
    return plan.runs / "figures" / f"{trial.name}.json"


def rate_of(plan: Plan, trial: Trial) -> float | None:
    """Returns a learning rate: the tried one, or the best of those that were for this start; None if not all were."""
    if trial.rate is not None:
        return trial.rate
    found = {}
    for tried in (one for one in plan.rate_trials(trial.detector) if one.start == trial.start):
        if (record := known(plan, tried)) is None:
            return None
        found[tried.rate] = record["tests"]["other"]["average_precision"]
    return max(found, key=lambda rate: float(found[rate]))


def key_of(plan: Plan, trial: Trial) -> dict[str, Any] | None:
    """Returns what a detector's figures depend on, the code left out; None while its rate is not chosen."""
    rate = rate_of(plan, trial) if trial.size else 0.0
    if rate is None:
        return None
    key: dict[str, Any] = {"pairs": list(plan.chosen_pairs(trial)), "tests": plan.tests}
    if trial.size:
        key["recipe"] = plan.recipe(trial, rate)
    if plan.starts_from(trial.start) == CHANGEN:
        key["start"] = key_of_start(plan, trial.detector, trial.seed)
    return key


def known(plan: Plan, trial: Trial) -> dict[str, Any] | None:
    """Returns the figures of a detector; None if they are not measured, or of another plan, pairs or weights."""
    record = read_json(figures_file(plan, trial))
    return record if record and record["key"] == json.loads(json.dumps(key_of(plan, trial))) else None


def measure(plan: Plan, trial: Trial) -> None:
    """Fine-tunes and measures a detector, unless that is done."""
    if known(plan, trial) is not None:
        return
    print(trial.name, flush=True)
    key, cost = key_of(plan, trial), 0.0
    assert key is not None, "rates are tried first"
    list_pairs(plan, trial)
    weights = ROOT / plan.pretrained(trial.detector, trial.seed)
    spent = pretrain(plan, trial.detector, trial.seed) if "start" in key else 0.0
    run = plan.runs / "detectors" / trial.name
    if trial.size:
        weights = run / "weights" / f"{trial.name}.safetensors"
        remove(run)  # of a run that was stopped: a minute's work, perhaps by another rate
        learn(key["recipe"], run, weights, plan.values["card"])
        cost = noted_seconds(cost_file(run))
    found = {
        test: scores_of(plan, trial, test, weights) for test in plan.tests if trial.rate is None or test == "other"
    }
    about = {"detector": trial.detector, "start": trial.start, "size": trial.size, "seed": trial.seed}
    made = {"commit": commit(FILE), "processor_seconds": cost, "pretrain_seconds": spent, "machine": describe_machine()}
    write_json(figures_file(plan, trial), {"key": key, **about, "rate": trial.rate, "tests": found, **made})
    remove(run)


def remove(run: Path) -> None:
    """Removes a run with its weights and its cost, if it is there."""
    shutil.rmtree(run, ignore_errors=True)
    cost_file(run).unlink(missing_ok=True)


def scores_of(plan: Plan, trial: Trial, test: str, weights: Path) -> dict[str, Any]:
    """Measures a detector on a test."""
    from changen_cli import EvaluateOptions, evaluate_detection

    data = plan.tests[test].get("data")
    where, split = (plan.data(trial), TEST) if data is None else (data, None)
    options = EvaluateOptions(data=where, weights=(str(weights),), split=split, device="cpu", sheet_rows=0)
    found: Any = json.loads(json.dumps(evaluate_detection(options).as_json()))
    kept = {name: found["detectors"][0][name] for name in KEPT}
    return {**kept, "all_change": found["all_change"], "pairs": found["pairs"]}


def table(plan: Plan, page: Path) -> None:
    """Writes results.json and the page, of what is measured by this plan."""
    found = [record for trial in plan.trials() if (record := known(plan, trial)) is not None]
    tried = [record for name in plan.detectors for one in plan.rate_trials(name) if (record := known(plan, one))]
    if not found:
        raise SystemExit("tables.py: nothing is measured yet, so there is no table to write")
    write_json(plan.runs / "results.json", {"plan": plan.values, "rates": tried, "trials": found})
    page.write_text(write_page(plan, found, tried), encoding="utf-8")
    print(page, plan.runs / "results.json", sep="\n")


def main(words: list[str] | None = None) -> None:
    """Does the stages that are asked for, in their order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "tables", help="folder of the results")
    parser.add_argument("--transfer-runs", type=Path, default=ROOT / "runs" / "transfer", help="that of transfer.py")
    parser.add_argument("--plan", type=Path, default=HERE / FILE)
    parser.add_argument("--page", type=Path, default=HERE / "tables.md", help="what the table is written to")
    parser.add_argument("--only", help="names of detectors, a,b; all if not given")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no detector later than that")
    parser.add_argument("--stage", action="append", choices=("measure", "table"), help="repeatable; both if not given")
    given = parser.parse_args(words)
    series = TransferPlan(HERE / transfer.FILE, given.transfer_runs.resolve())
    plan, page = Plan(given.plan, given.runs.resolve(), series), given.page.resolve()
    only = given.only.split(",") if given.only else list(plan.detectors)
    if unknown := [name for name in only if name not in plan.detectors]:
        parser.error(f"--only {unknown[0]}: no such detector; there are {', '.join(plan.detectors)}")
    os.chdir(ROOT)  # where the paths of the plan start
    stages = given.stage or ("measure", "table")
    try:
        if "measure" in stages:
            save_lite0(ROOT / plan.lite0)
            trials = (one for name in only for one in (*plan.rate_trials(name), *plan.trials([name])))
            for trial in in_time(trials, given.minutes):
                measure(plan, trial)
        if "table" in stages:
            table(plan, page)
    except ChangenError as error:
        raise SystemExit(f"tables.py: {error}") from error


if __name__ == "__main__":
    main()
