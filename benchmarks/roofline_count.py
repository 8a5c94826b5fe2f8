"""Counts what networks do on tensors without values: arithmetic, bytes, and the time that is their bound on a GPU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count

from changen_cli.models.registry import get_model
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.config.run import RunOptions
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.learners.make import make_learner

TENSOR_CORES = 989e12
"""H100 SXM, dense bfloat16, FLOP/s (data sheet)."""

VECTOR_UNITS = 67e12
"""The same, float32 outside tensor cores, FLOP/s."""

MEMORY = 3.35e12
"""The same, HBM3, bytes/s."""

LINK = 450e9
"""The same, NVLink, bytes/s each way (900e9 both ways together)."""

LAUNCH = 5e-6
"""Seconds of the host for an operation; an assumption. CUDA graphs would save most of them."""

OPTIMIZERS = {"adam": 7 * 4, "adamw": 7 * 4, "sgd": 5 * 4}
"""Bytes moved for each parameter, float32: weight, gradient and both moments (of SGD one) are read, all but the
gradient written."""

AVERAGE = 3 * 4
"""The same for the moving average."""


@dataclass
class Cost:
    """Sums over the operations of a step.

    Attributes:
        flops: Arithmetic, 2 for a multiply-add.
        moved: Bytes of the inputs and outputs of all operations.
        seconds: Sums of each operation's bound, by kind of operation.
        launches: Operations that are not views, each a kernel or more.
    """

    flops: float = 0.0
    moved: float = 0.0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    launches: int = 0

    def add(self, kind: str, flops: float, moved: float, peak: float) -> None:
        """Counts one operation."""
        self.flops += flops
        self.moved += moved
        self.seconds[kind] += max(flops / peak, moved / MEMORY)
        self.launches += 1


def convolution_backward(grad: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> int:
    """Counts the gradients of a convolution: each as the convolution itself. PyTorch forgets that it may be grouped."""
    transposed, mask = rest[4], rest[7]
    places = (x if transposed else grad).shape[2:].numel()
    return 2 * len(x) * places * weight.numel() * int(sum(mask[:2]))


def attention(query: Tensor, key: Tensor, value: Tensor, *_: Any) -> int:
    """Counts attention, which on the CPU has a name that PyTorch does not count."""
    return int(sdpa_flop_count(query.shape, key.shape, value.shape))


def attention_backward(grad: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any) -> int:
    """Counts the gradients of attention."""
    return int(sdpa_backward_flop_count(grad.shape, query.shape, key.shape, value.shape))


OWN_COUNTS: Mapping[str, Callable[..., int]] = {
    "convolution_backward": convolution_backward,
    "_scaled_dot_product_flash_attention_for_cpu": attention,
    "_scaled_dot_product_flash_attention_for_cpu_backward": attention_backward,
}
"""Arithmetic of operations that PyTorch's counter counts otherwise, or not."""


