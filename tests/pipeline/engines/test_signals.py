from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import Future

import pytest

from changen_cli.pipeline.engines.signals import signals_held


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_signals_wait_while_a_process_starts() -> None:
    reached: list[str] = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # where it is raised is what matters
        with signals_held():
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(0.05)
            reached.append("end of the block")
        reached.append("after it")
    assert reached == ["end of the block"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_signals_are_left_alone_in_other_threads() -> None:
    done: Future[bool] = Future()

    def work() -> None:
        with signals_held():
            pass
        done.set_result(True)

    threading.Thread(target=work).start()
    assert done.result(10)
