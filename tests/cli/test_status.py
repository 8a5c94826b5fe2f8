from __future__ import annotations

import json
from pathlib import Path

from tests.commands import Changen


def test_by_worker(generate: Changen, changen: Changen, scene: Path, out: Path) -> None:
    words = ["-i", scene, "-o", out, "--shard-samples", 4, "-q"]
    assert generate(*words, "--shard", "1/2").code == 0
    done = changen("status", out)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"{out} (zarr): not finished"
    assert lines[1].split() == ["shards", "missing", "series", "done", "skipped", "failed", "missing"]
    assert [line.split() for line in lines[2:]] == [
        ["all", "3", "2", "12", "4", "0", "0", "8"],
        ["worker", "0/2", "2", "2", "8", "0", "0", "0", "8"],
        ["worker", "1/2", "1", "0", "4", "4", "0", "0", "0"],
    ]
    told = json.loads(changen("status", out, "--json").out)
    assert (told["finished"], told["whole"]["missing"], told["workers"][0]["shard"]) == (False, [0, 2], "0/2")
    assert generate(*words, "--shard", "0/2").code == 0
    assert "all shards are there; next: changen finalize" in changen("status", out).out
    assert changen("finalize", out, "-q").code == 0
    assert changen("status", out).out.splitlines()[0].endswith(": finished")
    (out / ".changen" / "shards" / "000001.json").unlink()
    assert "shards are lost since: changen verify" in changen("status", out).out


def test_what_is_no_output(changen: Changen, tmp_path: Path) -> None:
    done = changen("status", tmp_path)
    assert done.code == 2
    assert "was not written by changen" in done.error
