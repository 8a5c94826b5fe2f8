from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from changen_cli.errors import UsageError
from changen_cli.reproduce.having import Having
from changen_cli.reproduce.options import ReproduceOptions
from changen_cli.reproduce.plan import table_names
from changen_cli.reproduce.run import plan, reckon, reproduce, run_changen
from tests.reporting import Heard


def options(tmp_path: Path, table: str = "table5", **values: object) -> ReproduceOptions:
    given = {"data_root": str(tmp_path / "data"), "output": str(tmp_path / "out"), "device": "cpu", **values}
    return ReproduceOptions(table, **given)  # type: ignore[arg-type]


def refused(words: Sequence[str], log: Path) -> int:
    raise AssertionError(f"there is no data for {words}, {log}")


def test_without_data_the_table_says_what_is_missing(tmp_path: Path) -> None:
    found = reproduce(options(tmp_path), Heard(), run=refused)
    assert [path.name for path in found.files] == ["table5.md", "table5.json"]
    text = found.files[0].read_text()
    assert "| Changen | 79.3 / - | 88.4 / - |" in text
    assert "get LEVIR-CD from https://justchenhao.github.io/LEVIR/" in text
    assert "TINY" not in text
    rows = json.loads(found.files[1].read_text())["rows"]
    assert rows[-1]["figures"]["levir-5"]["f1"] == {"paper": 88.4, "ours": None}


class Recorded:
    """Runs no command: checks that what it reads is there, and writes what it would have made, with known figures."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.verbs: list[str] = []

    def __call__(self, words: Sequence[str], log: Path) -> int:
        verb = " ".join(words[:2] if words[0] in ("evaluate", "weights") else words[:1])
        self.verbs.append(verb)
        options = {name: value for name, value in pairwise(words) if name.startswith("--")}
        target = Path(options["--json"] if words[0] == "evaluate" else options["--output"])
        recipe = yaml.safe_load(Path(options["--config"]).read_text()) if "--config" in options else {}
        named = [*words, str(recipe.get("init")), *(source["path"] for source in recipe.get("data", ()))]
        read = {Path(word) for word in named if word.startswith(f"{self.root}/")} - {target}
        for path in read:
            assert path.exists(), f"{verb} reads {path}"
        if verb in ("train", "pretrain", "finetune"):
            self._write(target / "last.ckpt", "")
            self._write(target / "validation.csv", "iteration,change_f1\n1,0.25\n2,0.5\n")
        elif verb == "generate":
            self._write(target / "manifest.json", "{}")
        elif verb == "weights pack":
            self._write(target / f"{options['--name']}.safetensors", "")
        elif verb == "evaluate detection":
            self._write(target, json.dumps({"detectors": [dict.fromkeys(("iou", "f1", "precision", "recall"), 0.5)]}))
        else:
            assert verb == "evaluate quality"
            self._write(target, json.dumps({"figures": {"fid": {"value": 30.0}, "inception_score": {"value": 5.0}}}))
        return 0

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_every_table_is_whole_where_every_command_does_its_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of commands that only leave what they are to leave: each has what it reads, and every figure is found."""
    monkeypatch.setattr(Having, "data", lambda self, name: (self.root / name, {"data": name}, ()))
    monkeypatch.setattr(Having, "weights", lambda self, name: (self.root / f"{name}.pth", {}, () if name else ("no",)))
    recorded = Recorded(tmp_path / "out")
    for name in table_names():
        found = reproduce(options(tmp_path, name), Heard(), run=recorded)
        assert found.failed == {}
        for line in found.lines:
            assert line.missing == ((f"{line.entry.title}: {line.entry.absent}",) if line.entry.absent else ())
            ours = [cell.ours for cells in line.cells.values() for cell in cells]
            assert (None in ours) == bool(line.entry.absent)
        again = Recorded(tmp_path / "out")
        assert reproduce(options(tmp_path, name), Heard(), run=again).lines == found.lines
        assert again.verbs == []
    assert set(recorded.verbs) == {
        "train", "generate", "pretrain", "finetune", "weights pack", "evaluate detection", "evaluate quality",
    }  # fmt: skip
    assert (tmp_path / "out" / "figure6.png").is_file()
    assert "| Changen | 79.3 / 50.0 (-29.3) |" in (tmp_path / "out" / "table5.md").read_text()


def test_every_table_has_a_budget(tmp_path: Path) -> None:
    for name in table_names():
        _, budget = reckon(options(tmp_path, name))
        assert budget.hours > 0.5
        assert budget.gigabytes > 10
        assert "xView2 (xBD)" in budget.downloads
        assert all(item.hours >= 0 and item.how for item in budget.items)
    assert not (tmp_path / "out").exists()


def test_figures_without_runs_draw_nothing(tmp_path: Path) -> None:
    found = reproduce(options(tmp_path, "figure6", tiny=True), Heard(), run=refused)
    assert [path.name for path in found.files] == ["figure6-tiny.md", "figure6-tiny.json"]
    assert found.files[0].read_text().startswith("# TINY, no figures of the table: Figure 6.")


def test_a_budget_names_what_is_to_be_downloaded(tmp_path: Path) -> None:
    table, budget = reckon(options(tmp_path, "table7"))
    assert table.name == "table7"
    assert set(budget.downloads) == {"S2Looking", "xView2 (xBD)"}
    assert budget.hours > 1
    with pytest.raises(UsageError, match="leave --tiny out"):
        reckon(options(tmp_path, tiny=True))


def test_rows_that_cannot_be_made_have_no_steps(tmp_path: Path) -> None:
    table, steps, _ = plan(options(tmp_path, "table6"))
    assert [row.title for row, found in zip(table.rows, steps, strict=True) if not found] == [
        "BiT, ViTAEv2-S, ImageNet"
    ]


def test_commands_run_in_processes_of_their_own(tmp_path: Path) -> None:
    assert run_changen(["--version"], tmp_path / "logs" / "a.log") == 0
    assert run_changen(["verify", str(tmp_path / "nothing")], tmp_path / "logs" / "a.log") == 2
    said = (tmp_path / "logs" / "a.log").read_text()
    assert said.startswith("$ changen --version\nchangen ")
    assert "\n$ changen verify " in said
    assert "changen: error: " in said
