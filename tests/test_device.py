from __future__ import annotations

import os
from typing import Any

import pytest
import torch

from changen_cli import device
from changen_cli.errors import UsageError


def test_auto_takes_cuda_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device.resolve_device("auto") == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.resolve_device("auto") == "cpu"


def test_processes_that_share_a_machine_share_out_its_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [device.resolve_device("auto", process) for process in range(4)] == ["cuda", "cuda:1", "cuda:0", "cuda:1"]
    assert device.resolve_device("cpu", 1) == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.resolve_device("auto", 3) == "cpu"


@pytest.mark.parametrize("name", ["cpu", "cpu:0"])
def test_the_cpu_has_one_name(name: str) -> None:
    assert device.resolve_device(name) == "cpu"


@pytest.mark.parametrize("name", ["meta", "nonsense", "", "cuda:99", "hpu", "privateuseone", "xla"])
def test_a_device_that_cannot_be_used_here_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UsageError, match=f"--device {name}: .*use --device auto or cpu") as caught:
        device.resolve_device(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16", "bf16"),
        ("flags\t\t: fpu amx_bf16", "bf16"),
        ("Features\t: fp asimd bf16", "bf16"),
        ("flags\t\t: fpu avx2 avx512f", "fp32"),
        ("model name\t: avx512_bf16", "fp32"),
        ("", "fp32"),
    ],
)
def test_auto_precision_on_a_cpu(flags: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\n{flags}\n")
    real = open
    monkeypatch.setattr(
        "builtins.open", lambda file, *args, **kw: real(info if file == "/proc/cpuinfo" else file, *args, **kw)
    )
    assert device.resolve_precision("auto", "cpu") == expected


def test_auto_precision_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", refuse)
    assert device.resolve_precision("auto", "cpu") == "fp32"


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), "fp32"), ((8, 0), "bf16"), ((9, 0), "bf16")])
def test_auto_precision_on_cuda(capability: tuple[int, int], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda name: capability)
    assert device.resolve_precision("auto", "cuda:1") == expected


def test_auto_precision_elsewhere_is_the_safe_one() -> None:
    assert device.resolve_precision("auto", "mps") == "fp32"


def test_a_precision_that_is_named_is_taken_or_refused() -> None:
    assert device.resolve_precision("bf16", "cpu") == "bf16"
    assert device.resolve_precision("fp16", "cuda") == "fp16"
    with pytest.raises(UsageError, match="--precision fp16: CPUs"):
        device.resolve_precision("fp16", "cpu")
    with pytest.raises(UsageError, match="--precision fp8: choose auto, fp32, bf16, fp16"):
        device.resolve_precision("fp8", "cpu")


def test_every_precision_has_a_dtype() -> None:
    assert {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16} == device.DTYPES


def test_autocast_is_switched_on_and_off() -> None:
    a = torch.rand(4, 4)
    with device.autocast("cpu", torch.bfloat16):
        assert (a @ a).dtype == torch.bfloat16
        with device.autocast(torch.device("cpu"), torch.float32):
            assert (a @ a).dtype == torch.float32
        assert (a @ a).dtype == torch.bfloat16
    assert (a @ a).dtype == torch.float32


def test_autocast_does_nothing_where_there_is_none() -> None:
    a = torch.rand(4, 4, device="meta")
    for dtype in (torch.float32, torch.bfloat16):
        with device.autocast("meta", dtype):
            assert (a @ a).dtype == torch.float32


def test_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 8}, raising=False)
    assert device.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert device.cores() == 1


def test_random_generators_are_left_as_they_were() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    with device.random_state_kept():
        torch.rand(5)
    assert torch.equal(torch.rand(2), wanted)
