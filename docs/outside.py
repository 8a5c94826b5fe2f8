"""A hook of MkDocs: the README becomes a page of the site, and so does whatever pages link to outside of ``docs/``.

GitHub shows README.md and benchmarks/*.md where they lie, and there their links are right. In the site they are pages
of their own (README.md is ``manual.md``), and links between pages are turned to where they lie in it. What is linked
and is no page (a recipe, an example) is copied.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")

PAGES = {
    "README.md": "manual.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/plugin/README.md": "plugin-package.md",
    **{f"benchmarks/{path.name}": f"benchmarks-{path.name}" for path in sorted((ROOT / "benchmarks").glob("*.md"))},
}
"""Pages that lie outside of docs/, and where they are in the site."""


def on_files(files: Files, *, config: Any) -> Files:
    """Adds the pages that lie outside, and what pages link to."""
    linked = set()
    for source, target in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, target, content=_turned(text, source)))
        linked |= _linked(text, source)
    for file in list(files.documentation_pages()):
        if file.src_uri not in PAGES.values():
            source = f"docs/{file.src_uri}"
            linked |= _linked((ROOT / source).read_text(encoding="utf-8"), source)
    for path in sorted(linked):
        if path not in PAGES and not path.startswith("docs/") and (ROOT / path).is_file():
            files.append(File.generated(config, _place(path), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Turns the links of a page of docs/ that lead outside."""
    uri = page.file.src_uri
    return markdown if uri in PAGES.values() else _turned(markdown, f"docs/{uri}")


def _linked(text: str, source: str) -> set[str]:
    """Lists the files that a page links to, from the root of the repository."""
    return {_meant(source, link) for link in LINK.findall(text)}


def _turned(text: str, source: str) -> str:
    """Turns the links of a page to where their targets are in the site, all of whose pages lie side by side."""

    def turn(found: re.Match[str]) -> str:
        return f"]({_place(_meant(source, found[1]))}"

    return LINK.sub(turn, text)


def _meant(source: str, link: str) -> str:
    """Returns what a link of a page leads to, from the root of the repository; for a folder the first file in it."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if (ROOT / path).is_dir():
        return next(str(file.relative_to(ROOT)) for file in sorted((ROOT / path).iterdir()) if file.is_file())
    return path


def _place(path: str) -> str:
    """Returns where a file of the repository is in the site."""
    if path in PAGES:
        return PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"files/{path}"
