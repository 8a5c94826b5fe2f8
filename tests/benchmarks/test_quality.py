"""benchmarks/quality.py: its plan fits the package, its stages skip what is done, its page says what was measured."""

from __future__ import annotations

import fnmatch
import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import quality
import yaml
from commands import ROOT
from quality_page import write_page
from quality_plan import Plan, Trial
from typer.main import get_command

from changen_cli import plugins
from changen_cli.cli.main import app
from changen_cli.events.schedule import make_schedule
from changen_cli.synthesis.base import SynthesizerSettings
from changen_cli.synthesis.showing import require_events, shown_by
from changen_cli.training.run.checkpoint import LAST
from changen_cli.weights.card import Card

PLAN = ROOT / "benchmarks" / "quality.yaml"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(PLAN, tmp_path / "runs")


def trial_of(plan: Plan, events: str, row: str, seed: int = 1) -> Trial:
    return Trial(plan.sets[events], plan.rows[row], seed)


def test_no_model_trains_on_the_scenes_that_it_is_measured_on(plan: Plan) -> None:
    for model in plan.models:
        for scene in plan.values["scenes"]:
            own = [data for data in plan.config(model).data if Path(data.path) == Path(scene).parent]
            assert own, f"{model} does not know the folder of {scene}, so it cannot hold it out"
            for data in own:
                assert any(fnmatch.fnmatch(Path(scene).stem, pattern) for pattern in data.val)


def test_models_differ_in_nothing_but_what_is_compared(plan: Plan) -> None:
    full = plan.config("changen")
    for name, destyle, masking in (("no-destyle", False, True), ("no-masking", False, False)):  # as in Table 3
        ablated = plan.config(name)
        without = replace(full.generator, destyle=destyle, masking=masking)
        assert ablated == replace(full, generator=without, iterations=ablated.iterations)
    for model in plan.models:
        config = plan.config(model)
        assert (config.data, config.seed, config.threads) == (full.data, full.seed, 1)
        assert (config.batch_size, config.crops.size) == (full.batch_size, full.crops.size)


def test_every_run_has_a_row_and_every_row_is_in_a_table(plan: Plan) -> None:
    assert {row.run for row in plan.rows.values()} - {None} == set(plan.models)
    assert {name for events in plan.sets.values() for name in events.rows} == set(plan.rows)
    for row in plan.rows.values():
        if row.run is not None:
            assert plan.config(row.run).model == row.synthesizer


def test_synthesizers_take_the_events_of_their_tables(plan: Plan) -> None:
    for events in plan.sets.values():
        for row in (plan.rows[name] for name in events.rows if plan.weights(plan.rows[name]) is None):
            factory = plugins.load(plugins.SYNTHESIZERS, row.synthesizer)
            asked = ((name, event) for name, event, _ in make_schedule(events.events).events)
            require_events(row.synthesizer, shown_by(factory), asked)
            assert factory(SynthesizerSettings()).name == row.synthesizer
    for row in plan.rows.values():
        assert row.synthesizer in plugins.find(plugins.SYNTHESIZERS)


def test_commands_are_what_the_tool_understands(plan: Plan) -> None:
    group = get_command(app)
    trial = trial_of(plan, "both", "oasis")
    commands = [plan.train_command("oasis"), plan.pack_command("oasis"), plan.generate_command(trial)]
    for words in [*commands, plan.evaluate_command(trial)]:
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

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.calls: list[str] = []

    def __call__(self, words: list[str], environment: object = None, codes: object = (0,)) -> str:
        self.calls.append(words[0])
        if words[0] == "generate":
            folder = Path(words[words.index("--output") + 1])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "manifest.json").write_text(json.dumps({"counts": {"changes": {"create": 3}}}))
        if words[0] == "train":
            raise SystemExit("stopped")
        return json.dumps({"pairs": 7, "figures": {}})


