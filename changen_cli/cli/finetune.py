"""``changen finetune``."""

from __future__ import annotations

from changen_cli.cli.detectors import LISTED, training_command

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

command = training_command("finetune", finetune=True)
