"""benchmarks/transfer.py: its plan fits the package, it goes on where it stopped, its page says what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transfer
import yaml
from commands import ROOT
from transfer_page import write_page
from transfer_plan import Plan, Trial
from typer.main import get_command

from changen_cli.cli.main import app
from changen_cli.training.config.recipes import read_recipe
from changen_cli.weights.card import read_card

PLAN = ROOT / "benchmarks" / "transfer.yaml"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(PLAN, tmp_path / "runs")


def test_nothing_is_made_of_the_scenes_that_weights_or_tests_hold_out(plan: Plan) -> None:
    recipe: Any = read_recipe(str(ROOT / "weights" / "recipes" / "compact.yaml"))
    for about in plan.values["sources"].values():
        for scenes in about["scenes"]:
            (data,) = [data for data in recipe["data"] if scenes.startswith(f"{data['path']}/")]
            out = {Path(pattern).stem for pattern in about["without"]}
            assert {*data["val"], *data.get("exclude", ())} <= out
            tested = (Path(scene) for scene in plan.values["held_out"]["scenes"])
            assert {scene.stem for scene in tested if str(scene.parent) == data["path"]} <= out


def test_scenes_are_listed_without_what_is_left_out(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfer_plan.ROOT", tmp_path)
    for name in ("a.tif", "a_mask.tif", "kept_back.tif"):
        (tmp_path / name).touch()
    source = plan.values["sources"]["geo"]
    source["scenes"], source["without"] = ["*.tif"], ["*_mask.tif", "kept_*"]
    assert plan.scenes("geo") == ["a.tif"]
    source["without"] = ["*"]
    with pytest.raises(SystemExit, match="no scene"):
        plan.scenes("geo")


def test_every_detector_has_a_recipe_that_can_be_trained(plan: Plan) -> None:
    trials = list(plan.trials())
    assert len({trial.name for trial in trials}) == len(trials)
    whole = plan.config(Trial("keep", (), 0))
    for trial in trials:
        config = plan.config(trial)
        assert (config.iterations, config.batch_size, config.threads) == (whole.iterations, whole.batch_size, 1)
        assert sum(data.share for data in config.data) == pytest.approx(1, abs=1e-3)
        assert bool(config.chosen_conditions()) == ("conditions" not in trial.without)
        assert bool(config.layouts) == ("masks" not in trial.without)
    assert {series for about in plan.rows.values() for series in about["series"]} == set(plan.values["series"])


def test_rows_are_chosen_by_pattern_and_seeds_come_one_after_the_other(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [trial.name for trial in plan.trials(["post", "keep*"], [0])] == [
        "post-0", "keep-0", "keep-no-conditions-0", "keep-no-masks-0", "keep-no-conditions-no-masks-0",
    ]  # fmt: skip
    seeds = [trial.seed for trial in plan.trials()]
    assert seeds == sorted(seeds)
    with pytest.raises(SystemExit):
        transfer.main(["--only", "nobody"])
    assert "--only nobody: no such row; there are post, post-no-conditions" in capsys.readouterr().err


def test_commands_are_what_the_tool_understands(plan: Plan) -> None:
    group, trial = get_command(app), Trial("keep", (), 0)
    commands = [plan.train_command(trial), plan.pack_command(trial)]
    commands += [plan.evaluate_command(trial, test) for test in plan.tests]
    commands += [plan.test_command(test) for test in plan.tests if "series" in plan.tests[test]]
    commands += [plan.generate_command(s, o) for s in plan.values["series"] for o in plan.values["sources"]]
    for words in commands:
        command: Any = group
        context: Any = None
        while hasattr(command, "get_command"):
            name, *words = words
            context = command.make_context(name, [], parent=context, resilient_parsing=True)
            command = command.get_command(context, name)
            assert command is not None, name
        command.make_context("changen", list(words), parent=context)


class FakeChangen:
    """Stands in for the command line: writes what each command leaves behind, and counts."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, words: list[str], environment: object = None, codes: object = (0,)) -> str:
        self.calls.append(words[0])
        if words[0] == "pretrain":
            run = ROOT / words[words.index("--output") + 1]
            run.mkdir(parents=True, exist_ok=True)
            (run / f"{sum(1 for _ in run.iterdir())}").touch()
        if words[0] == "generate":
            folder = ROOT / words[words.index("--output") + 1]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "manifest.json").write_text("{}")
        scores = {"f1": 0.5, "best_f1": 0.6, "average_precision": 0.4, "precision": 1.0, "recall": 0.3}
        floor = {"f1": 0.2, "best_f1": 0.2, "average_precision": 0.1}
        detector = scores | {"best_threshold": 0.4, "curve": []}
        return json.dumps({"detectors": [detector], "all_change": floor, "pairs": 11})


