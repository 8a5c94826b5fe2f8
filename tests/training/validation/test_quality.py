from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from changen_cli.errors import TrainingError, UsageError, WeightsError
from changen_cli.metrics import evaluation
from changen_cli.metrics.distances import sets
from changen_cli.models.changen import ChangenGenerator, GeneratorConfig
from changen_cli.rng import generator
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.crops import Crop
from changen_cli.training.validation.quality import SegmenterValidation, Validation, Validator, remarks
from changen_cli.weights.card import Card

COUNT, SIDE = 6, 64
ROOF = torch.tensor([0.9, -0.9, -0.9])[:, None, None]


class Red(nn.Module):
    """Sees roofs by their colour."""

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :1] - images[:, 2:] - 0.8


class Moments:
    """Means and deviations of the bands, in place of Lite0; draws, as the making of a network does."""

    size = 6

    def __init__(self, device: str) -> None:
        torch.rand(7)

    def __call__(self, images: Tensor) -> Tensor:
        return torch.cat([images.float().mean((2, 3)), images.float().std((2, 3))], 1)


def draw(number: int) -> Crop:
    """Ground with structure; one building that goes, one that stays, one that comes."""
    rng = generator("held out", number)
    coarse = rng.integers(60, 150, (3, SIDE // 4, SIDE // 4)).repeat(4, 1).repeat(4, 2)
    image = (coarse + rng.integers(0, 20, (3, SIDE, SIDE))).astype(np.uint8)
    before = np.zeros((SIDE, SIDE), np.uint8)
    before[8:24, 8:26] = before[40:56, 8:22] = 1
    after = before.copy()
    after[8:24, 8:26] = 0
    after[40:54, 40:58] = 1
    roofs = rng.integers(0, 2, (8, 8)).repeat(8, 0).repeat(8, 1) * 40
    image = np.where(before > 0, np.stack([200 + roofs, roofs, roofs]), image).astype(np.uint8)
    return Crop(image, np.ones((SIDE, SIDE), np.bool_), before, after, np.stack([before, after]).astype(np.int32))


SAMPLES = [draw(number) for number in range(COUNT)]
NOISE = torch.zeros(COUNT, 4)


def copying(batch: TrainingBatch) -> Tensor:
    return batch.pixels


def obeying(batch: TrainingBatch) -> Tensor:
    """Draws every building of S_t+1, and ground, the mean of the image's corner, where one was removed."""
    ground = batch.pixels[:, :, :8, :8].mean((2, 3), keepdim=True)
    gone = ((batch.before > 0) & (batch.after == 0))[:, None]
    return torch.where(batch.after[:, None] > 0, ROOF, torch.where(gone, ground, batch.pixels))


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that need no weights."""
    card = Card("red", "segmenter", {}, "0" * 64)
    monkeypatch.setattr(evaluation, "load_segmenter", lambda weights, device: (Red(), card))
    monkeypatch.setattr(sets, "Lite0Extractor", Moments)


def make(**given: object) -> Validation:
    return Validation(SAMPLES, NOISE, **({"segmenter": "red", "batch_size": 4} | given))  # type: ignore[arg-type]


def test_figures_tell_a_model_that_obeys_from_one_that_copies() -> None:
    validation: Validator = make()
    assert validation.columns == (
        "frechet_lite0", "kernel_lite0", "agreement_created", "agreement_removed", "agreement_kept",
        "agreement_background", "agreement_iou", "leakage", "leakage_interior", "drift_difference", "drift_ssim",
        "drift_structure",
    )  # fmt: skip
    good, idle = validation.run(obeying), validation.run(copying)
    assert tuple(good) == tuple(idle) == validation.columns
    assert all(type(value) is float and math.isfinite(value) for value in (good | idle).values())
    assert [good[f"agreement_{part}"] for part in ("created", "removed", "kept")] == [1, 1, 1]
    assert [idle[f"agreement_{part}"] for part in ("created", "removed", "kept")] == [0, 0, 1]
    assert idle["leakage"] == pytest.approx(1)
    assert good["leakage_interior"] < 0.1
    assert (good["drift_difference"], idle["drift_difference"]) == (0, 0)
    assert good["kernel_lite0"] > idle["kernel_lite0"]
    assert good["frechet_lite0"] > idle["frechet_lite0"] == pytest.approx(0, abs=1e-6)


def test_runs_repeat_and_do_not_add_up() -> None:
    validation = make()
    first = validation.run(obeying)
    validation.run(copying)
    assert validation.run(obeying) == first
    assert make(batch_size=5).run(obeying) == pytest.approx(first)


def test_images_that_stay_as_they_are_are_what_to_compare_with() -> None:
    validation = make()
    idle = validation.run(copying)
    assert validation.unchanged == {name: idle[name] for name in validation.columns if "lite0" not in name}


def test_another_reference() -> None:
    """Other crops, and more of them, stand for reality; then real images have a distance to compare with as well."""
    others = [draw(number) for number in range(100, 120)]
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


def test_samples_are_numbered_and_go_with_their_noise() -> None:
    seen: list[tuple[int, list[float]]] = []

    def imagine(batch: TrainingBatch) -> Tensor:
        seen.append((batch.first, batch.noise[:, 0].tolist()))
        return batch.pixels

    Validation(SAMPLES, torch.arange(COUNT * 1.0)[:, None], batch_size=4).run(imagine)
    assert seen == [(0, [0, 1, 2, 3]), (4, [4, 5])]


def test_what_cannot_be_had_is_no_column_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(device: str) -> None:
        raise WeightsError("needs timm; install with: pip")

    monkeypatch.setattr(sets, "Lite0Extractor", missing)
    still = [replace(sample, after=sample.before) for sample in SAMPLES]
    validation = Validation(still, NOISE)
    assert validation.columns == ("drift_difference", "drift_ssim", "drift_structure")
    assert tuple(validation.run(copying)) == validation.columns
    absent = validation.absent
    assert absent["kernel_lite0"] == "needs timm; install with: pip"
    assert "name it in the recipe" in absent["agreement_kept"]
    assert "removed building" in absent["leakage"]
    lines = remarks(absent)
    assert len(lines) == 4
    assert "frechet_lite0, kernel_lite0: needs timm; install with: pip" in lines
    assert any(re.match("fid, kid, inception_score: no Inception weights given", line) for line in lines)


def test_a_figure_without_pixels_is_absent() -> None:
    bare = [replace(sample, after=sample.before & sample.after) for sample in SAMPLES]
    validation = Validation(bare, NOISE, segmenter="red")
    assert validation.absent["agreement_created"] == "none of the 6 held-out crops has pixels to take it over"
    assert "agreement_removed" in validation.columns
    few = Validation(SAMPLES[:3], NOISE[:3])
    assert "needs at least 4 images" in few.absent["kernel_lite0"]
    assert "frechet_lite0" in few.columns


@pytest.mark.parametrize(
    ("shows", "parts"),
    [((), {"kept"}), (("remove",), {"kept", "removed"}), (("create",), {"kept", "created"})],
)
def test_changes_that_a_model_does_not_show_are_not_held_against_it(shows: tuple[str, ...], parts: set[str]) -> None:
    validation = make(shows=shows)
    named = {c.removeprefix("agreement_") for c in validation.columns if c.startswith("agreement_")}
    assert named - {"background", "iou"} == parts
    assert ("leakage" in validation.columns) == ("remove" in shows)
    assert validation.run(copying)["agreement_kept"] == 1
    if not shows:
        assert validation.run(copying)["agreement_iou"] > 0.99


def test_missing_data_does_not_count_but_shadows_do() -> None:
    valid = np.ones((SIDE, SIDE), np.bool_)
    valid[:, :30] = False  # both buildings of S_t
    samples = [replace(sample, image=sample.image * valid, valid=valid) for sample in SAMPLES]
    for sample in samples:
        sample.image[:, 60, 40:43] = 0
    validation = Validation(samples, NOISE, segmenter="red")
    assert {"agreement_kept", "agreement_removed", "leakage"} <= validation.absent.keys()
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
        np.random.get_state()[1].tolist(),  # noqa: NPY002
    )


def test_training_does_not_notice() -> None:
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
def test_images_that_are_no_numbers_stop_the_run(lost: float) -> None:
    def imagine(batch: TrainingBatch) -> Tensor:
        return batch.pixels if batch.first == 0 else batch.pixels * lost

    with pytest.raises(TrainingError, match="held-out crops 4 to 5 is not finite; lower the learning rates"):
        make().run(imagine)


def test_nothing_to_validate_on() -> None:
    with pytest.raises(UsageError, match="it got 0 and 0"):
        Validation([], torch.zeros(0, 4))
    with pytest.raises(UsageError, match="it got 6 and 5"):
        SegmenterValidation(SAMPLES, NOISE[:5])


def test_a_real_generator_in_half_precision() -> None:
    torch.manual_seed(0)
    network = ChangenGenerator(GeneratorConfig(width=1 / 16, hidden=(8,) * 6, noise_dim=4)).eval()

    def imagine(batch: TrainingBatch) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            made: Tensor = network(batch.pixels, batch.before, batch.after, batch.noise)
        return made

    kept = {name: value.clone() for name, value in network.state_dict().items()}
    found = make().run(imagine)
    assert all(math.isfinite(value) for value in found.values())
    assert found["agreement_created"] < 0.5
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())


def test_segmenter_that_reads_right_and_one_that_sees_nothing() -> None:
    validation: Validator = SegmenterValidation(SAMPLES, NOISE[:, :0], batch_size=4)
    assert validation.columns == ("iou", "right", "building", "background")
    assert validation.absent == {}

    def logits(classes: Tensor) -> Tensor:
        return nn.functional.one_hot(classes.long(), 2).permute(0, 3, 1, 2).float()

    assert validation.run(lambda batch: logits(batch.before)) == dict.fromkeys(validation.columns, 1.0)
    built = float(np.mean([sample.before.mean() for sample in SAMPLES]))
    blind = validation.run(lambda batch: logits(torch.zeros_like(batch.before)))
    assert blind == pytest.approx({"iou": 0, "right": 1 - built, "building": 0, "background": 1})
    # where it sees S_t+1 instead: one of two, and one that is not there
    single = validation.run(lambda batch: torch.where(batch.after > 0, 3.0, -3.0)[:, None])
    gone, stays, comes = 16 * 18, 16 * 14, 14 * 18
    assert single["building"] == pytest.approx(stays / (gone + stays))
    assert single["iou"] == pytest.approx(stays / (gone + stays + comes))


def test_classes_count_apart_for_right_alone() -> None:
    other = [replace(sample, before=sample.before * 2) for sample in SAMPLES]
    validation = SegmenterValidation(other, NOISE)

    def imagine(batch: TrainingBatch) -> Tensor:
        return nn.functional.one_hot((batch.before > 0).long(), 3).permute(0, 3, 1, 2).float()

    found = validation.run(imagine)
    assert (found["iou"], found["building"], found["background"]) == (1, 1, 1)
    assert found["right"] < 1


def test_a_segmenter_on_bare_ground() -> None:
    bare: list[Crop] = [replace(sample, before=np.zeros_like(sample.before)) for sample in SAMPLES]
    validation = SegmenterValidation(bare, NOISE)
    assert validation.columns == ("right", "background")
    assert set(validation.absent) == {"iou", "building"}
    see: Callable[[TrainingBatch], Tensor] = lambda batch: torch.ones(len(batch), 1, SIDE, SIDE)  # noqa: E731
    assert validation.run(see) == {"right": 0, "background": 0}
