from __future__ import annotations

from collections.abc import Callable

import pytest

from changen_cli.errors import UsageError
from changen_cli.pipeline.fleet.processes import choose_devices
from changen_cli.pipeline.options import GenerateOptions

Options = Callable[..., GenerateOptions]


@pytest.mark.parametrize(
    ("device", "devices", "gpus", "chosen"),
    [
        ("auto", "auto", 3, ["cuda:0", "cuda:1", "cuda:2"]),
        ("cuda", 2, 3, ["cuda:0", "cuda:1"]),
        ("auto", "auto", 0, ["cpu"]),
        ("cpu", 2, 3, ["cpu", "cpu"]),
    ],
)
def test_devices(options: Options, device: str, devices: object, gpus: int, chosen: list[str]) -> None:
    assert choose_devices(options(device=device, devices=devices), gpus) == chosen


@pytest.mark.parametrize(
    ("device", "gpus", "said"),
    [("auto", 2, "this machine has 2 GPUs; give 2, or auto"), ("cuda:1", 8, "--device cuda:1 and --devices 4: leave")],
)
def test_what_is_not_there(options: Options, device: str, gpus: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose_devices(options(device=device, devices=4), gpus)
