from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Changen
from tests.outputs import Tree


@pytest.fixture
def made(generate: Changen, scene: Path, out: Path) -> Path:
    """A finished output."""
    assert generate("-i", scene, "-o", out, "--shard-samples", 4, "-q").code == 0
    return out


def test_a_whole_output(changen: Changen, made: Path) -> None:
    done = changen("verify", made)
    assert done.code == 0
    assert f"{made}: whole; " in done.out
    assert "labels of 12 series" in done.out
    assert "verify: 3/3 shards" in done.err


def test_damage_is_listed_and_repaired(changen: Changen, made: Path, tree: Tree) -> None:
    whole = tree(made)
    chunk = made / "image" / "c.1.0.0.0.0"
    data = bytearray(chunk.read_bytes())
    data[50] ^= 8
    chunk.write_bytes(data)
    (made / "instance" / "c.2.0.0.0").unlink()
    done = changen("verify", made, "-q")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0].startswith(f"{made}: 2 problems; ")
    assert lines[1].startswith("damaged: image/c.1.0.0.0.0: its XXH3 is")
    assert lines[2] == "missing: instance/c.2.0.0.0: it is gone"
    told = json.loads(changen("verify", made, "--json").out)
    assert (told["whole"], told["exit_code"]) == (False, 1)
    assert [(p["kind"], p["shard"]) for p in told["problems"]] == [("damaged", 1), ("missing", 2)]
    repaired = changen("verify", made, "--repair")
    assert repaired.code == 0, repaired.err
    assert "whole" in repaired.out
    assert tree(made) == whole


def test_an_extra_file_is_told_and_left(changen: Changen, made: Path) -> None:
    (made / "mask" / "c.9.0.0.0").write_text("mine")
    done = changen("verify", made, "--repair", "-q")
    assert done.code == 1
    assert "extra: mask/c.9.0.0.0: changen did not write it; move it away" in done.out
    assert (made / "mask" / "c.9.0.0.0").read_text() == "mine"


def test_what_is_no_output(changen: Changen, tmp_path: Path) -> None:
    done = changen("verify", tmp_path)
    assert done.code == 2
    assert "was not written by changen" in done.error
