"""Workers that are actors of a Ray cluster (the extra ``ray``): one for each GPU, or processor where there is none.

Ray finds a place for each, and says when one has died. The output must be a folder that all machines see under one
path, or a URL. Where no cluster is named (``RAY_ADDRESS``), one is started on this machine, for this run alone.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import Any

import torch

from changen_cli.device import cores
from changen_cli.errors import UsageError
from changen_cli.pipeline.fleet.crew import DiedError, Message
from changen_cli.pipeline.fleet.work import Order, work
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.store.share import Share

OBJECTS = 80_000_000
"""Bytes of Ray's object store on this machine; nothing but messages goes through it."""

WAIT = 30.0
"""Seconds in which an actor that is alive answers."""


SOON = 0.1
"""Seconds that an answer is waited for while others have news too."""


class RayActors:
    """An actor for each GPU of a cluster, or for each of some processors.

    Attributes:
        size: How many.
    """

    def __init__(self, options: GenerateOptions) -> None:
        """Connects to the cluster, or starts one.

        Args:
            options: Of the run.

        Raises:
            UsageError: If Ray is not installed, or the cluster has not so many devices.
        """
        self._ray = ray = _import_ray()
        self._options = options
        self._owned = not ray.is_initialized()
        if self._owned:
            quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
            if "RAY_ADDRESS" in os.environ:
                ray.init(**quiet)
            else:
                slots = max(cores(), 1 if options.devices == "auto" else int(options.devices))
                ray.init(num_cpus=slots, include_dashboard=False, object_store_memory=OBJECTS, **quiet)
        try:
            self._gpu, self.size = choose_slots(options, ray.cluster_resources())
        except UsageError:
            self.close()
            raise

    def start(self, share: Share) -> RayActor:
        """Starts the actor of a share."""
        needs = {"num_gpus": 1} if self._gpu else {"num_cpus": 1}
        workers = self._options.workers if self._gpu or self._options.workers != "auto" else 0
        order = Order(self._options, "cuda" if self._gpu else "cpu", torch.get_num_threads(), workers)
        # two calls at a time: one works, the other tells
        actor = self._ray.remote(_Actor).options(max_concurrency=2, max_restarts=0, **needs).remote()
        return RayActor(self._ray, actor, actor.run.remote(order, share, os.getcwd()))

    def close(self) -> None:
        """Ends the cluster, if it was started here."""
        if self._owned:
            self._ray.shutdown()


class RayActor:
    """One actor."""

    def __init__(self, ray: Any, actor: Any, end: Any) -> None:
        self._ray, self._actor, self._end = ray, actor, end
        self._asked: Any = None

    def news(self) -> list[Message]:
        """Returns what it has told; see :class:`~changen_cli.pipeline.fleet.crew.Worker`."""
        done = bool(self._ray.wait([self._end], timeout=0)[0])
        try:
            found = self._ask(WAIT if done else SOON)
            if done:
                self._ray.get(self._end)
                found += self._ask(WAIT)
            return found
        except self._ray.exceptions.RayError as error:
            said = " ".join(str(error).partition("class_name:")[0].split())  # the rest is for who debugs Ray
            raise DiedError(said[:300].rstrip(".")) from error

    def _ask(self, wait: float) -> list[Message]:
        """Asks for news, unless the last question waits for an answer: an actor may not have its place yet."""
        if self._asked is None:
            self._asked = self._actor.news.remote()
        if not self._ray.wait([self._asked], timeout=wait)[0]:
            return []
        asked, self._asked = self._asked, None
        told: list[Message] = self._ray.get(asked)
        return told

    def stop(self) -> None:
        """Ends it: whatever it was writing is whole, or not there."""
        with suppress(Exception):  # it may be gone already
            self._ray.kill(self._actor)


class _Actor:
    """What runs in the cluster."""

    def __init__(self) -> None:
        self._news: list[Message] = []
        self._lock = threading.Lock()

    def run(self, order: Order, share: Share, folder: str) -> None:
        """Does the share, in the folder in which the command was given, where this machine has it."""
        if os.path.isdir(folder):
            os.chdir(folder)
        work(order, share, self._tell)

    def news(self) -> list[Message]:
        """Returns what was told since the last time; of how far it is only the last word."""
        with self._lock:
            news, self._news = self._news, []
        last = next((message for message in reversed(news) if message[0] == "progress"), None)
        return [message for message in news if message[0] != "progress" or message is last]

    def _tell(self, message: Message) -> None:
        with self._lock:
            self._news.append(message)


def choose_slots(options: GenerateOptions, resources: dict[str, float]) -> tuple[bool, int]:
    """Chooses what the workers run on.

    Args:
        options: Of the run.
        resources: What the cluster has: "GPU", "CPU".

    Returns:
        Whether on GPUs, and how many.

    Raises:
        UsageError: If there are not so many, or a device of one machine was named.
    """
    if options.device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {options.device} with --engine ray: Ray chooses; give auto, cpu or cuda")
    gpus = int(resources.get("GPU", 0))
    gpu = options.device != "cpu" and gpus > 0
    if options.device == "cuda" and not gpu:
        raise UsageError("--device cuda with --engine ray: the cluster has no GPU; give auto or cpu")
    there = gpus if gpu else int(resources.get("CPU", 0))
    wanted = there if options.devices == "auto" else int(options.devices)
    if not 1 <= wanted <= there:
        kind = "GPUs" if gpu else "processors"
        raise UsageError(f"--devices {options.devices}: the Ray cluster has {there} {kind}; give {there}, or auto")
    return gpu, wanted


def _import_ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise UsageError(f"--engine ray: Ray is not installed; run: pip install 'changen[ray]' ({error})") from error
    return ray
