"""Trains several recipes one after the other, and keeps the whole state of every process: for test_team.py.

torchrun --nproc-per-node 2 train_together.py recipes.yaml folder
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
import yaml

from changen_cli.training import train as module
from changen_cli.training.config.options import parse_config
from changen_cli.training.distributed import launched, make_team
from changen_cli.training.learners.base import Learner
from changen_cli.training.learners.make import make_learner


def main(recipes: Path, folder: Path) -> None:
    made: list[Learner] = []

    def keep(*arguments: Any) -> Learner:
        made.append(make_learner(*arguments))
        return made[-1]

    module.make_learner = keep
    team = make_team("cpu")
    with launched(team):
        for name, recipe in yaml.safe_load(recipes.read_text()).items():
            module.train(parse_config(recipe), folder / name, team=team)
            state = made[-1].state()
            torch.save(state, folder / f"{name}-{team.global_rank}-of-{team.world_size}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
