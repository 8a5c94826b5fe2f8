"""Trains several recipes one after the other, and keeps the whole state of every process: for test_distributed.py.

torchrun --nproc-per-node 2 train_together.py recipes.yaml folder
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import torch
import yaml

from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.run import RunOptions
from changen_cli.training.distributed import launched, make_fabric
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.learners.make import make_learner
from changen_cli.training.train import train


def main(recipes: Path, folder: Path) -> None:
    made: list[AnyLearner] = []

    def keep(config: RunOptions, device: str, precision: torch.dtype) -> AnyLearner:
        made.append(make_learner(config, device, precision))
        return made[-1]

    fabric = make_fabric("cpu")
    with launched(fabric), patch("changen_cli.training.train.make_learner", keep):
        for name, recipe in yaml.safe_load(recipes.read_text()).items():
            train(parse_run(recipe), folder / name, fabric=fabric)
            state = made[-1].state()
            torch.save(state, folder / f"{name}-{fabric.global_rank}-of-{fabric.world_size}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
