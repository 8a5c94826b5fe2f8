from __future__ import annotations

import subprocess
import sys

import pytest

BUSY = """
import atexit, time
import numpy as np
import zarr
from zarr.core import sync
{ours}
zarr.create_array(store={{}}, shape=(4,), dtype="uint8", chunks=(4,))[...] = np.arange(4)
# as on a machine where the thread gets no core while the interpreter ends
atexit.register(lambda: sync.loop[0].call_soon_threadsafe(time.sleep, 0.8))
"""

OURS = """
from changen_cli.store.formats.zarr.loop import end_loop_in_time
end_loop_in_time()
end_loop_in_time()
"""


def said(ours: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BUSY.format(ours=ours)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0
    return done.stderr


def test_a_thread_that_is_slow_to_end_is_waited_for() -> None:
    assert said(OURS) == ""


@pytest.mark.pinned
def test_without_it_zarr_closes_a_running_loop() -> None:
    assert "Cannot close a running event loop" in said(""), "zarr has mended it: loop.py can go"


def test_a_process_that_wrote_no_zarr_has_nothing_to_wait_for() -> None:
    code = f"{OURS}\nimport sys; print(sys.modules['zarr.core.sync'].loop[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout, done.stderr) == ("None\n", "")