@pytest.fixture
def changen(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> FakeChangen:
    fake = FakeChangen(plan)
    monkeypatch.setattr(quality, "run_changen", fake)
    return fake


def test_series_are_made_again_only_when_their_weights_or_their_command_change(
    plan: Plan, changen: FakeChangen
) -> None:
    weights = plan.runs / "weights"
    weights.mkdir(parents=True)
    trial = trial_of(plan, "both", "oasis")
    assert not plan.has_weights(trial.row)

    def pack(sha256: str) -> None:
        (weights / "oasis.safetensors").touch()
        training = {"iterations": 1485, "recipe": {"seed": 0}}
        Card("oasis", "oasis", {}, sha256, training=training).write(weights / "oasis.yaml")

    def go() -> list[str]:
        changen.calls.clear()
        quality.generate(plan, trial)
        quality.evaluate(plan, trial)
        return changen.calls

    pack("a" * 64)
    assert plan.has_weights(trial.row)
    assert go() == ["generate", "evaluate"]
    assert go() == []
    pack("b" * 64)
    assert go() == ["generate", "evaluate"]
    assert go() == []
    plan.values["generate"]["resolution"] = 0.5
    assert go() == ["generate", "evaluate"]
    plan.values["segmenter"] = "another"
    assert go() == ["evaluate"]
    found = quality.collect(plan)["trials"]
    assert [(t["set"], t["row"], t["seed"], t["evaluation"]["pairs"]) for t in found] == [("both", "oasis", 1, 7)]
    pack("c" * 64)  # figures of other weights must not stand in the table, nor those of another plan
    assert quality.collect(plan)["trials"] == []
    pack("b" * 64)
    assert len(quality.collect(plan)["trials"]) == 1
    plan.values["generate"]["resolution"] = 0.3
    assert quality.collect(plan)["trials"] == []


def test_training_that_was_stopped_is_paid_for_and_goes_on(plan: Plan, changen: FakeChangen) -> None:
    for _ in range(2):
        with pytest.raises(SystemExit, match="stopped"):
            quality.train(plan, ["spade"])
    assert changen.calls == ["train", "train"]
    assert len((plan.runs / "spade.cost").read_text().split()) == 2
    assert yaml.safe_load((plan.runs / "spade.yaml").read_text()) == plan.recipe("spade")


def test_a_run_is_done_when_it_has_its_iterations_by_this_recipe(
    plan: Plan, changen: FakeChangen, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"iteration": 10, "config": plan.config("spade")}
    monkeypatch.setattr(quality, "read_checkpoint", lambda path: state)
    assert not quality.is_trained(plan, "spade")  # there is no file
    (plan.runs / "spade").mkdir(parents=True)
    (plan.runs / "spade" / LAST).touch()
    assert not quality.is_trained(plan, "spade")
    state["iteration"] = plan.config("spade").iterations
    assert quality.is_trained(plan, "spade")
    quality.train(plan, ["spade"])
    assert changen.calls == []
    state["config"] = replace(plan.config("spade"), save_every=7, workers=0)
    assert quality.is_trained(plan, "spade")
    state["config"] = replace(plan.config("spade"), seed=5)
    with pytest.raises(SystemExit, match="was trained with seed = 5, the plan has 0"):
        quality.is_trained(plan, "spade")


def results(plan: Plan) -> dict[str, Any]:
    """Results of two rows and two seeds of the first table, and of nothing else."""
    real = {"building": 0.55, "background": 0.97, "iou": 0.5}

    def trial(row: str, seed: int, frechet: float, created: float | None) -> dict[str, Any]:
        figures = {
            "frechet_lite0": {"value": frechet},
            "kernel_lite0": {"absent": "for this test"},
            "removed_structure": {"value": 1.0, "value_8": 0.7, "interior": 0.5},
            "label_agreement": {"created": created, "removed": 0.4, "kept": 0.6, "iou": 0.3, "real": real},
            "background_drift": {"structure": 0.123},
        }
        about = {"pairs": 36, "reference_images": 18, "tile_size": [256, 256], "figures": figures}
        key = {"commands": ["changen generate", "changen evaluate"], "sha256": "ab" * 32 if row == "shipped" else None}
        changes = {"create": 50, "remove": 60}
        where = {"set": "both", "row": row, "seed": seed}
        return where | {"key": key, "commit": "c0ffee", "counts": {"changes": changes}, "evaluation": about}

    rows = [trial("copy", 1, 0.4, 0.1), trial("copy", 2, 0.4, None)]
    rows += [trial("shipped", 1, 480.0, 0.9), trial("shipped", 2, 500.0, 0.8)]
    time = {
        "of": {"rounds": 9, "tiles": 4},
        "seconds": {"copy": 0.0, "shipped": 0.25},
        "ratio": {"copy": 0.0, "shipped": 1.0},
        "parameters": {"copy": None, "shipped": 6_100_000},
        "machine": {"precision": "bf16", "processor": "a processor", "cores": 2, "load": 0.1},
    }
    trained = {"oasis": {"iterations": 1485, "processor_seconds": 1500.0}}
    values = deepcopy(plan.values) | {"remarks": []}
    return {"plan": values, "commit": "c0ffee", "trained": trained, "trials": rows, "time": time}


def lines_of(page: str, start: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith(start)]


def test_page_has_means_spreads_and_dashes(plan: Plan) -> None:
    page = write_page(results(plan))
    shipped, cost = lines_of(page, "| changen, shipped weights |")[:2]
    assert shipped == (
        "| changen, shipped weights | 490 ± 10 | 0.85 ± 0.05 | 0.40 ± 0.00 | 0.60 ± 0.00 | 0.30 ± 0.00 | 1.00 ± 0.00 "
        "| 0.70 ± 0.00 | 0.50 ± 0.00 | 0.12 ± 0.00 | 0.250 |"
    )
    assert cost == "| changen, shipped weights | 6.1 M | 8,100 | about 240 | 0.250 | 1.00 |"
    # of one seed nothing was seen: a mean over the other would be of other layouts than the rows around it
    assert "| 0 ± 0 | - | 0.40 ± 0.00 | 0.60" in lines_of(page, "| copy (nothing changes) |")[0]
    assert lines_of(page, "| real images") == [
        "| real images, by their own labels | - | 0.55 | 0.97 | 0.55 | 0.50 | - | - | - | - | - |"
    ]
    assert "kernel, Lite0 ↓" not in page.split("## Cost")[0].split("## Buildings")[1]
    assert lines_of(page, "| OASIS + GPCM |") == [
        "| OASIS + GPCM | - | - | - | - | - | - | - | - | - | - |",
        "| OASIS + GPCM | - | 1,485 | 25.0 | - | - |",
    ]
    assert "Not there yet: changen, changen without de-styling" in page
    assert "72 pairs, 100 buildings created, 120 buildings removed." in page
    assert page.count("Not measured yet.") == 2
    assert "ab" * 32 in page
    assert "What was seen" not in page


def test_page_tells_of_a_row_that_was_measured_on_less(plan: Plan) -> None:
    found = results(plan)
    found["trials"][3]["evaluation"]["pairs"] = 30
    found["plan"]["remarks"] = ["Removed buildings leave dark ground."]
    page = write_page(found)
    assert "changen, shipped weights could show, or was measured on, only 66 of them." in page
    assert "## What was seen\n\n- Removed buildings leave dark ground." in page
