"""Reads the code blocks of the documents, and writes those of docs/plugins.md as an installed distribution."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
    ROOT / "examples" / "plugin" / "README.md",
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document.

    Attributes:
        document: Where it stands.
        section: The last heading of level 2 above it.
        language: As written behind the fence.
        text: What is in it.
    """

    document: Path
    section: str
    language: str
    text: str

    @property
    def file(self) -> str:
        """The file that the block is, as its first line says (``# my_package/flood.py``); empty if it says none."""
        found = re.match(r"# (\S+/\S+)\n", self.text)
        return found[1] if found else ""


def read_blocks(document: Path) -> list[Block]:
    """Lists the fenced blocks of a document."""
    blocks, section = [], ""
    pattern = r"^## (?P<section>[^\n]*)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$"
    for found in re.finditer(pattern, document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        if found["section"] is not None:
            section = found["section"]
        else:
            blocks.append(Block(document, section, found["language"], found["text"]))
    return blocks


def shell_commands(block: Block) -> Iterator[list[str]]:
    """Takes a ``bash`` block apart into the words of its commands; comments and environment variables are left out."""
    for line in block.text.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\|", line):
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                del words[0]
            if words:
                yield words


def changen_commands(block: Block) -> list[list[str]]:
    """Lists the changen commands of a ``bash`` block, without the word changen, however it is started."""
    found = []
    for words in shell_commands(block):
        if words[0] == "changen":
            found.append(words[1:])
        elif "changen_cli" in words and words[words.index("changen_cli") - 1] == "-m":
            found.append(words[words.index("changen_cli") + 1 :])
    return found


def write_distribution(blocks: list[Block], site: Path, name: str = "my_package") -> None:
    """Writes blocks that are files, and the entry points of ``toml`` blocks, as pip would have installed them.

    Args:
        blocks: Blocks of a document.
        site: The folder to put on ``sys.path``.
        name: Of the package; its distribution has the same.
    """
    (site / name).mkdir(parents=True)
    (site / name / "__init__.py").touch()
    for block in blocks:
        if block.file:
            path = site / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    lines = []
    for block in blocks:
        if block.language == "toml":
            for group, points in tomllib.loads(block.text)["project"]["entry-points"].items():
                lines += [f"[{group}]", *(f"{point} = {target}" for point, target in points.items())]
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
