"""Files that were good once: what a fuzz does to them, and what every reader owes."""

from __future__ import annotations

import os
import re
import resource
import signal
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from changen_cli.errors import ChangenError

SECONDS = 20
"""Processor time that one case may take, far above the 0.1 s that one does take."""

WAIT = 120
"""Seconds by the clock, for what waits and computes nothing; a busy machine is slow."""

MEGABYTES = 1500
"""How far one case may raise the peak memory of the process."""

NUMBERS = [0, 1, 2, 3, 7, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1]
_WORDS = [
    *("0", "-1", "1e308", "-1e308", "1e999", "NaN", "Infinity", "null", "true", "[]", "{}", '""', "1.5", "1e-320"),
    *("2147483648", "99999999999999999999", '"x"', "[[[[[[]]]]]]", "EPSG:999999"),
]

Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Flip:
    """Turns one bit."""

    at: float
    bit: int

    def __call__(self, content: bytes) -> bytes:
        place = min(int(self.at * len(content)), len(content) - 1)
        return content[:place] + bytes([content[place] ^ (1 << self.bit)]) + content[place + 1 :]


@dataclass(frozen=True)
class Cut:
    """Ends the file early."""

    at: float

    def __call__(self, content: bytes) -> bytes:
        return content[: int(self.at * len(content))]


@dataclass(frozen=True)
class Splice:
    """Copies a part of the file over, or into, another part."""

    source: float
    length: int
    target: float
    insert: bool

    def __call__(self, content: bytes) -> bytes:
        source, target = int(self.source * len(content)), int(self.target * len(content))
        part = content[source : source + self.length]
        return content[:target] + part + content[target + (0 if self.insert else len(part)) :]


@dataclass(frozen=True)
class Extreme:
    """Writes an extreme number, two, four or eight bytes, over whatever is there."""

    at: float
    number: int
    form: str

    def __call__(self, content: bytes) -> bytes:
        packed = struct.pack(self.form, self.number % 2 ** (8 * struct.calcsize(self.form)))
        place = int(self.at * len(content))
        return content[:place] + packed + content[place + len(packed) :]


@dataclass(frozen=True)
class Word:
    """Puts a word in the place of a number or a quoted word of a text."""

    at: float
    word: str

    def __call__(self, content: bytes) -> bytes:
        found = list(re.finditer(rb'-?\d+(?:\.\d+)?(?:e-?\d+)?|"[^"\n]*"', content))
        if not found:
            return content + self.word.encode()
        one = found[min(int(self.at * len(found)), len(found) - 1)]
        return content[: one.start()] + self.word.encode() + content[one.end() :]


SHARE = st.floats(0, 1, exclude_max=True)
HEAD = st.floats(0, 0.12)
"""Of a binary file: where its header is, mostly."""

PLACE = SHARE | HEAD
BINARY = st.lists(
    st.builds(Flip, PLACE, st.integers(0, 7))
    | st.builds(Cut, SHARE)
    | st.builds(Splice, PLACE, st.integers(1, 64), PLACE, st.booleans())
    | st.builds(Extreme, PLACE, st.sampled_from(NUMBERS), st.sampled_from(["<H", "<I", ">I", "<Q"])),
    min_size=1,
    max_size=4,
)
TEXT = st.lists(
    st.builds(Word, SHARE, st.sampled_from(_WORDS))
    | st.builds(Splice, SHARE, st.integers(1, 200), SHARE, st.booleans())
    | st.builds(Cut, SHARE)
    | st.builds(Flip, SHARE, st.integers(0, 7)),
    min_size=1,
    max_size=3,
)


def altered(path: Path, content: bytes, changes: list[Change]) -> Path:
    """Writes what changes make of content."""
    for change in changes:
        content = change(content) if content else content
    path.write_bytes(content)
    return path


CASES = float(os.environ.get("CHANGEN_FUZZ", "1"))
"""How many times as many cases as there are in CI."""

DECLARED: dict[str, tuple[int, int]] = {}
"""Cases of each test: for each of its parameters, and how many parameters it has."""

_given = [0]


def cases(name: str, count: int, kinds: int = 1) -> settings:
    """Declares how many inputs a test gives to its reader: the same ones every time.

    Args:
        name: Of the test.
        count: For each of its parameters.
        kinds: How many parameters it has.
    """
    DECLARED[name] = int(count * CASES), kinds
    return settings(
        max_examples=int(count * CASES), derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def given_so_far() -> int:
    """Returns how many inputs this process has given to readers."""
    return _given[0]


@contextmanager
def owed(seconds: float = SECONDS, megabytes: float = MEGABYTES) -> Iterator[None]:
    """Checks what every reader owes: success or a ChangenError of one line, in bounded time and memory, no warning."""
    _given[0] += 1
    assert threading.current_thread() is threading.main_thread(), "the alarms are for the main thread"

    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"took longer than {seconds} s, or waited for {WAIT} s")

    timers = {signal.SIGPROF: (signal.ITIMER_PROF, seconds), signal.SIGALRM: (signal.ITIMER_REAL, WAIT)}
    before = {number: signal.signal(number, late) for number in timers}
    for timer, limit in timers.values():
        signal.setitimer(timer, limit)
    peak, begun = _peak(), time.process_time()
    said = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # of numpy, beside the one line
            yield
    except ChangenError as error:
        said = str(error) or "nothing"
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
    assert said != "nothing"
    assert len(said) < 5_000, "one line that can be read"
    assert time.process_time() - begun < seconds  # a library that holds the interpreter is late without an alarm
    assert _peak() - peak < megabytes, "took too much memory"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
