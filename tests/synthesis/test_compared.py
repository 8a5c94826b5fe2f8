"""The synthesizers that run other networks: OASIS + GPCM, SPADE + GPCM and DeepFillv2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import torch
from safetensors.torch import save_file

from changen_cli import plugins
from changen_cli.errors import PluginError, UsageError, WeightsError
from changen_cli.events.base import Change
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.registry import find_models, make_network
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.synthesis.base import Batch, Synthesizer, SynthesizerSettings
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.synthesis.network import NetworkSynthesizer
from changen_cli.synthesis.support import removed_ground
from changen_cli.synthesis.transfer import HostTransfer
from changen_cli.weights.card import Card, file_sha256
from changen_cli.weights.load import load_network

ARGUMENTS: dict[str, dict[str, Any]] = {
    "changen": {"width": 1 / 16, "hidden": [8] * 6, "noise_dim": 5},
    "oasis": {"width": 1 / 64, "hidden": [8] * 6, "noise_dim": 6},
    "spade": {"width": 1 / 64, "hidden": [8] * 7, "noise_dim": 7},
    "deepfill": {"width": 1 / 12},
    "segmenter": {"width": 1 / 4},
}
COMPARED = ("oasis", "spade", "deepfill")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives untrained weights of an architecture, with their card."""
    folder = tmp_path_factory.mktemp("weights")

    def make(architecture: str) -> Path:
        path = folder / f"{architecture}.safetensors"
        if not path.exists():
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(3)
                network = make_network(architecture, ARGUMENTS[architecture])
            fold_spectral_norm(network.eval())
            save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
            card = Card(architecture, architecture, ARGUMENTS[architecture], file_sha256(path), licence="CC0-1.0")
            card.write(path.with_suffix(".yaml"))
        return path

    return make


def batch(noise_dim: int, size: tuple[int, int] = (40, 52), samples: int = 3) -> Batch:
    """Every sample loses one of two houses."""
    draw = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (samples, 3, *size), generator=draw, dtype=torch.uint8)
    before = torch.zeros(samples, *size, dtype=torch.uint8)
    before[:, 5:15, 6:18] = 1
    before[:, 24:34, 20:40] = 1
    after = before.clone()
    after[:, :20] = 0
    noise = torch.randn(samples, noise_dim, generator=draw)
    change = Change("remove", 1, Footprint(1, shapely.box(6, 5, 18, 15)), None)
    return Batch(image, before, after, noise, ((change,),) * samples, 1)


def make(name: str, weights: Callable[[str], Path], **settings: Any) -> NetworkSynthesizer[Any]:
    synthesizer = plugins.load(plugins.SYNTHESIZERS, name)(SynthesizerSettings(str(weights(name)), **settings))
    assert isinstance(synthesizer, NetworkSynthesizer)
    return synthesizer


@pytest.mark.parametrize("architecture", find_models())
def test_weights_of_every_architecture_can_be_loaded(architecture: str, weights: Callable[[str], Path]) -> None:
    network, card = load_network(str(weights(architecture)))
    assert type(network) is find_models()[architecture].network
    assert card.architecture == architecture
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_an_architecture_from_a_later_changen_is_named(weights: Callable[[str], Path], tmp_path: Path) -> None:
    path = weights("oasis")
    copied = tmp_path / path.name
    copied.write_bytes(path.read_bytes())
    Card("diffusion", "diffusion", {}, file_sha256(path)).write(copied.with_suffix(".yaml"))
    with pytest.raises(WeightsError, match="'diffusion', which this changen does not know"):
        load_network(str(copied))
    with pytest.raises(PluginError, match="unknown model 'diffusion'; installed: changen, deepfill"):
        make_network("diffusion", {})


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_batches_in_images_out(name: str, precision: str, weights: Callable[[str], Path]) -> None:
    synthesizer = make(name, weights, precision=precision)
    assert isinstance(synthesizer, Synthesizer)
    assert synthesizer.name == name
    assert synthesizer.noise_dim == {"oasis": 6, "spade": 7, "deepfill": 0}[name]
    step = batch(synthesizer.noise_dim)
    made = synthesizer.synthesize(step)
    assert made.shape == step.image.shape
    assert made.dtype == torch.uint8
    assert made.float().std() > 0
    assert synthesizer.as_manifest() == {
        "name": name,
        "weights": name,
        "sha256": file_sha256(weights(name)),
        "licence": "CC0-1.0",
        "attribution": "",
    }


@pytest.mark.parametrize("name", COMPARED)
def test_a_sample_is_the_same_bytes_in_any_batch(name: str, weights: Callable[[str], Path]) -> None:
    synthesizer = make(name, weights)
    step = batch(synthesizer.noise_dim)
    together = synthesizer.synthesize(step)
    for n in range(3):
        part = slice(n, n + 1)
        alone = synthesizer.synthesize(
            Batch(step.image[part], step.before[part], step.after[part], step.noise[part], step.changes[part], 1)
        )
        assert torch.equal(alone[0], together[n])


