"""Which device computes, and in which precision; the only place that knows about kinds of device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch

from changen_cli.errors import UsageError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_device(device: str, process: int = 0) -> str:
    """Chooses a device.

    Args:
        device: "auto" (CUDA if there is one, else the CPU), or any torch device string ("cpu", "cuda:1", "mps").
        process: Which of the processes that share this machine this is: "auto" gives each the next GPU.

    Returns:
        A torch device string.

    Raises:
        UsageError: If the device is unknown or not here.
    """
    if device == "auto":
        if not torch.cuda.is_available():
            return "cpu"
        return f"cuda:{process % torch.cuda.device_count()}" if process else "cuda"
    try:
        kind = torch.device(device).type
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ValueError, ImportError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise UsageError(f"--device {device}: cannot be used here ({reason}); use --device auto or cpu") from error
    if kind == "meta":
        raise UsageError("--device meta: computes nothing; use --device auto or cpu")
    return "cpu" if kind == "cpu" else device


def resolve_precision(precision: str, device: str) -> str:
    """Chooses a precision.

    Args:
        precision: "auto" (bf16 where the device computes it natively, else fp32), "fp32", "bf16" or "fp16".
        device: A resolved torch device string.

    Returns:
        "fp32", "bf16" or "fp16".

    Raises:
        UsageError: If the precision is unknown, or is fp16 on a CPU.
    """
    if precision == "auto":
        return "bf16" if _has_native_bf16(device) else "fp32"
    if precision not in DTYPES:
        raise UsageError(f"--precision {precision}: choose auto, {', '.join(DTYPES)}")
    if precision == "fp16" and torch.device(device).type == "cpu":
        raise UsageError("--precision fp16: CPUs have no fast fp16; use bf16, fp32 or auto")
    return precision


def autocast(device: str | torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Makes the context in which networks compute.

    Args:
        device: A torch device or kind of device.
        dtype: ``torch.float32`` switches autocast off inside, the others switch it on.

    Returns:
        Autocast for the device; a context that does nothing where PyTorch has no autocast for it.
    """
    kind = torch.device(device).type
    if not torch.amp.is_autocast_available(kind):
        return nullcontext()
    wanted = dtype != torch.float32
    return torch.autocast(kind, dtype if wanted else None, enabled=wanted)


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Leaves PyTorch's random generators as they were: networks draw from them when they are made."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        yield


def _has_native_bf16(device: str) -> bool:
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if kind != "cpu":
        return False
    try:  # PyTorch emulates bf16 on any CPU, slower than fp32; it has no public question for the native kind
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith(("flags", "Features"))), "").split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))


def cores() -> int:
    """Returns how many processor cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
