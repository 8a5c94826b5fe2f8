"""benchmarks/tables.py: no place is on both sides, starts are trained alike, what is done stays, the page says it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tables
import transfer
from commands import ROOT
from tables_plan import Plan, Trial
from transfer_plan import Plan as TransferPlan

from changen_cli.pairs.discover import open_pairs
from changen_cli.training.config.detection import DetectionConfig, with_head
from changen_cli.training.config.run import parse

BENCHMARKS = ROOT / "benchmarks"
PLACES = {number: 2 + number % 4 for number in range(1, 25)}
"""Pairs of each place, for the tests."""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    series = TransferPlan(BENCHMARKS / "transfer.yaml", tmp_path / "transfer")
    made = Plan(BENCHMARKS / "tables.yaml", tmp_path / "runs", series)
    real = tmp_path / "pairs"
    for part in ("A", "B", "label"):
        (real / part).mkdir(parents=True)
        for place, count in PLACES.items():
            for number in range(count):
                (real / part / f"P_GZ_test{place}_2011_1223_Level_18-{number}-8.png").touch()
    made.values["pairs"]["path"] = str(real)
    return made


def places_of(names: list[str]) -> set[int]:
    return {int(name.split("_")[2].removeprefix("test")) for name in names}


def test_no_place_is_trained_and_tested(plan: Plan) -> None:
    trained, chooses, tested = plan.split()
    assert sorted([*trained, *tested]) == list(PLACES)
    assert set(chooses) < set(trained)
    assert tested == [3, 6, 9, 12, 15, 18, 21, 24]
    for trial in (*plan.trials(), *plan.rate_trials("changelite")):
        names, held = plan.chosen_pairs(trial)
        assert len(names) == trial.size
        assert not places_of(names) & places_of(held)
        # what chooses the rates has nothing of what is tested in the end
        assert places_of(held) == set(tested if trial.rate is None else chooses)


def test_the_fewer_pairs_are_among_the_more_and_alike_for_all_starts(plan: Plan) -> None:
    for seed in range(3):
        drawn = [set(plan.chosen_pairs(Trial("changelite", "scratch", size, seed))[0]) for size in plan.values["sizes"]]
        assert all(fewer < more for fewer, more in pairwise(drawn))
        for start in plan.values["starts"]:
            names, _ = plan.chosen_pairs(Trial("fcsiam", start, 5, seed))
            assert set(names) == drawn[0]
    assert len({tuple(plan.chosen_pairs(Trial("changelite", "scratch", 5, seed))[0]) for seed in range(3)}) == 3
    with pytest.raises(SystemExit, match="999 pairs are asked for"):
        plan.chosen_pairs(Trial("changelite", "scratch", 999, 0))


def test_pairs_that_cannot_be_placed_are_refused(plan: Plan, tmp_path: Path) -> None:
    plan.values["pairs"]["place"] = r"town(\d+)_"
    with pytest.raises(SystemExit, match="says no place"):
        plan.split()
    plan.values["pairs"]["path"] = str(tmp_path / "nowhere")
    with pytest.raises(SystemExit, match="no pairs"):
        plan.split()


def test_starts_of_a_detector_differ_in_nothing_but_the_start(plan: Plan) -> None:
    for detector, about in plan.detectors.items():
        configs = {}
        for start in about["starts"]:
            recipe = plan.recipe(Trial(detector, start, 20, 1), 1e-3)
            # the architecture of weights comes from their card
            configs[start] = parse(
                DetectionConfig, with_head({**recipe, "init": "none", "imagenet_weights": ""}), start
            )
            assert recipe["init"] == {"changen": plan.pretrained(detector, 1)}.get(start, recipe["init"])
        plain = [{**one.to_dict(), "detector": None} for one in configs.values()]
        assert all(one == plain[0] for one in plain)
        assert plain[0]["iterations"] == plan.values["finetune"]["iterations"]
        assert about["rates"] == sorted(about["rates"])
        assert {trial.start for trial in plan.rate_trials(detector)} == set(about["starts"])


def test_budgets_of_pre_training_are_equal_and_its_recipes_can_be_trained(plan: Plan) -> None:
    theirs = plan.transfer.recipe(plan.pretrain_trial(2))
    for detector in plan.detectors:
        recipe = plan.pretrain_recipe(detector, 2)
        config = parse(DetectionConfig, with_head(recipe), detector)
        assert (config.iterations, config.batch_size) == (theirs["iterations"], theirs["batch_size"])
        assert recipe["data"] == theirs["data"]
    assert plan.pretrain_recipe("changelite", 2) == theirs
    assert plan.pretrain_recipe("changestar", 2)["imagenet_weights"] == plan.lite0


def test_a_detector_has_a_whole_table_of_one_seed_before_the_next(plan: Plan) -> None:
    trials = list(plan.trials())
    assert len({trial.name for trial in trials}) == len(trials)
    order = [(list(plan.detectors).index(trial.detector), trial.seed) for trial in trials]
    assert order == sorted(order)
    assert [trial.start for trial in trials if not trial.size and trial.detector == "changelite"] == ["changen"] * 3
    assert {trial.detector for trial in plan.trials(["fcsiam"])} == {"fcsiam"}


def test_pairs_are_listed_so_that_training_sees_no_other(plan: Plan) -> None:
    trial = Trial("changelite", "scratch", 5, 0)
    tables.list_pairs(plan, trial)
    tables.list_pairs(plan, trial)  # again, of a run that goes on
    names, held = plan.chosen_pairs(trial)
    for split, wanted in (("train", names), ("test", held)):
        assert list(open_pairs(plan.data(trial), split).ids) == wanted


class Learner:
    """Stands in for training and measuring, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.learnt: list[str] = []
        self.score = 0.4

    def learn(self, recipe: dict[str, Any], run: Path, weights: Path, card: object) -> None:
        self.learnt.append(run.name)
        self.score = 0.4 + 100 * recipe["lr"] if run.name.endswith("3e-04") else self.score
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.touch()
        run.mkdir(parents=True, exist_ok=True)
        tables.cost_file(run).write_text("12.0\n")

    def scores_of(self, plan: Plan, trial: Trial, test: str, weights: Path) -> dict[str, Any]:
        # the higher rate is the best one
        ap = 0.9 if trial.rate == 1e-3 else 0.3 + trial.seed / 10 + 0.05 * (trial.start == "changen")
        scores = {"f1": 0.5, "best_f1": 0.6, "average_precision": ap}
        return {**scores, "all_change": {"f1": 0.2, "best_f1": 0.2, "average_precision": 0.1}, "pairs": 20}


