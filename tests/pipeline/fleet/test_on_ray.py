from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from changen_cli.errors import UsageError
from changen_cli.pipeline.fleet.on_ray import RayActors, choose_slots
from changen_cli.pipeline.options import GenerateOptions

Options = Callable[..., GenerateOptions]


@pytest.mark.parametrize(
    ("device", "devices", "chosen"),
    [("auto", "auto", (True, 2)), ("auto", 1, (True, 1)), ("cpu", "auto", (False, 16)), ("cuda", 2, (True, 2))],
)
def test_slots(options: Options, device: str, devices: object, chosen: tuple[bool, int]) -> None:
    asked = options(device=device, devices=devices, engine="ray")
    assert choose_slots(asked, {"CPU": 16.0, "GPU": 2.0}) == chosen


@pytest.mark.parametrize(
    ("device", "devices", "there", "said"),
    [
        ("auto", 3, {"GPU": 2.0, "CPU": 8.0}, "the Ray cluster has 2 GPUs; give 2, or auto"),
        ("auto", 9, {"CPU": 8.0}, "the Ray cluster has 8 processors"),
        ("cuda", 1, {"CPU": 8.0}, "the cluster has no GPU"),
        ("cuda:1", 1, {"GPU": 2.0}, "Ray chooses; give auto, cpu or cuda"),
    ],
)
def test_what_is_not_there(options: Options, device: str, devices: int, there: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose_slots(options(device=device, devices=devices, engine="ray"), there)


def test_without_ray(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"Ray is not installed; run: pip install 'changen\[ray\]'"):
        RayActors(options(engine="ray"))