class Counting(TorchDispatchMode):
    """Counts what is called inside."""

    def __init__(self, cost: Cost) -> None:
        """Counts into ``cost``."""
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch does not say its types
        self.cost = cost

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Counts one call."""
        result = function(*args, **(kwargs or {}))
        name = function.overloadpacket.__name__
        # of "prim" are questions about a tensor, asked of no device
        if (
            function.namespace != "aten"
            or function.is_view
            or name in ("detach", "_unsafe_view")
            or name.startswith(("empty", "new_empty"))
        ):
            return result
        tensors = [t for t in tree_leaves((args, kwargs, result)) if isinstance(t, Tensor)]
        if own := OWN_COUNTS.get(name):
            flops = own(*args)
        else:
            count = flop_registry.get(function.overloadpacket)
            flops = count(*args, **(kwargs or {}), out_val=result) if count else 0
        low = any(t.dtype in (torch.bfloat16, torch.float16) for t in tensors)
        self.cost.add(kind(name), flops, sum(map(size, tensors)), TENSOR_CORES if low else VECTOR_UNITS)
        return result


def size(tensor: Tensor) -> int:
    """Gives the bytes of a tensor; what is only repeated by a stride of 0 counts once."""
    count = 1
    for length, stride in zip(tensor.shape, tensor.stride(), strict=True):
        count *= length if stride else 1
    return count * tensor.element_size()


def kind(name: str) -> str:
    """Sorts operations."""
    if "convolution" in name:
        return "convolution backward" if "backward" in name else "convolution forward"
    return "normalisation" if "_norm" in name and "vector" not in name else "rest"


def step_cost(config: RunOptions, batch: int) -> tuple[Cost, list[int]]:
    """Counts one step of a recipe on ``batch`` samples.

    Args:
        config: The recipe, of a generator or of a detector.
        batch: Samples: images, of a detector pairs.

    Returns:
        The cost, and the trained parameters of each optimizer: the network's that is kept, the discriminators'.
    """
    cost = Cost()
    with _without_values():
        learner = make_learner(config, "cpu", torch.bfloat16)
        sample: Any = _pairs(config, batch) if isinstance(config, DetectionConfig) else _crops(config, batch)
        for optimizer in learner.optimizers:
            optimizer.step = lambda *_: None  # type: ignore[assignment]  # counted below
        with Counting(cost):
            learner.step(sample)
        trained = [sum(p.numel() for group in o.param_groups for p in group["params"]) for o in learner.optimizers]
    each = OPTIMIZERS[config.optimizer if isinstance(config, DetectionConfig) else "adam"]
    for number, count in enumerate(trained):
        cost.add("optimizers", 0, count * (each + (AVERAGE if number == 0 and config.ema else 0)), VECTOR_UNITS)
    return cost, trained


def forward_cost(config: DetectionConfig, size: int, batch: int = 1) -> Cost:
    """Counts what a detector does to find change in pairs, once.

    Args:
        config: The recipe of the detector.
        size: Rows and columns of the images.
        batch: Pairs.
    """
    cost = Cost()
    with _without_values(), torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        network: Any = get_model(config.model).network(config.detector)
        network.eval()
        images = torch.empty(2, batch, 3, size, size)
        with Counting(cost):
            network(*images)
    return cost


def _copied(tensor: Tensor, _: object) -> Tensor:
    copied = tensor.detach().clone()
    return nn.Parameter(copied, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else copied


def _drop_rates(most: float, depths: Sequence[int], stagewise: bool = True) -> list[list[float]]:
    assert stagewise, "PVT v2, of which mix transformers are made, asks stage by stage"
    rates = iter(range(sum(depths)))
    return [[most * next(rates) / (sum(depths) - 1) for _ in range(depth)] for depth in depths]


@contextmanager
def _without_values() -> Iterator[None]:
    """Makes tensors without values.

    Networks of them cannot be moved (that they lie channels last changes no count), their buffers not be copied by
    :func:`copy.deepcopy`, as a moving average does, and timm cannot read from them how often it drops a block.
    """
    with (
        FakeTensorMode(),
        mock.patch.object(nn.Module, "to", lambda network, *_, **__: network),
        mock.patch.object(Tensor, "__deepcopy__", _copied),
        mock.patch("timm.models.pvt_v2.calculate_drop_path_rates", _drop_rates),
    ):
        yield


def _crops(config: RunOptions, batch: int) -> TrainingBatch:
    """Makes a mini-batch for a generator."""
    assert isinstance(config, TrainConfig), "what is no detector is trained by these"
    side = config.crops.size
    image = torch.empty(batch, 3, side, side, dtype=torch.uint8)
    masks = torch.empty(2, batch, side, side, dtype=torch.uint8)
    noise, valid = torch.empty(batch, config.noise_dim), torch.empty(batch, side, side, dtype=torch.bool)
    instances = torch.empty(batch, 2, side, side, dtype=torch.int32)
    return TrainingBatch(image, masks[0], masks[1], noise, valid, instances)


def _pairs(config: DetectionConfig, batch: int) -> PairBatch:
    """Makes a mini-batch for a detector."""
    side = config.crops.size
    masks = torch.empty(3, batch, side, side, dtype=torch.uint8)
    return PairBatch(
        images=torch.empty(batch, 2, 3, side, side, dtype=torch.uint8),
        change=masks[0],
        valid=torch.empty(batch, side, side, dtype=torch.bool),
        layouts=masks[1:].transpose(0, 1),
        known=torch.empty(batch, dtype=torch.bool),
        jobs=(None,) * batch,
        pixels=torch.empty(batch, 2, 3, side, side),
    )