@pytest.fixture
def learner(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Learner:
    fake = Learner()
    monkeypatch.setattr(tables, "learn", fake.learn)
    monkeypatch.setattr(tables, "scores_of", fake.scores_of)
    monkeypatch.setattr(transfer, "make_series", lambda *_: None)
    for about in plan.transfer.values["sources"].values():
        about["scenes"], about["without"] = ["tests/conftest.py"], []
    return fake


def go(plan: Plan, learner: Learner, *trials: Trial) -> list[str]:
    learner.learnt.clear()
    for trial in trials:
        tables.measure(plan, trial)
    return list(learner.learnt)


def test_the_best_rate_of_those_that_were_tried_is_taken(plan: Plan, learner: Learner) -> None:
    trial = Trial("changelite", "imagenet", 5, 0)
    assert tables.rate_of(plan, trial) is None
    with pytest.raises(AssertionError, match="rates are tried first"):
        tables.measure(plan, trial)
    tried = plan.rate_trials("changelite")
    go(plan, learner, *(one for one in tried if one.start == "scratch"))
    assert tables.rate_of(plan, trial) is None  # another start's rate is not its own
    go(plan, learner, *tried)
    assert tables.rate_of(plan, trial) == 1e-3
    key = tables.key_of(plan, trial)
    assert key is not None
    assert key["recipe"]["lr"] == 1e-3


def test_what_is_done_is_left_alone_and_what_it_depends_on_is_watched(plan: Plan, learner: Learner) -> None:
    go(plan, learner, *plan.rate_trials("changelite"))
    ours, other = Trial("changelite", "changen", 5, 1), Trial("changelite", "scratch", 5, 1)
    assert go(plan, learner, ours, other) == ["changelite-1", ours.name, other.name]
    assert go(plan, learner, ours, other) == []
    assert not (plan.runs / "detectors" / ours.name).exists()  # trained on pairs that are for research alone
    plan.transfer.values["recipe"]["iterations"] = 7
    retried = [one.name for one in plan.rate_trials("changelite") if one.start == "changen"]
    assert go(plan, learner, *plan.rate_trials("changelite"), ours, other) == [
        "changelite-0", *retried, "changelite-1", ours.name,
    ]  # fmt: skip
    plan.values["finetune"]["batch_size"] = 4
    assert go(plan, learner, *plan.rate_trials("changelite"), ours)[-1] == ours.name


def test_a_detector_of_transfer_is_taken_where_the_recipe_is_the_same(plan: Plan, learner: Learner) -> None:
    trial = plan.pretrain_trial(0)
    made = plan.transfer.runs / "weights" / f"{trial.name}.safetensors"
    made.parent.mkdir(parents=True)
    made.write_text("weights")
    made.with_suffix(".yaml").write_text("card")
    record = transfer.figures_file(plan.transfer, trial)
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"key": transfer.key_of(plan.transfer, trial), "processor_seconds": 146.0}))
    assert tables.pretrain(plan, "changelite", 0) == 146.0
    assert (ROOT / plan.pretrained("changelite", 0)).read_text() == "weights"
    assert learner.learnt == []
    assert tables.pretrain(plan, "fcsiam", 0) == 12.0
    assert learner.learnt == ["fcsiam-0"]


