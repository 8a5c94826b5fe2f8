"""Moving tensors between host and device, overlapped with computing where the device can.

The engine speaks to :class:`Transfer` only, so it is the same on every device, and a test can drive it with streams
that merely record what was asked of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from changen_cli.types import AnyArray

Waiting = Callable[[], AnyArray]
"""A download under way; calling it waits for its end and gives the array."""


class Transfer(Protocol):
    """How arrays get to a device and back.

    Attributes:
        depth: Batches to launch before the first is collected: 0 where computing is synchronous anyway.
    """

    depth: int

    def upload(self, array: AnyArray) -> Tensor:
        """Copies an array to the device; later work on the device sees it complete."""
        ...

    def download(self, tensor: Tensor) -> Waiting:
        """Starts copying a tensor to the host."""
        ...


class HostTransfer:
    """The device is the CPU: nothing is copied."""

    depth = 0

    def upload(self, array: AnyArray) -> Tensor:
        """Wraps the array."""
        return torch.from_numpy(np.ascontiguousarray(array))

    def download(self, tensor: Tensor) -> Waiting:
        """Returns the tensor's own memory."""
        array: AnyArray = tensor.numpy()
        return lambda: array


class StreamTransfer:
    """The device has streams: copies run on their own, from and to pinned memory, while the device computes.

    Attributes:
        depth: One batch computes while the one before is collected.
    """

    depth = 1

    def __init__(self, device: str, api: Any = torch.cuda) -> None:
        """Makes the streams.

        Args:
            device: A torch device string.
            api: The module with ``Stream``, ``Event``, ``stream`` and ``current_stream``; a recording one in tests.
        """
        self.device, self.api = torch.device(device), api
        self.upward, self.downward = api.Stream(self.device), api.Stream(self.device)

    def upload(self, array: AnyArray) -> Tensor:
        """Copies on the upward stream; the computing stream waits for it, the host does not."""
        host = torch.from_numpy(np.ascontiguousarray(array))
        host = host.pin_memory() if self.device.type == "cuda" else host
        with self.api.stream(self.upward):
            tensor = host.to(self.device, non_blocking=True)
        computing = self.api.current_stream(self.device)
        computing.wait_stream(self.upward)
        if self.device.type == "cuda":
            # the allocator must not give this memory away while the other stream still reads it
            tensor.record_stream(computing)
        return tensor

    def download(self, tensor: Tensor) -> Waiting:
        """Copies on the downward stream once what is computed so far is done; the computing stream goes on."""
        host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=self.device.type == "cuda")
        self.downward.wait_stream(self.api.current_stream(self.device))
        done = self.api.Event()
        with self.api.stream(self.downward):
            host.copy_(tensor, non_blocking=True)
            done.record(self.downward)
        if self.device.type == "cuda":
            tensor.record_stream(self.downward)

        def wait() -> AnyArray:
            done.synchronize()
            array: AnyArray = host.numpy()
            return array

        return wait


def make_transfer(device: str) -> Transfer:
    """Chooses the transfer for a device: by its kind, streams where it has them and no copy where it is the host."""
    kind = torch.device(device).type
    if kind == "cuda":
        return StreamTransfer(device)
    return HostTransfer() if kind == "cpu" else BlockingTransfer(device)


class BlockingTransfer:
    """Any other device: each copy is complete when its call returns."""

    depth = 0

    def __init__(self, device: str) -> None:
        self.device = device

    def upload(self, array: AnyArray) -> Tensor:
        """Copies and waits."""
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def download(self, tensor: Tensor) -> Waiting:
        """Copies and waits."""
        array: AnyArray = tensor.cpu().numpy()
        return lambda: array
