"""What a training step costs on a GPU, calculated, never measured: arithmetic, bytes, and the time that is their bound.

The step runs on tensors without values, as autocast would run it. Each operation takes at least its arithmetic over the
peak rate, and at least the bytes of its inputs and outputs over the bandwidth of the memory, whichever is longer;
nothing is fused and nothing stays in a cache between operations. Real kernels reach less than both peaks.

    python benchmarks/roofline.py --recipe paper --gpus 8
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch
import yaml
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from changen_cli.training.config.options import TrainConfig, parse_config
from changen_cli.training.config.recipes import RECIPES
from changen_cli.training.data.batch import TrainingBatch
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

ADAM = 7 * 4
"""Bytes moved for each parameter: weight, gradient and both moments are read, all but the gradient written, float32."""

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


class Counting(TorchDispatchMode):
    """Counts what is called inside."""

    def __init__(self, cost: Cost) -> None:
        """Counts into ``cost``."""
        super().__init__()  # type: ignore[no-untyped-call]
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


def step_cost(config: TrainConfig, batch: int) -> tuple[Cost, list[int]]:
    """Counts one step of a recipe on ``batch`` samples.

    Returns:
        The cost, and the trained parameters of each optimizer: the generator's, the discriminators'.
    """
    cost = Cost()
    # networks without values cannot be moved; that they lie channels last changes no count
    with FakeTensorMode(), mock.patch.object(nn.Module, "to", lambda network, *_, **__: network):
        learner = make_learner(config, "cpu", torch.bfloat16)
        side = config.crops.size
        image = torch.empty(batch, 3, side, side, dtype=torch.uint8)
        masks = torch.empty(2, batch, side, side, dtype=torch.uint8)
        noise, valid = torch.empty(batch, config.noise_dim), torch.empty(batch, side, side, dtype=torch.bool)
        instances = torch.empty(batch, 2, side, side, dtype=torch.int32)
        sample = TrainingBatch(image, masks[0], masks[1], noise, valid, instances)
        for optimizer in learner.optimizers:
            optimizer.step = lambda *_: None  # type: ignore[assignment]  # counted below
        with Counting(cost):
            learner.step(sample)
        trained = [sum(p.numel() for group in o.param_groups for p in group["params"]) for o in learner.optimizers]
    for number, count in enumerate(trained):
        cost.add("optimizers", 0, count * (ADAM + (AVERAGE if number == 0 else 0)), VECTOR_UNITS)
    return cost, trained


def report(config: TrainConfig, gpus: int) -> Iterator[str]:
    """Describes a step of a recipe on some GPUs, line by line."""
    batch = config.batch_size // gpus
    cost, trained = step_cost(config, batch)
    compute, memory, bound = cost.flops / TENSOR_CORES, cost.moved / MEMORY, sum(cost.seconds.values())
    exchange = 2 * (gpus - 1) / gpus * 4 * sum(trained) / LINK
    eager, fused = max(bound, LAUNCH * cost.launches) + exchange, max(compute, conv(cost)) + exchange
    side = config.crops.size
    yield f"{gpus} x H100, {batch} images of {side} x {side} on each: calculated, not measured"
    yield f"  arithmetic {cost.flops / 1e12:.2f} TFLOP, at peak {1000 * compute:.1f} ms"
    yield f"  memory {cost.moved / 1e9:.1f} GB by {cost.launches} operations, at peak {1000 * memory:.1f} ms"
    yield f"  the longer of both, operation by operation: {1000 * bound:.1f} ms"
    for name, seconds in sorted(cost.seconds.items(), key=lambda item: -item[1]):
        yield f"    {name} {1000 * seconds:.1f} ms, {seconds / bound:.0%}"
    if gpus > 1:
        yield f"  exchange of {sum(trained) / 1e6:.1f} M gradients by NVLink, not overlapped: {1000 * exchange:.2f} ms"
    yield f"  host, at {1e6 * LAUNCH:.0f} us an operation, beside the device: {1000 * LAUNCH * cost.launches:.1f} ms"
    for what, seconds in (("nothing fused", eager), ("all but convolutions free", fused)):
        hours = seconds * config.iterations / 3600
        yield f"  {what}: at most {config.batch_size / seconds:.0f} images a second, {hours:.1f} h for the recipe"


def conv(cost: Cost) -> float:
    """Gives the bound of the convolutions alone."""
    return sum(seconds for name, seconds in cost.seconds.items() if name.startswith("convolution"))


def main() -> None:
    """Parses and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="paper", help="a shipped recipe")
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8], help="they share the recipe's batch")
    arguments = parser.parse_args()
    recipe = yaml.safe_load((RECIPES / f"{arguments.recipe}.yaml").read_text(encoding="utf-8"))
    config = parse_config({**recipe, "data": [{"path": "."}]}, arguments.recipe)
    for gpus in arguments.gpus:
        print(*report(config, gpus), sep="\n", flush=True)


if __name__ == "__main__":
    main()
