"""One run at a time per output in an object store, where the operating system has no locks: a lease.

It is an object that says who holds it. It is made, renewed and taken over by writes on a condition (``If-None-Match``,
``If-Match``), of which the store lets one succeed. The holder renews it every :data:`RENEW` seconds; a killed one does
not, so who finds it the same for :data:`EXPIRES` seconds, by its own clock, takes it over. A holder that was killed on
this very machine is known to be dead at once. A holder that was only asleep finds that it has lost the lease before it
goes on; what it may have written meanwhile are bytes that any run of the same arguments writes.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from changen_cli.errors import StoreError
from changen_cli.files import ObjectPath, disk_errors, objects

RENEW = 15.0
"""Seconds between two renewals."""

EXPIRES = 60.0
"""Seconds after which a lease that is not renewed may be taken over."""

_POLL = 0.2
_FREE = b""


class Lease:
    """An exclusive lease on a name; as :class:`~changen_cli.store.lock.Lock`, which is for disks.

    Attributes:
        path: The object; it stays (empty) after the lease is released.
    """

    def __init__(
        self, path: ObjectPath, *, holder: str = "another run", renew: float = RENEW, expires: float = EXPIRES
    ) -> None:
        """Names the object; nothing is written yet.

        Args:
            path: The object.
            holder: Who it is that has the lease where it cannot be had, in words.
            renew: Seconds between two renewals.
            expires: Seconds after which one that is not renewed may be taken over.
        """
        self.path = path
        self._who = holder
        self._renew, self._expires = renew, expires
        self._me: dict[str, Any] = {"holder": uuid.uuid4().hex, **_process(os.getpid())}
        self._tag: str | None = None
        self._beats = 0
        self._renewed = 0.0
        self._lost = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self, *, wait: float = 0.0) -> None:
        """Takes the lease; waits as long as it takes to find out whether its holder is alive.

        Args:
            wait: Seconds to wait for a holder that is alive.

        Raises:
            StoreError: If another run holds it, or the store cannot be written, or cannot write on a condition.
        """
        if self._thread is not None:
            return
        begun = time.monotonic()
        seen: str | None = None
        since = begun
        with disk_errors(self.path):
            while True:
                try:
                    held, tag = objects.get(self.path.address)
                except FileNotFoundError:
                    if self._take(None):
                        return
                    continue
                now = time.monotonic()
                if seen is not None and tag != seen and held != _FREE and now - begun >= wait:
                    raise self._refusal(held)  # renewed, so alive
                if tag != seen:
                    seen, since = tag, now
                if held == _FREE or _is_dead(held) or now - since >= self._expires:
                    if self._take(tag):
                        return
                    continue
                if _is_alive_here(held) and now - begun >= wait:
                    raise self._refusal(held)
                time.sleep(_POLL)

    def release(self) -> None:
        """Gives the lease back, if it is held."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join()
        self._thread = None
        if self._tag is not None and not self._lost:
            with suppress(OSError):  # it expires by itself
                objects.put_if(self.path.address, _FREE, self._tag)
        self._tag = None

    def refuse_lost(self) -> None:
        """Refuses to go on where the lease was held and is not any more.

        Raises:
            StoreError: If another run has taken it over, or it could not be renewed for too long.
        """
        if self._thread is not None and (self._lost or time.monotonic() - self._renewed > self._expires):
            raise StoreError(
                f"this run could not renew its hold on {self.path.parent.parent} for {self._expires:g} s, so another "
                "may be writing it now; run the same command again: it goes on where it stopped"
            )

    def _take(self, tag: str | None) -> bool:
        """Tries to take what nobody holds; tells whether it did."""
        try:
            self._tag = objects.put_if(self.path.address, self._content(), tag)
        except FileExistsError:
            return False
        if tag is None:
            self._refuse_unconditional()
        self._renewed, self._lost = time.monotonic(), False
        self._stop.clear()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()
        return True

    def _refuse_unconditional(self) -> None:
        """Refuses a store that takes no notice of conditions: two runs could not be kept apart."""
        try:
            self._tag = objects.put_if(self.path.address, self._content(), None)
        except FileExistsError:
            return
        raise StoreError(
            f"the object store of {self.path.parent.parent} takes no notice of conditions (If-None-Match), so that two "
            "runs there could not be kept apart; choose another --output"
        )

    def _keep(self) -> None:
        """Renews the lease until it is given back or lost."""
        while not self._stop.wait(self._renew):
            try:
                self._tag = objects.put_if(self.path.address, self._content(), self._tag)
                self._renewed = time.monotonic()
            except FileExistsError:
                if not self._is_mine():
                    self._lost = True
                    return
            except OSError:  # tried again; refuse_lost knows when it is too late
                continue

    def _is_mine(self) -> bool:
        """Whether the lease is this run's after all: the answer to a renewal was lost, and it was sent again."""
        with suppress(OSError, ValueError):
            held, tag = objects.get(self.path.address)
            if json.loads(held)["holder"] == self._me["holder"]:
                self._tag, self._renewed = tag, time.monotonic()
                return True
        return False

    def _content(self) -> bytes:
        self._beats += 1  # a tag may be a digest of the content
        return json.dumps({**self._me, "renewals": self._beats}).encode()

    def _refusal(self, held: bytes) -> StoreError:
        holder = _read(held)
        where = f" (process {holder['pid']} of {holder['host']})" if {"pid", "host"} <= holder.keys() else ""
        return StoreError(
            f"{self._who}{where} is writing {self.path.parent.parent}; wait for it, choose another --output, or have "
            "runs share one (changen generate --shard)"
        )


def _process(pid: int) -> dict[str, Any]:
    """Returns what tells a process of this machine from all others: the machine, its start, and the process's."""
    boot = start = ""
    with suppress(OSError, IndexError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        boot += os.readlink("/proc/self/ns/pid")  # containers of one machine count their processes apart
        state, *values = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        start = "" if state == "Z" else values[18]  # a zombie writes no more
    return {"host": socket.gethostname(), "boot": boot, "pid": pid, "start": start}


def _read(held: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        value = json.loads(held)
        if isinstance(value, dict):
            return value
    return {}


def _is_here(holder: dict[str, Any]) -> bool:
    mine = _process(os.getpid())
    return bool(mine["boot"]) and all(holder.get(key) == mine[key] for key in ("host", "boot"))


def _is_dead(held: bytes) -> bool:
    """Whether the holder was a process of this machine that is gone."""
    holder = _read(held)
    if not (_is_here(holder) and isinstance(holder.get("pid"), int)):
        return False
    return bool(_process(holder["pid"])["start"] != holder.get("start"))


def _is_alive_here(held: bytes) -> bool:
    holder = _read(held)
    return _is_here(holder) and not _is_dead(held)
