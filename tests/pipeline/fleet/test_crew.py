from __future__ import annotations

import pytest

from changen_cli.errors import StoreError, UsageError
from changen_cli.pipeline.fleet import crew
from changen_cli.pipeline.fleet.crew import DiedError, Message, add_up, look_after
from changen_cli.reporter import Progress
from changen_cli.store.share import Share
from tests.reporting import Heard


class Scripted:
    """A worker that does what is written, look by look: tells a message, or dies."""

    def __init__(self, script: list[Message | None]) -> None:
        self.script, self.stopped = script, False

    def news(self) -> list[Message]:
        message = self.script.pop(0)
        if message is None:
            raise DiedError("exit code -9")
        return [message]

    def stop(self) -> None:
        self.stopped = True


class Team:
    """A crew of scripted workers."""

    def __init__(self, *scripts: list[list[Message | None]]) -> None:
        self.size, self.scripts = len(scripts), scripts
        self.started: list[tuple[Share, Scripted]] = []

    def start(self, share: Share) -> Scripted:
        self.started.append((share, Scripted(self.scripts[share.worker].pop(0))))
        return self.started[-1][1]

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "POLL", 0.0)


def progress(done: int, rate: float = 2.0) -> Message:
    return "progress", Progress("generate", done, 10, "series", "", 5.0, {"done": done, "tile_steps_per_second": rate})


def test_all_do_their_share_and_are_heard_as_one() -> None:
    heard = Heard()
    look_after(Team([[progress(1), ("say", "hello"), ("done", None)]], [[progress(3), ("done", None)]]), heard)
    assert [(one.done, one.total) for one in heard.progresses] == [(1, 20), (4, 20)]
    assert heard.progresses[-1].note == "4.0 tile-steps/s, workers: 2"
    assert heard.said == ["worker 0/2: hello"]


def test_one_that_died_is_started_again() -> None:
    heard = Heard()
    team = Team([[progress(1), None], [progress(1), ("done", None)]], [[("done", None)]])
    look_after(team, heard)
    assert [str(share) for share, _ in team.started] == ["0/2", "1/2", "0/2"]
    assert heard.warned == ["worker 0/2 died (exit code -9); it is started again, and goes on where it stopped"]


def test_one_that_dies_again_and_again_ends_all() -> None:
    team = Team([[None], [None]], [[progress(1)] * 9])
    with pytest.raises(StoreError, match=r"worker 0/2 died 2 times \(exit code -9\).*goes on where it stopped"):
        look_after(team, Heard(), retries=1)
    assert team.started[1][1].stopped


def test_an_error_ends_all_and_keeps_its_kind() -> None:
    team = Team([[("error", ("UsageError", "--x: no"))]], [[progress(1)] * 9])
    with pytest.raises(UsageError, match="--x: no"):
        look_after(team, Heard())
    assert team.started[1][1].stopped


def test_what_is_left_is_that_of_the_slowest() -> None:
    told = {Share(0, 3): Progress("generate", 4, 10, seconds_left=3.0), Share(1, 3): Progress("generate", 2, 8)}
    total = add_up(told, 3)
    assert (total.done, total.total, total.seconds_left) == (6, 27, 3.0)
