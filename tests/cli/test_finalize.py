from __future__ import annotations

import json
from pathlib import Path

from tests.commands import Changen
from tests.outputs import Tree


def test_a_divided_run_from_beginning_to_end(
    generate: Changen, changen: Changen, scene: Path, out: Path, tmp_path: Path, tree: Tree
) -> None:
    words = ["-i", scene, "--shard-samples", 4]
    first = generate(*words, "-o", out, "--shard", "0/2", "--json")
    assert first.code == 0
    assert (json.loads(first.out)["shard"], json.loads(first.out)["samples"]) == ("0/2", 8)
    assert f"when every worker is done: changen finalize {out}" in first.err
    early = changen("finalize", out)
    assert early.code == 1
    assert "of 3 shards 1 shard is missing: worker 1/2: 1; run the same command" in early.error
    assert generate(*words, "-o", out, "--shard", "1/2", "-q").code == 0
    done = changen("finalize", out, "--json")
    assert done.code == 0
    assert json.loads(done.out)["statuses"] == {"done": 12}
    assert f"{out}: 12 done of 12 series" in done.err
    assert generate(*words, "-o", tmp_path / "whole", "-q").code == 0
    assert tree(out) == tree(tmp_path / "whole")


def test_what_is_no_output(changen: Changen, tmp_path: Path) -> None:
    done = changen("finalize", tmp_path / "nowhere")
    assert done.code == 2
    assert "does not exist" in done.error
