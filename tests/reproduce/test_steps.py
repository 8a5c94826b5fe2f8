from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from changen_cli.reproduce.steps import StepError, in_order, take_all
from tests.reporting import Heard
from tests.reproduce.conftest import Commands, step


def test_what_is_done_is_left_alone(tmp_path: Path, commands: Commands) -> None:
    one = step("one")
    assert not one.done(tmp_path)
    assert take_all([one], tmp_path, commands, Heard()) == {}
    assert one.done(tmp_path)
    assert one.target(tmp_path).read_text() == "one"
    assert take_all([one], tmp_path, commands, Heard()) == {}
    assert len(commands.ran) == 1
    one.target(tmp_path).unlink()
    take_all([one], tmp_path, commands, Heard())
    assert len(commands.ran) == 2


def test_the_digest_is_of_all_that_the_result_depends_on(tmp_path: Path) -> None:
    first = step("one")
    others = [
        step("one", "write", "{target}", "else"),
        step("one", recipe={"lr": 1}),
        step("one", inputs={"data": 3}),
        step("one", after={"before": first}),
        step("one", after={"before": step("one", inputs={"data": 3})}),
    ]
    assert len({one.digest for one in (first, *others)}) == 6
    same = [step("one", places={"data": tmp_path}), step("one", local=("--device", "cpu")), step("one", lacking=("x",))]
    assert {one.digest for one in same} == {first.digest}


def test_words_and_recipe_name_what_they_read(tmp_path: Path, commands: Commands) -> None:
    before = step("before")
    after = step(
        "after", "write", "{target}", "{before}", "{data}/x", "{recipe}", "{folder}", "{name}",
        after={"before": before}, places={"data": Path("/d")}, recipe={"init": "{before}/last", "n": [1, "{data}"]},
        local=("--device", "cpu"),
    )  # fmt: skip
    take_all([after], tmp_path, commands, Heard())
    made, recipe = after.target(tmp_path), after.recipe_file(tmp_path)
    words = [str(before.target(tmp_path)), "/d/x", str(recipe), str(made.parent), made.stem, "--device", "cpu"]
    assert commands.ran[1] == ["write", str(made), *words]
    assert yaml.safe_load(recipe.read_text()) == {"init": f"{before.target(tmp_path)}/last", "n": [1, "/d"]}


def test_a_failure_costs_only_what_reads_it(tmp_path: Path, commands: Commands) -> None:
    bad, good = step("bad", "fail"), step("good")
    heard = Heard()
    failed = take_all([step("child", after={"x": bad}), good], tmp_path, commands, heard)
    assert {name.rpartition("-")[0] for name in failed} == {"bad", "child"}
    assert all("bad: ended with 1: said; its log: " in reason for reason in failed.values())
    assert good.done(tmp_path)
    assert len(heard.warned) == 1
    assert len(commands.ran) == 2
    assert not bad.done(tmp_path)


def test_a_command_that_makes_nothing_has_failed(tmp_path: Path, commands: Commands) -> None:
    commands.code = 1
    allowed = step("one", codes=(0, 1), proof="manifest.json")
    with pytest.raises(StepError, match="one: ended with 1"):
        allowed.take(tmp_path, commands)
    whole = step("one", "write", "{target}/manifest.json", codes=(0, 1), proof="manifest.json")
    whole.take(tmp_path, commands)
    assert whole.done(tmp_path)


def test_an_interrupted_command_interrupts(tmp_path: Path, commands: Commands) -> None:
    commands.code = 130
    with pytest.raises(KeyboardInterrupt):
        take_all([step("one")], tmp_path, commands, Heard())
    assert not step("one").done(tmp_path)


def test_what_lacks_something_is_not_run(tmp_path: Path, commands: Commands) -> None:
    lacks = step("lacks", lacking=("no data",))
    child = step("child", after={"x": lacks, "y": step("other")}, lacking=("no weights", "no data"))
    assert child.all_lacking() == ("no data", "no weights")
    assert take_all([child], tmp_path, commands, Heard()) == {}
    assert [words[2] for words in commands.ran] == ["other"]


def test_each_step_comes_once_and_behind_what_it_reads() -> None:
    base = step("base")
    left, right = (step(name, after={"x": base}) for name in ("left", "right"))
    assert [one.name for one in in_order([left, step("top", after={"a": right, "b": left}), base])] == [
        "base", "left", "right", "top"
    ]  # fmt: skip