@pytest.fixture
def changen(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> FakeChangen:
    fake = FakeChangen()
    monkeypatch.setattr(transfer, "run_changen", fake)
    for about in plan.values["sources"].values():
        about["scenes"], about["without"] = ["tests/conftest.py"], []
    return fake


def test_what_is_done_is_left_alone_and_what_it_depends_on_is_watched(plan: Plan, changen: FakeChangen) -> None:
    trial, other = Trial("copy-paste", (), 0), Trial("copy-paste", (), 1)

    def go(one: Trial) -> list[str]:
        changen.calls.clear()
        transfer.measure(plan, one)
        return changen.calls

    learnt = ["pretrain", "weights", *["evaluate"] * len(plan.tests)]
    assert go(trial) == ["generate", "generate", *learnt]
    assert go(trial) == []
    assert go(other) == learnt
    plan.values["recipe"]["iterations"] = 7
    assert go(trial) == learnt
    plan.values["series"]["copy-paste"]["changes-per-step"] = "1:2"
    assert go(trial) == ["generate", "generate", *learnt]
    recipe = yaml.safe_load((plan.runs / "detectors" / f"{trial.name}.yaml").read_text())
    assert recipe == plan.recipe(trial)
    # a run of other series at the same place is no start for this one
    run = plan.runs / "detectors" / trial.name
    assert [path.name for path in run.iterdir()] == ["0"]
    assert len(transfer.cost_file(plan, trial).read_text().split()) == 1


def test_a_detector_that_was_stopped_goes_on(plan: Plan, changen: FakeChangen) -> None:
    trial = Trial("copy-paste", (), 0)
    transfer.measure(plan, trial)
    transfer.figures_file(plan, trial).unlink()
    transfer.measure(plan, trial)
    assert sorted(path.name for path in (plan.runs / "detectors" / trial.name).iterdir()) == ["0", "1"]
    assert len(transfer.cost_file(plan, trial).read_text().split()) == 2


def test_rows_without_their_weights_are_left_out(plan: Plan) -> None:
    plan.values["series"]["oasis"]["weights"] = "runs/nowhere/oasis.safetensors"
    assert transfer.missing_weights(plan, "oasis") == ["runs/nowhere/oasis.safetensors"]
    assert transfer.missing_weights(plan, "keep") == []
    assert plan.sha256("keep") == read_card(ROOT / "weights" / "compact.yaml").sha256


def test_the_page_has_means_spreads_and_what_is_missing(
    plan: Plan, changen: FakeChangen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for trial in (Trial("post", (), 0), Trial("post", (), 1), Trial("copy-paste", (), 0)):
        transfer.measure(plan, trial)
    record = transfer.figures_file(plan, Trial("post", (), 1))
    values = json.loads(record.read_text())
    values["tests"]["levir"]["f1"] = 0.7
    record.write_text(json.dumps(values))
    page = tmp_path / "page.md"
    transfer.table(plan, page)
    text = page.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| post-classification")]
    assert rows[0].startswith("| post-classification | yes | yes | 0.60 ± 0.14 / 0.60 ± 0.00 / 0.40 ± 0.00 |")
    pasted = next(line for line in text.splitlines() if line.startswith("| copy-paste"))
    assert pasted.startswith("| copy-paste (created only) (1 of 2 seeds) | yes | yes | 0.50 / 0.60 / 0.40 |")
    assert "*0.50 / 0.60 / 0.40*" in pasted  # on what the same synthesizer made
    assert text.count("*0.50") == 1
    assert "| all change | - | - | 0.20 / 0.20 / 0.10 |" in text
    assert "post (1 of 3 seeds)" in text
    assert "keep-no-masks" in text
    plan.values["recipe"]["iterations"] = 7  # figures of another plan must not stand in the table
    with pytest.raises(SystemExit, match="nothing is measured"):
        transfer.table(plan, page)
    assert "left out" in capsys.readouterr().out
    assert write_page(plan, [values]).startswith("# Does the data train a detector?")