@pytest.mark.parametrize("name", ["oasis", "spade"])
def test_the_image_before_does_not_count_and_the_layout_and_noise_do(name: str, weights: Callable[[str], Path]) -> None:
    synthesizer = make(name, weights)
    step = batch(synthesizer.noise_dim)
    made = synthesizer.synthesize(step)
    assert torch.equal(made, synthesizer.synthesize(Batch(255 - step.image, 1 - step.before, step.after, step.noise)))
    assert not torch.equal(made, synthesizer.synthesize(Batch(step.image, step.before, 1 - step.after, step.noise)))
    assert not torch.equal(made, synthesizer.synthesize(Batch(step.image, step.before, step.after, -step.noise)))


def test_deepfill_paints_the_hole_and_nothing_else(weights: Callable[[str], Path]) -> None:
    synthesizer = make("deepfill", weights, events=("remove",))
    step = batch(0)
    made = synthesizer.synthesize(step)
    hole = removed_ground(step.before, step.after).unsqueeze(1).expand_as(made)
    assert torch.equal(made[~hole], step.image[~hole])
    assert (made[hole] != step.image[hole]).float().mean() > 0.9
    hidden = torch.where(hole, 255 - step.image, step.image)
    again = synthesizer.synthesize(Batch(hidden, step.before, step.after, step.noise, step.changes))
    assert torch.equal(again, made)


def test_deepfill_refuses_what_it_cannot_show(weights: Callable[[str], Path]) -> None:
    with pytest.raises(UsageError, match="deepfill: shows only the event 'remove', not 'create'"):
        make("deepfill", weights, events=("remove", "create"))
    step = batch(0)
    built = Change("create", 1, None, Footprint(9, shapely.box(1, 1, 5, 5)))
    with pytest.raises(UsageError, match="shows only removed objects, but the event 'create'"):
        make("deepfill", weights).synthesize(Batch(step.image, step.before, step.after, step.noise, ((built,),) * 3))


@pytest.mark.parametrize("name", ["oasis", "spade"])
def test_unknown_classes_are_refused(name: str, weights: Callable[[str], Path]) -> None:
    synthesizer = make(name, weights, events=("create", "remove", "scale"))
    step = batch(synthesizer.noise_dim)
    with pytest.raises(UsageError, match="class 4, but the weights"):
        synthesizer.synthesize(Batch(step.image, step.before, 4 * step.after, step.noise))


@pytest.mark.parametrize("name", COMPARED)
def test_without_weights_it_says_how_to_train_them(
    name: str, weights: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    factory = plugins.load(plugins.SYNTHESIZERS, name)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=rf"no weights named '{name}'.*changen train --model {name}, pack them"):
        factory(SynthesizerSettings())
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(weights(name).parent))
    assert factory(SynthesizerSettings()).card.name == name


@pytest.mark.parametrize("name", COMPARED)
def test_weights_of_another_architecture_are_refused(name: str, weights: Callable[[str], Path]) -> None:
    message = rf"weights of 'changen', not of '{name}'; name others, or make some with: changen train --model {name}"
    with pytest.raises(WeightsError, match=message):
        plugins.load(plugins.SYNTHESIZERS, name)(SynthesizerSettings(str(weights("changen"))))


@pytest.mark.parametrize("name", COMPARED)
def test_end_to_end_through_the_engine(name: str, weights: Callable[[str], Path]) -> None:
    synthesizer = make(name, weights)
    house, shed = Footprint(1, shapely.box(5, 5, 20, 15)), Footprint(2, shapely.box(25, 20, 34, 33))
    town = Layout(40, 52, (house, shed))
    masks = np.stack([x.rasterize()[0] for x in (town, town.without({1}), town.without({1, 2}))])
    changes = ((Change("remove", 1, house, None),), (Change("remove", 2, shed, None),))
    draw = np.random.default_rng(0)
    valid = np.ones((40, 52), bool)
    jobs = [
        Job(
            n,
            draw.integers(0, 256, (3, 40, 52), np.uint8),
            valid,
            masks,
            changes,
            draw.standard_normal((2, synthesizer.noise_dim), np.float32),
        )
        for n in range(3)
    ]
    results = dict(Engine(synthesizer, HostTransfer(), 2).run(jobs))
    for job in jobs:
        frames = results[job.tag]
        assert frames.shape == (3, 3, 40, 52)
        assert (frames[0] == job.image).all()
        assert (frames[1] != frames[0]).any()
        assert (frames[2] != frames[1]).any()
    single = dict(Engine(synthesizer, HostTransfer(), 1).run(jobs))
    assert all((single[n] == results[n]).all() for n in range(3))
