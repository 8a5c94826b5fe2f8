"""The documentation as a site, the tutorial from its first command to its last, and the package of plugins."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from changen_cli.cli.main import main
from tests.documents import ROOT, changen_commands, read_blocks

EXAMPLE = ROOT / "examples" / "plugin"
PLUGINS = read_blocks(ROOT / "docs" / "plugins.md")


class Addresses(HTMLParser):
    """Collects what a page loads by itself, and what it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.linked.append(str(values["href"]))
        elif values.get("src"):
            self.loaded.append(str(values["src"]))
        elif tag == "link" and values.get("rel") in ("stylesheet", "icon"):
            self.loaded.append(str(values["href"]))


def test_the_site_is_built_without_a_broken_link_and_asks_nobody_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert {"manual", "tutorial", "paper", "benchmarks-transfer"} <= {page.parent.name for page in pages}
    for page in pages:
        found = Addresses()
        found.feed(page.read_text(encoding="utf-8"))
        assert not [one for one in found.loaded if "//" in one]
        if page.name == "404.html":
            continue  # its links start at the root of wherever the site is put
        for link in found.linked:
            path = link.partition("#")[0]
            if path and "//" not in path and not path.startswith("mailto:"):
                assert (page.parent / path).exists(), f"{page}: {link}"


@pytest.mark.slow
def test_the_tutorial_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in read_blocks(ROOT / "docs" / "tutorial.md") if block.language == "bash"]
    verbs = []
    for words in (words for block in blocks for words in changen_commands(block)):
        with pytest.raises(SystemExit) as done:
            main(words)
        assert done.value.code == 0, words
        verbs.append(words[0])
    assert verbs == [
        "example",
        "generate",
        "generate",
        "verify",
        "preview",
        "pretrain",
        "weights",
        "evaluate",
        "detect",
    ]
    assert {path.name for path in tmp_path.iterdir()} >= {"preview.html", "series", "runs", "change.tif"}


def test_the_package_of_plugins_is_what_the_page_explains() -> None:
    explained = {block.file: block.text for block in PLUGINS if block.file}
    there = {
        str(path.relative_to(EXAMPLE)): path.read_text(encoding="utf-8") for path in EXAMPLE.rglob("my_package/**/*.*")
    }
    assert there.pop("my_package/__init__.py") == ""
    assert there == explained
    points: dict[str, dict[str, str]] = {}
    for block in PLUGINS:
        if block.language == "toml":
            for group, named in tomllib.loads(block.text)["project"]["entry-points"].items():
                points.setdefault(group, {}).update(named)
    assert tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"] == points


@pytest.mark.slow
def test_the_package_of_plugins_is_built_and_known(tmp_path: Path) -> None:
    """By pip, as its README says; into a folder of its own, so that no other test sees it."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "changen_cli", "events", "list"],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert "flood" in listed.stdout
