"""Servers that tests ask, each a process of its own: GDAL may hold the interpreter lock while it waits for an answer.

``python serving.py s3`` or ``python serving.py http FOLDER LOG``; the port is the one line on standard output, and the
server ends when its standard input does.
"""

from __future__ import annotations

import re
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Ranges(SimpleHTTPRequestHandler):
    """Serves files, or ranges of them, and writes down what was asked."""

    def __init__(self, *arguments: object, log: Path, directory: str) -> None:
        self.log = log
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        """Answers without a body."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """Answers."""
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        asked = self.headers.get("Range") or ""
        with self.log.open("a") as log:
            log.write(f"{self.command} {self.path} {asked}\n")
        file = Path(self.translate_path(urlsplit(self.path).path))
        if not file.is_file():
            self.send_error(404)
            return
        data = file.read_bytes()
        found = _RANGE.fullmatch(asked)
        if found:
            first = int(found[1]) if found[1] else len(data) - int(found[2])
            last = min(int(found[2]), len(data) - 1) if found[1] and found[2] else len(data) - 1
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            data = data[first : last + 1]
        else:
            self.send_response(200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Last-Modified", self.date_time_string(int(file.stat().st_mtime)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


def main(kind: str, *arguments: str) -> None:
    """Serves until standard input ends."""
    if kind == "s3":
        from moto.server import ThreadedMotoServer

        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        port = moto.get_host_and_port()[1]
    else:
        folder, log = arguments
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Ranges, log=Path(log), directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
    print(port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
