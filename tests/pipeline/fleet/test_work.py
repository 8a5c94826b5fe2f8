from __future__ import annotations

import os
import pickle
from collections.abc import Callable

import torch

from changen_cli.files import place
from changen_cli.pipeline.fleet.crew import Message
from changen_cli.pipeline.fleet.work import Order, work
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.store.journal import done_shards
from changen_cli.store.share import Share

Options = Callable[..., GenerateOptions]


def test_a_share_is_made_and_told(options: Options, one_thread: None) -> None:
    asked = options(devices=2)
    order: Order = pickle.loads(pickle.dumps(Order(asked, "cpu", torch.get_num_threads(), 0)))
    told: list[Message] = []
    work(order, Share(1, 2), told.append)
    assert told[0][0] == "say"
    assert f"process {os.getpid()} of " in str(told[0][1])
    assert any(message[0] == "progress" for message in told)
    assert told[-1] == ("done", None)
    assert done_shards(place(asked.output)) == {1}


def test_an_error_is_told(options: Options) -> None:
    told: list[Message] = []
    work(
        Order(options(devices=2, inputs=("nowhere.tif",)), "cpu", torch.get_num_threads(), 0), Share(0, 2), told.append
    )
    kind, error = told[-1]
    assert kind == "error"
    assert error == ("SceneError", "nowhere.tif: no such file or folder; check the path")
