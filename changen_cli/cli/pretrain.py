"""``changen pretrain``."""

from __future__ import annotations

from changen_cli.cli.detectors import LISTED, training_command

HELP = f"""Train a change detector on synthetic pairs: stored ones, or ones that are made while it trains.

`--data` is an output of `changen generate` (in any format; Zarr is streamed as it is), or any other folder of pairs; or
single-date scenes with footprints: then crops of them change, and any `--synthesizer` makes their second image on the
device that trains, never the same pair twice, and nothing is stored. Both dates are put under `--conditions`.

The folder RUN gets `config.yaml`, `last.ckpt`, `losses.csv`, `curves.png`, `tensorboard/` and `sheets/*.png`: a sheet
shows I_t, I_t+1, the label (missed in red) and the change that was found (falsely in green). The same command again
goes on where the run stopped. Then `changen weights pack RUN` makes weights for `changen detect` and `changen evaluate
detection`, and `changen finetune --init RUN/best.ckpt` goes on with real pairs.

**Validation**

Every `--validate-every` iterations held-out pairs (`--val`, `--val-data`, or the `val` split where `--data` has one)
are measured into `validation.csv`: F1, IoU, precision and recall at 0.5, average precision, and the best F1 of any
threshold. `best.ckpt` keeps the highest F1.

**Models** (`--model`, or `model:` in a recipe)

{LISTED}

By itself a model takes its own recipe: that of `changestar` is the paper's (20 epochs, batch 64, SGD), that of
`changelite` learns on one processor core in half an hour.

**Both dates' masks are labels too** (`--layouts 1`)

Series and scenes know where buildings stand at each date. With a weight above 0 the detector learns to read that as
well; 0 is the paper's protocol.

**Single dates** (`--task segmentation`)

What Table 6 compares with: the detector learns to read the footprints of each date by itself, from `--data` that are
scenes, and no change; nothing is synthesised, and its head for change stays as it is. A batch of B has 2 B images.

**Examples**

`changen pretrain --data changen-out --output runs/changestar --devices 8`

`changen pretrain --model changelite --data scenes/ --resolution 0.4 --val 'east_*' --output runs/lite`

`changen pretrain --model changelite --data scenes/ --synthesizer copy-paste --conditions none --output runs/cp`

`changen pretrain --task segmentation --data xview2/ --validate-every 0 --output runs/seg`
"""

command = training_command("pretrain", finetune=False)
