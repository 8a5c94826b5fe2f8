"""Ids of scenes, made of their paths: readable, unique in a run, fit for file names."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence

from changen_cli.scenes.source import is_remote

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_ID = 100


def _parts(path: str) -> list[str]:
    """Returns folders and file name of a path or URL; ``images`` tells nothing apart and is left out."""
    plain = path.partition("?")[0] if is_remote(path) else os.path.abspath(path)
    parts = [part for part in re.split(r"[/\\]+", plain) if part]
    return [*(part for part in parts[:-1] if part.lower() != "images"), *parts[-1:]]


def stem_of(path: str) -> str:
    """Returns the name of a file, or of what a URL names, without its extension."""
    return os.path.splitext(_parts(path)[-1])[0]


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", text).strip("._")[-_LONGEST_ID:] or "scene"


def make_ids(paths: Sequence[str]) -> list[str]:
    """Makes ids: stems, with as many parent folders before them as it takes, else with a number behind them.

    Ids differ also where upper and lower case do not, since they become file names.

    Args:
        paths: Paths or URLs; the same ones in the same order give the same ids.

    Returns:
        An id for each, of letters, digits, dots, underscores and dashes.
    """
    parts = [_parts(path) for path in paths]
    depth = [1] * len(paths)

    def current() -> list[str]:
        return [_safe("_".join([*p[-d:-1], os.path.splitext(p[-1])[0]])) for p, d in zip(parts, depth, strict=True)]

    for _ in range(max((len(p) for p in parts), default=0)):
        ids = current()
        count = Counter(name.lower() for name in ids)
        clash = [i for i, name in enumerate(ids) if count[name.lower()] > 1 and depth[i] < len(parts[i])]
        if not clash:
            break
        for i in clash:
            depth[i] += 1
    ids, taken = [], set[str]()
    for name in current():
        unique, number = name, 2
        while unique.lower() in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique.lower())
        ids.append(unique)
    return ids
