"""``--profile``: where the time of a run goes, as a file that Perfetto (ui.perfetto.dev) and chrome://tracing open.

======================= ============================================================================================
span                    what is done in it
======================= ============================================================================================
read, simulate, draw    the three things that are done to a tile before the generator
transfer                batches are copied to the device, images back; the latter also waits for the device
synthesise              a batch is given to the synthesizer for one step. A GPU computes on its own: there it is the
                        time to launch, and the rest is in ``transfer``
wait                    the main process has nothing to do until a worker has prepared or written a shard
queue wait              a shard lies ready until a worker takes it; in a row of its own, since no thread does it
write                   the data of a shard are encoded and written
commit                  its tables are written, and it is recorded as done
======================= ============================================================================================

Stages that overlap lie above one another in different processes. The format is Chrome's Trace Event Format: complete
events (``X``), asynchronous ones (``b``, ``e``) for queues, and names of processes (``M``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from changen_cli.files.single import write_whole
from changen_cli.tracing import Span, Trace, tracing

QUEUE_WAIT = "queue wait"
"""Name of the spans of shards that wait for a worker."""


@contextmanager
def profiling(path: str | None) -> Iterator[None]:
    """Traces a block and writes the trace when it ends, well or not.

    Args:
        path: The file; None traces nothing.

    Raises:
        StoreError: If the file cannot be written, before the block starts.
    """
    if path is None:
        yield
        return
    trace = Trace()
    write_whole(Path(path), as_chrome(trace))  # a path that cannot be written is found now, not after a day
    try:
        with tracing(trace):
            yield
    finally:
        write_whole(Path(path), as_chrome(trace))


def as_chrome(trace: Trace) -> str:
    """Returns a trace as JSON in Chrome's Trace Event Format, times in microseconds from its first span on."""
    origin = min((span.begin for span in trace.spans), default=0)
    events = [_name(process) for process in sorted({span.process for span in trace.spans})]
    for number, span in enumerate(trace.spans):
        events += _waiting(span, number, origin) if span.name == QUEUE_WAIT else [_complete(span, origin)]
    value = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"dropped spans": trace.dropped}}
    return json.dumps(value, ensure_ascii=False)


def _name(process: int) -> dict[str, Any]:
    role = "changen" if process == os.getpid() else "worker"
    return {"name": "process_name", "ph": "M", "pid": process, "tid": 0, "args": {"name": role}}


def _complete(span: Span, origin: int) -> dict[str, Any]:
    return {
        "name": span.name,
        "cat": "stage",
        "ph": "X",
        "ts": (span.begin - origin) / 1000,
        "dur": (span.end - span.begin) / 1000,
        "pid": span.process,
        "tid": span.thread,
        "args": span.about,
    }


def _waiting(span: Span, number: int, origin: int) -> list[dict[str, Any]]:
    shared = {"name": span.name, "cat": "queue", "id": number, "pid": span.process, "tid": span.thread}
    return [
        {**shared, "ph": "b", "ts": (span.begin - origin) / 1000, "args": span.about},
        {**shared, "ph": "e", "ts": (span.end - origin) / 1000, "args": {}},
    ]
