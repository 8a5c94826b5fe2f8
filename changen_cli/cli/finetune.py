"""``changen finetune``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from changen_cli.cli.detectors import (
    LISTED,
    Config,
    Data,
    DataWords,
    Device,
    Devices,
    Nodes,
    Output,
    Preset,
    Quiet,
    Resolution,
    Val,
    ValData,
    recipe_of,
)  # fmt: skip
from changen_cli.cli.options import takes
from changen_cli.cli.training import run_training
from changen_cli.errors import UsageError
from changen_cli.training.config.detection import DetectionConfig

HELP = f"""Train a change detector on real pairs: from a pre-trained one, from ImageNet, or from nothing.

`--init` says from which: a checkpoint (`runs/pre/best.ckpt`), packed weights (a name or a .safetensors file),
`imagenet` (the backbone alone; `--imagenet-weights FILE`, which `changelite` does not need), or `none`. Model and
architecture come along with a checkpoint and with weights.

`--data` is a folder of LEVIR-CD, LEVIR-CD+, WHU-CD, S2Looking, any A/B/label folder, or an output of `changen
generate`. Its `train` split is trained on and its `val` split validated on, where there are such; `test` is not
touched. `--fraction 0.05` takes the first 5 % of the pairs by name, again and again, for as many updates as all of
them would get.

The defaults of `changestar` are the paper's for LEVIR-CD: 5,600 updates of 16 crops of 512 px, SGD 0.03 (1 - n/N)^0.9.
The folder RUN is that of `changen pretrain`.

**Models** (`--model`, or `model:` in a recipe)

{LISTED}

**Examples**

`changen finetune --init runs/pre/best.ckpt --data LEVIR-CD --fraction 0.05 --output runs/levir-5`

`changen finetune --init imagenet --imagenet-weights resnet18.pth --data LEVIR-CD --output runs/imagenet`

`changen finetune --model changelite --init imagenet --data my-pairs --val 'east_*' --output runs/mine`
"""


@takes(DetectionConfig, build=False)
def command(
    given: Mapping[str, Any],
    output: Output,
    data: Data = None,
    val_data: ValData = None,
    resolution: Resolution = None,
    val: Val = None,
    preset: Preset = None,
    config: Config = None,
    device: Device = "auto",
    devices: Devices = 0,
    nodes: Nodes = 0,
    quiet: Quiet = False,
) -> None:
    """Calls :func:`changen_cli.training.train.train`, and reports."""
    words = DataWords(data, val_data, resolution, val)
    if "init" not in given and not (config or preset):
        raise UsageError("--init is missing: a checkpoint, weights, imagenet, or none to start from nothing")
    parsed = recipe_of(given, words, config or preset, finetune=True)
    run_training(parsed, output, device=device, devices=devices, nodes=nodes, quiet=quiet, verb="finetune")
