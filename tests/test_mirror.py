"""Where a newcomer looks for a test: ``changen_cli/a/b.py`` has ``tests/a/test_b.py``."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]

TESTED_ELSEWHERE: dict[str, str] = {}
"""Modules with logic whose test has another place, and why."""


TESTS_OF_NO_MODULE = {
    "cli/test_bad_arguments.py": "what a run says of arguments and weights that it cannot use",
    "cli/test_bad_input.py": "what a run says of input that it cannot use",
    "cli/test_frictions.py": "what users met, replayed",
    "cli/test_classes.py": "footprints of several classes, from the file to SECOND, in whole runs",
    "cli/test_damage.py": "the event damage, from the option to xView2, in whole runs",
    "cli/test_in_browser.py": "what the pages do in a browser",
    "cli/test_bad_output.py": "what a run says of an output that it cannot write",
    "cli/test_hostile_input.py": "what attackers brought: each case costs its scene or is one line, never more",
    "hostile/test_fuzz.py": "every reader of input against files that were good once",
    "hostile/test_fuzz_store.py": "every reader of an output, likewise; and how many cases there are in all",
    "cli/test_killed.py": "killed at any moment, a worker alone, a disk that goes away: whole runs",
    "cli/test_plugins.py": "plugins of somebody else in whole runs",
    "cli/test_remote.py": "inputs and outputs that URLs name, in whole runs",
    "cli/test_repeatable.py": "the same seed, the same bytes: a promise of the whole tool",
    "cli/test_series.py": "what whole runs make: series that agree with input and labels, in every format",
    "cli/test_verbs.py": "what all verbs have in common",
}
"""Tests in a room's folder that belong to no single module of it, and what they hold."""


def has_logic(path: Path) -> bool:
    """Whether a module has a function that does something; declarations and empty methods are no logic."""
    functions = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    ]
    return path.name != "__init__.py" and any(not _is_empty(function) for function in functions)


def _is_empty(function: ast.FunctionDef) -> bool:
    return all(
        isinstance(node, ast.Pass | ast.Raise)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))  # docstring or ...
        for node in function.body
    )


def without_test(root: Path) -> set[str]:
    """Lists the modules with logic that have no test at the mirrored path."""
    package = root / "changen_cli"
    modules = [path.relative_to(package) for path in sorted(package.rglob("*.py")) if has_logic(path)]
    return {str(path) for path in modules if not (root / "tests" / path.parent / f"test_{path.name}").is_file()}


def test_every_module_with_logic_has_its_test() -> None:
    assert sorted(without_test(ROOT) - TESTED_ELSEWHERE.keys()) == []


def test_every_exception_is_one() -> None:
    assert sorted(TESTED_ELSEWHERE.keys() - without_test(ROOT)) == []


def test_every_test_has_its_module() -> None:
    """A test of a module that was moved or renamed moves with it."""
    tests = [path.relative_to(ROOT / "tests") for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    rooms = [path for path in tests if len(path.parts) > 1 and path.parts[0] != "benchmarks"]
    orphans = [str(p) for p in rooms if not (ROOT / "changen_cli" / p.parent / p.name.removeprefix("test_")).is_file()]
    assert sorted(set(orphans) - TESTS_OF_NO_MODULE.keys()) == []
