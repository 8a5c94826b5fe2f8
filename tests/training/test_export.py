from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from changen_cli.cli.main import main
from changen_cli.errors import StoreError, TrainingError, UsageError
from changen_cli.metrics.change.segmenter import load_segmenter
from changen_cli.models.changen import ChangenGenerator
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.config.run import parse
from changen_cli.training.export import pack_weights, seen_resolutions
from changen_cli.training.run.checkpoint import BEST, read_checkpoint
from changen_cli.training.run.log import BEST_SO_FAR, VALIDATION, MetricLog
from changen_cli.weights.card import file_sha256, read_card
from changen_cli.weights.load import load_generator
from tests.training.tiny import GANS


def inputs(size: int = 64) -> tuple[torch.Tensor, ...]:
    draw = torch.Generator().manual_seed(0)
    before, after = torch.randint(0, 2, (2, 2, size, size), generator=draw, dtype=torch.uint8)
    return (
        torch.rand(2, 3, size, size, generator=draw) * 2 - 1,
        before,
        after,
        torch.randn(2, 16, generator=draw),
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [("fp32", 2e-5), ("fp16", 0.02)])
def test_what_is_loaded_is_the_moving_average(tiny_run: Path, tmp_path: Path, dtype: str, tolerance: float) -> None:
    state = read_checkpoint(tiny_run / "last.ckpt")
    average = ChangenGenerator(state["config"].architecture)
    average.load_state_dict(state["ema"])
    path = pack_weights(tiny_run, tmp_path, "mine", dtype=dtype)
    generator, card = load_generator(str(path))
    with torch.inference_mode():
        expected = average.eval()(*inputs())
        made = generator(*inputs())
    assert expected.std() > 1e-3
    torch.testing.assert_close(made, expected, rtol=0, atol=tolerance)
    assert not torch.equal(state["ema"]["last.bias"], state["networks"][0]["last.bias"])
    assert card.name == "mine"


def test_the_card_says_what_it_is_and_where_it_comes_from(tiny_run: Path, tmp_path: Path) -> None:
    path = pack_weights(
        tiny_run / "last.ckpt",
        tmp_path / "new" / "folder",
        "mine",
        command="changen train ...",
        summary="small",
        licence="CC-BY-4.0",
        attribution="© somebody",
        metrics={"frechet_lite0": 1.5},
        threshold=0.3,
    )
    card = read_card(path.with_suffix(".yaml"))
    assert (card.name, card.architecture, card.sha256) == ("mine", "changen", file_sha256(path))
    assert (card.summary, card.licence, card.attribution) == ("small", "CC-BY-4.0", "© somebody")
    assert (card.training["iterations"], card.training["checkpoint"]) == (2, "last")
    assert card.training["seed"] == 5
    assert card.training["command"] == "changen train ..."
    assert card.training["recipe"] == yaml.safe_load((tiny_run / "config.yaml").read_text())
    assert (card.metrics, card.threshold) == ({"frechet_lite0": 1.5}, 0.3)
    assert {p.name for p in path.parent.iterdir()} == {"mine.safetensors", "mine.yaml"}


