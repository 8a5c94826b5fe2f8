from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from changen_cli.errors import TrainingError
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.learners.changen import ChangenLearner
from changen_cli.training.run.checkpoint import read_checkpoint, restore, save_checkpoint


@pytest.fixture
def config(tiny_recipe: dict[str, Any]) -> TrainConfig:
    return parse_config(tiny_recipe)


def make(config: TrainConfig, seed: int) -> ChangenLearner:
    torch.manual_seed(seed)
    return ChangenLearner(config, "cpu", torch.float32)


def test_everything_comes_back(config: TrainConfig, tmp_path: Path, tiny_run: Path) -> None:
    learner = make(config, 1)
    networks = learner.networks
    for network, optimizer in zip(networks, learner.optimizers, strict=True):
        for parameter in network.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    learner.update_ema(1)
    path = tmp_path / "new folder" / "last.ckpt"
    save_checkpoint(path, 7, learner, config)
    expected = torch.rand(3)
    other = make(config, 2)
    assert restore(read_checkpoint(path), other) == 7
    assert torch.equal(torch.rand(3), expected)  # PyTorch's generator goes on where it was
    others = (*other.networks, other.ema.network)
    for a, b in zip((*networks, learner.ema.network), others, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
    for c, d in zip(learner.optimizers, other.optimizers, strict=True):
        first, second = c.state_dict(), d.state_dict()
        assert first["param_groups"] == second["param_groups"]
        for key, values in first["state"].items():
            assert all(torch.equal(value, second["state"][key][name]) for name, value in values.items())
    assert [p.name for p in path.parent.iterdir()] == ["last.ckpt"]


def test_the_configuration_comes_back(config: TrainConfig, tiny_run: Path) -> None:
    state = read_checkpoint(tiny_run / "last.ckpt")
    assert state["config"] == config
    assert state["iteration"] == 2


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "executed",))

    torch.save({"iteration": Evil(), "config": {}, "generator": {}, "average": {}}, tmp_path / "bad.ckpt")
    with pytest.raises(TrainingError, match="not a changen checkpoint"):
        read_checkpoint(tmp_path / "bad.ckpt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_checkpoint_that_is_cut_short(share: float, tmp_path: Path, tiny_run: Path) -> None:
    content = (tiny_run / "last.ckpt").read_bytes()
    path = tmp_path / "last.ckpt"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TrainingError, match=r"last.ckpt: not a changen checkpoint, or damaged \(.+\); delete it") as e:
        read_checkpoint(path)
    assert "\n" not in str(e.value)


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"gone\.ckpt: no such checkpoint; train first"):
        read_checkpoint(tmp_path / "gone.ckpt")
    with pytest.raises(TrainingError, match="cannot be read"):
        read_checkpoint(tmp_path)
    others: tuple[object, ...] = ([1, 2], {"generator": {}})
    for content in others:
        torch.save(content, tmp_path / "other.ckpt")
        with pytest.raises(TrainingError, match="not a changen checkpoint"):
            read_checkpoint(tmp_path / "other.ckpt")


def test_a_full_disk_leaves_the_checkpoint_before_it_intact(
    config: TrainConfig, tmp_path: Path, mount: Callable[[str], Path]
) -> None:
    learner = make(config, 1)
    save_checkpoint(tmp_path / "other.ckpt", 1, learner, config)
    disk = mount(f"size={int((tmp_path / 'other.ckpt').stat().st_size * 1.6)}")
    path = disk / "last.ckpt"
    save_checkpoint(path, 1, learner, config)
    with pytest.raises(TrainingError, match=r"cannot write the checkpoint of iteration 2.*is intact.*it resumes"):
        save_checkpoint(path, 2, learner, config)
    assert [p.name for p in disk.iterdir()] == ["last.ckpt"]
    assert read_checkpoint(path)["iteration"] == 1


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before_it_intact(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = make(config, 1)
    path = tmp_path / "last.ckpt"
    save_checkpoint(path, 1, learner, config)

    def killed(state: Any, file: Path) -> None:
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, 2, learner, config)
    monkeypatch.undo()
    assert read_checkpoint(path)["iteration"] == 1
    save_checkpoint(path, 3, learner, config)
    assert read_checkpoint(path)["iteration"] == 3


def test_a_machine_with_other_gpus_can_go_on(config: TrainConfig, tiny_run: Path) -> None:
    state = read_checkpoint(tiny_run / "last.ckpt")
    state["random_cuda"] = [torch.zeros(16, dtype=torch.uint8)] * 9
    assert restore(state, make(config, 3)) == 2