def test_the_page_has_means_differences_and_what_is_missing(
    plan: Plan, learner: Learner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    with pytest.raises(SystemExit, match="nothing is measured"):
        tables.table(plan, page)
    trials = [one for one in plan.trials(["changelite"]) if one.seed < 2]
    go(plan, learner, *plan.rate_trials("changelite"), *trials)
    tables.table(plan, page)
    text = page.read_text()
    row = next(line for line in text.splitlines() if line.startswith("| ChangeLite (3.3 M), 3 seeds | changen's pairs"))
    cell = "0.50 ± 0.00 / 0.60 ± 0.00 / 0.40 ± 0.07"
    assert row.split(" | ")[1:] == ["changen's pairs (2 of 3 seeds)", cell, cell, cell, f"{cell} |"]
    scratch = next(line for line in text.splitlines() if line.startswith("| ChangeLite (3.3 M), 3 seeds | nothing"))
    assert scratch.split(" | ")[2] == "-"
    assert "| +0.05 ± 0.00, 2/2 |" in text
    assert "| all change | - | 0.20 / 0.20 / 0.10 |" in text
    assert "**0.900**" in text
    assert "Not measured yet: changelite of seed 2 from changen with 0, 5, 20, 40 pairs, changelite" in text
    assert "from imagenet with 5, 20, 40 pairs, fcsiam, changestar." in text
    assert "| FC-Siam" not in text
    plan.values["finetune"]["iterations"] = 7  # figures of another plan must not stand in the table
    tables.table(plan, page)
    assert "| nothing |" not in page.read_text()
    capsys.readouterr()
    with pytest.raises(SystemExit):
        tables.main(["--only", "nobody"])
    assert "--only nobody: no such detector; there are changelite, fcsiam, changestar" in capsys.readouterr().err
