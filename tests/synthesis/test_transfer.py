"""Transfers, the streams driven by a fake that records what was asked of it and checks that nothing runs ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from changen_cli.synthesis.base import Batch
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.synthesis.transfer import BlockingTransfer, HostTransfer, StreamTransfer, make_transfer
from changen_cli.types import UInt8Array

RunJobs = Callable[[Engine, Iterable[Job[Any]]], list[tuple[Any, UInt8Array]]]


class FakeStream:
    """A stream; a clock that knows how far it has seen into every other stream."""

    def __init__(self, api: FakeApi, name: str) -> None:
        self.api, self.name, self.work = api, name, 0
        self.waits: dict[str, int] = {}

    def enqueue(self, what: str) -> None:
        self.work += 1
        self.api.log.append((self.name, what, dict(self.waits)))

    def wait_stream(self, other: FakeStream) -> None:
        self.waits[other.name] = other.work
        for name, seen in other.waits.items():
            self.waits[name] = max(self.waits.get(name, 0), seen)


class FakeEvent:
    def __init__(self, api: FakeApi) -> None:
        self.api, self.stream, self.point = api, None, -1

    def record(self, stream: FakeStream) -> None:
        self.stream, self.point = stream.name, stream.work  # type: ignore[assignment]

    def synchronize(self) -> None:
        self.api.log.append(("host", "synchronize", {self.stream: self.point}))


class FakeApi:
    """What StreamTransfer uses of torch.cuda."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str, dict[Any, int]]] = []
        self.names = iter(("up", "down"))
        self.computing = FakeStream(self, "computing")
        self.current = self.computing

    def Stream(self, device: torch.device) -> FakeStream:  # noqa: N802
        return FakeStream(self, next(self.names))

    def Event(self) -> FakeEvent:  # noqa: N802
        return FakeEvent(self)

    def current_stream(self, device: torch.device) -> FakeStream:
        return self.current

    @contextmanager
    def stream(self, stream: FakeStream) -> Iterator[None]:
        before, self.current = self.current, stream
        yield
        self.current = before


class Recorder:
    """A synthesizer that notes on the computing stream that it was launched."""

    name: ClassVar[str] = "recorder"
    noise_dim = 1

    def __init__(self, api: FakeApi) -> None:
        self.api = api

    def synthesize(self, batch: Batch) -> Tensor:
        self.api.computing.enqueue("compute")
        return batch.image + 1

    def as_manifest(self) -> dict[str, Any]:
        return {}


def jobs(count: int, steps: int = 1) -> list[Job[int]]:
    return [
        Job(
            n,
            np.full((3, 16, 16), 10 * n, np.uint8),
            np.ones((16, 16), bool),
            np.zeros((steps + 1, 16, 16), np.uint8),
            ((),) * steps,
            np.zeros((steps, 1), np.float32),
        )
        for n in range(count)
    ]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """Notes every copy on the stream that is current when it is asked for."""
    made = FakeApi()
    for name in ("to", "copy_"):
        real = getattr(Tensor, name)

        def copy(self: Tensor, *args: Any, real: Any = real, **options: Any) -> Any:
            assert options["non_blocking"]
            made.current.enqueue("copy")
            return real(self, *args, **options)

        monkeypatch.setattr(Tensor, name, copy)
    return made


def test_an_array_goes_there_and_back() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for transfer in (HostTransfer(), StreamTransfer("cpu", FakeApi()), BlockingTransfer("cpu")):
        for given in (array, array[:, ::2, ::-1]):
            tensor = transfer.upload(given)
            assert tensor.dtype == torch.uint8
            assert np.array_equal(transfer.download(tensor)(), given)


def test_computing_waits_for_its_upload_and_the_download_for_computing(api: FakeApi, run_jobs: RunJobs) -> None:
    engine = Engine(Recorder(api), StreamTransfer("cpu", api), batch_size=1)
    done = run_jobs(engine, jobs(3, steps=2))
    assert [int(frames[-1, 0, 0, 0]) for _, frames in done] == [2, 12, 22]
    uploads = computed = 0
    for stream, what, waits in api.log:
        if stream == "up":
            uploads += 1
        elif (stream, what) == ("computing", "compute"):
            computed += 1
            assert waits["up"] == uploads  # everything uploaded so far, this batch's image, masks and z among it
            assert uploads == 3 * ((computed + 1) // 2)
        elif stream == "down":
            assert waits["computing"] == computed
            assert waits["up"] == uploads
    assert (uploads, computed) == (9, 6)


def test_the_host_waits_for_each_download_before_it_reads(api: FakeApi) -> None:
    list(Engine(Recorder(api), StreamTransfer("cpu", api), batch_size=1).run(jobs(2, steps=2)))
    waited = [waits["down"] for stream, _, waits in api.log if stream == "host"]
    assert waited == [1, 2, 3, 4]


def test_a_batch_is_launched_before_the_one_before_it_is_collected(api: FakeApi) -> None:
    order = []
    for tag, _ in Engine(Recorder(api), StreamTransfer("cpu", api), batch_size=2).run(jobs(6)):
        order.append((tag, sum(what == "compute" for _, what, _ in api.log)))
    assert order == [(0, 2), (1, 2), (2, 3), (3, 3), (4, 3), (5, 3)]
    events = [what for stream, what, _ in api.log if stream in ("computing", "host")]
    assert events == ["compute", "compute", "synchronize", "compute", "synchronize", "synchronize"]


def test_uploading_does_not_make_the_host_wait(api: FakeApi) -> None:
    transfer = StreamTransfer("cpu", api)
    transfer.download(transfer.upload(np.zeros(4, np.uint8)))
    assert [entry for entry in api.log if entry[0] == "host"] == []


def test_which_device_gets_which() -> None:
    assert isinstance(make_transfer("cpu"), HostTransfer)
    assert isinstance(make_transfer("mps"), BlockingTransfer)
    assert isinstance(make_transfer("xpu:0"), BlockingTransfer)
    assert HostTransfer.depth == BlockingTransfer.depth == 0
    assert StreamTransfer.depth == 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_streams_of_a_real_device(run_jobs: RunJobs) -> None:
    """Long computations on the device, read back while others run: any missing wait shows as wrong bytes."""

    class Slow:
        name: ClassVar[str] = "slow"
        noise_dim = 1

        def synthesize(self, batch: Batch) -> Tensor:
            busy = torch.rand(2048, 2048, device=batch.image.device)
            for _ in range(20):
                busy = (busy @ busy).clamp(0, 1)
            return batch.image + 1 + (busy.amax() * 0).to(torch.uint8)

        def as_manifest(self) -> dict[str, Any]:
            return {}

    transfer = make_transfer("cuda")
    assert isinstance(transfer, StreamTransfer)
    for tag, frames in run_jobs(Engine(Slow(), transfer, batch_size=2), jobs(12, steps=3)):
        for step in range(4):
            assert (frames[step] == 10 * tag + step).all()