@pytest.fixture
def validated_run(tiny_run: Path, tmp_path: Path) -> Path:
    """A run whose best validation was at iteration 1, and not at 2 where it stands."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "last.ckpt").write_bytes((tiny_run / "last.ckpt").read_bytes())
    state = torch.load(tiny_run / "last.ckpt", weights_only=True)
    state["iteration"] = 1
    state["ema"]["last.bias"].fill_(0.5)
    torch.save(state, run / BEST)
    columns = ["kernel_lite0", "agreement_kept", "removed_structure", BEST_SO_FAR]
    with MetricLog(run / VALIDATION, columns, 0, run / "tensorboard") as log:
        for iteration, distance in ((1, 1.25), (2, 1.5)):
            log.write(iteration, dict(zip(columns, (distance, 0.75, float("nan"), iteration == 1), strict=True)))
    return run


def test_the_best_checkpoint_and_its_figures(validated_run: Path, tmp_path: Path) -> None:
    best, last = (
        pack_weights(validated_run, tmp_path, which, checkpoint=which, dtype="fp32") for which in ("best", "last")
    )
    assert bool((load_file(best)["last.bias"] == 0.5).all())
    assert not bool((load_file(last)["last.bias"] == 0.5).all())
    for path, iteration, distance in ((best, 1, 1.25), (last, 2, 1.5)):
        training = read_card(path.with_suffix(".yaml")).training
        assert (training["checkpoint"], training["iterations"]) == (path.stem, iteration)
        assert training["validation"] == {"kernel_lite0": distance, "agreement_kept": 0.75}
    # the folder's default, and the file itself
    assert pack_weights(validated_run, tmp_path, "default", dtype="fp32").read_bytes() == last.read_bytes()
    named = pack_weights(validated_run / BEST, tmp_path, "named", dtype="fp32")
    assert named.read_bytes() == best.read_bytes()
    assert read_card(named.with_suffix(".yaml")).training["checkpoint"] == "best"


def test_a_checkpoint_without_a_validation(validated_run: Path, tmp_path: Path) -> None:
    (validated_run / "validation.csv").unlink()
    (validated_run / BEST).rename(validated_run / "000001.ckpt")
    path = pack_weights(validated_run / "000001.ckpt", tmp_path, "mine")
    training = read_card(path.with_suffix(".yaml")).training
    assert (training["checkpoint"], training["iterations"]) == ("000001.ckpt", 1)
    assert "validation" not in training


def test_a_best_that_there_is_not(tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"tiny: has no best\.ckpt.*pack with --checkpoint last"):
        pack_weights(tiny_run, tmp_path, "mine", checkpoint="best")
    with pytest.raises(TrainingError, match=r"no such checkpoint; train first"):
        pack_weights(tmp_path, tmp_path, "mine", checkpoint="best")
    with pytest.raises(UsageError, match=r"last\.ckpt is none; give its folder"):
        pack_weights(tiny_run / "last.ckpt", tmp_path, "mine", checkpoint="best")
    with pytest.raises(UsageError, match="checkpoint 'first': choose last or best"):
        pack_weights(tiny_run, tmp_path, "mine", checkpoint="first")


def test_half_precision_halves_the_file(tiny_run: Path, tmp_path: Path) -> None:
    half = pack_weights(tiny_run, tmp_path, "half")
    full = pack_weights(tiny_run, tmp_path, "full", dtype="fp32")
    assert {t.dtype for t in load_file(half).values()} == {torch.float16}
    assert {t.dtype for t in load_file(full).values()} == {torch.float32}
    assert half.stat().st_size < 0.6 * full.stat().st_size


@pytest.mark.parametrize("model", GANS)
def test_discriminators_lie_beside_the_network(model: str, runs: Callable[[str], Path], tmp_path: Path) -> None:
    path = pack_weights(runs(model), tmp_path, "mine", discriminators=True, dtype="fp32", licence="CC0-1.0")
    assert path.read_bytes() == pack_weights(runs(model), tmp_path / "alone", "mine", dtype="fp32").read_bytes()
    beside = tmp_path / "mine-discriminators.safetensors"
    network, card = read_card(path.with_suffix(".yaml")), read_card(beside.with_suffix(".yaml"))
    assert (card.name, card.part, card.architecture) == ("mine-discriminators", "discriminators", model)
    assert (card.sha256, card.licence, card.training) == (file_sha256(beside), "CC0-1.0", network.training)
    assert network.part == "network"
    state = read_checkpoint(runs(model) / "last.ckpt")
    config = state["config"]
    assert isinstance(config, TrainConfig)
    assert card.arguments.keys() == asdict(config.discriminator).keys()
    expected = {f"{n}.{k}": v for n, values in enumerate(state["networks"]) if n for k, v in values.items()}
    stored = load_file(beside)
    assert stored.keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in stored.items())


def test_a_model_without_discriminators(runs: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="'segmenter' is trained against no discriminator; pack without"):
        pack_weights(runs("segmenter"), tmp_path, "mine", discriminators=True)
    assert not list(tmp_path.iterdir())


def test_the_same_run_gives_the_same_bytes(tiny_run: Path, tmp_path: Path) -> None:
    first, *others = (pack_weights(tiny_run, tmp_path / name, "mine") for name in "abc")
    assert {path.read_bytes() for path in others} == {first.read_bytes()}
    second = others[0]
    assert first.with_suffix(".yaml").read_bytes() == second.with_suffix(".yaml").read_bytes()


@pytest.mark.parametrize("name", ["", "a/b", "../a", ".hidden", "/abs", "a.safetensors"])
def test_names_that_are_no_plain_name(name: str, tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="plain name"):
        pack_weights(tiny_run, tmp_path, name)


def test_a_name_with_a_dot_keeps_it(tiny_run: Path, tmp_path: Path) -> None:
    path = pack_weights(tiny_run, tmp_path, "compact.v2")
    assert path.name == "compact.v2.safetensors"
    assert load_generator(str(path))[1].name == "compact.v2"


def test_what_cannot_be_packed(tiny_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="dtype 'int8': choose fp16 or fp32"):
        pack_weights(tiny_run, tmp_path, "mine", dtype="int8")
    with pytest.raises(TrainingError, match="no such checkpoint"):
        pack_weights(tmp_path, tmp_path, "mine")
    state = torch.load(tiny_run / "last.ckpt", weights_only=True)
    state["ema"]["last.bias"].fill_(float("nan"))
    torch.save(state, tmp_path / "nan.ckpt")
    with pytest.raises(TrainingError, match=r"last\.bias is not finite"):
        pack_weights(tmp_path / "nan.ckpt", tmp_path, "mine")
    assert not list(tmp_path.glob("mine*"))


def test_an_output_that_cannot_be_written(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot use .*file: "):
        pack_weights(tiny_run, tmp_path / "file", "mine")


def test_a_full_disk(tiny_run: Path, mount: Callable[[str], Path]) -> None:
    disk = mount("size=100000")
    with pytest.raises(StoreError, match=r"no space left on the disk of .*mine"):
        pack_weights(tiny_run, disk, "mine")
    assert list(disk.iterdir()) == []


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


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        ([{"path": "a", "resolution": 0.27, "scale": [0.5, 1]}], (0.27, 0.54)),
        ([{"path": "a", "resolution": 0.3}, {"path": "b", "resolution": 0.27, "scale": [0.5, 1]}], (0.2, 0.54)),
        ([{"path": "a", "resolution": 0.3}, {"path": "b"}], None),
    ],
)
def test_the_card_says_what_imagery_was_seen(data: list[object], seen: tuple[float, float] | None) -> None:
    assert seen_resolutions(parse(TrainConfig, {"data": data, "crops": {"scale": [0.75, 1.5]}}, "a test")) == seen
    assert seen_resolutions("no training of a generator") is None
