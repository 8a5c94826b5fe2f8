"""The rooms of docs/architecture.md: what may import what, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "changen_cli"

# From the ground up; a room may import those above it in this list, and rooms on one line do not know each other.
ORDER = """
    errors types version
    rng files texts options reporter tracing resources plugins device
    parameters
    scenes
    events
    models
    weights conditions
    synthesis store
    pairs arrays
    datasets metrics
    reports pipeline export
    training
    detection
    reproduce
    cli
"""
LEVELS = {room: level for level, line in enumerate(ORDER.strip().splitlines()) for room in line.split()}
DOORS = {PACKAGE, f"{PACKAGE}.__main__", f"{PACKAGE}.start"}
"""The public names, found when they are used, ``python -m`` and the start of the command: outside the order."""

Graph = Mapping[str, Iterable[str]]


def read_modules(root: Path, package: str = PACKAGE) -> dict[str, Path]:
    """Finds the modules of a package, by dotted name; a package's ``__init__.py`` has the package's."""
    modules = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def read_imports(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Reads which modules each one imports, for types alone and inside functions included."""
    return {name: set(_imported(path, modules)) - {name} for name, path in modules.items()}


def _imported(path: Path, modules: Mapping[str, Path]) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            found = name if name in modules else name.rpartition(".")[0]
            if found in modules:
                yield found


def find_circles(graph: Graph) -> list[list[str]]:
    """Finds circles, one for each knot of nodes that all lead to each other."""
    reached = {node: _reach(graph, node) for node in graph}
    knots = {frozenset(b for b in reached[a] if a in reached.get(b, ())) for a in graph if a in reached[a]}
    return sorted(sorted(knot) for knot in knots)


def _reach(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = set(graph.get(waiting.pop(), ())) - found
        found |= new
        waiting.extend(new)
    return found


def children_of(package: str, imports: Graph) -> dict[str, set[str]]:
    """Draws the imports between what lies directly in a package: its files, and its folders as one node each."""

    def child(name: str) -> str:
        return name[len(package) + 1 :].split(".")[0]

    inside = [name for name in imports if name.startswith(f"{package}.")]
    graph: dict[str, set[str]] = {child(name): set() for name in inside}
    for name in inside:
        graph[child(name)] |= {child(other) for other in imports[name] if other.startswith(f"{package}.")}
    return {node: others - {node} for node, others in graph.items()}


MODULES = read_modules(ROOT)
IMPORTS = read_imports(MODULES)
PACKAGES = [name for name, path in MODULES.items() if path.name == "__init__.py"]


def room(module: str) -> str:
    return module.split(".")[1]


def test_every_room_has_its_place_in_the_order() -> None:
    rooms = {room(name) for name in MODULES if name not in DOORS}
    assert rooms == set(LEVELS), "tell docs/architecture.md and ORDER"


def test_the_order_is_the_documented_one() -> None:
    documented = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = [" ".join(line.split()) for line in documented.splitlines()]
    wanted = [" ".join(line.split()) for line in ORDER.strip().splitlines()]
    positions = [lines.index(line) for line in wanted]
    assert all(b == a + 1 for a, b in pairwise(positions))


def test_no_import_runs_up() -> None:
    upwards = [
        f"{name} imports {other}"
        for name in MODULES
        if name not in DOORS
        for other in sorted(IMPORTS[name])
        if other in DOORS or (room(other) != room(name) and LEVELS[room(other)] >= LEVELS[room(name)])
    ]
    assert upwards == []


def test_no_files_import_each_other_in_a_circle() -> None:
    assert find_circles({name: others for name, others in IMPORTS.items() if name not in DOORS}) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folders_import_each_other_in_a_circle(package: str) -> None:
    assert find_circles(children_of(package, IMPORTS)) == []


def test_the_reader_sees_types_lazy_imports_and_circles(tmp_path: Path) -> None:
    sources = {
        "a/one.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from changen_cli.b import two\n",
        "b/two.py": "def f():\n    import changen_cli.c.three\n",
        "c/three.py": "from changen_cli.a.one import Thing\nHOME = 'changen_cli.b:two'\n",
        "c/four.py": "from changen_cli.c import three\n",
    }
    for name, source in {"__init__.py": "", **sources}.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    imports = read_imports(read_modules(tmp_path))
    one, two, three = "changen_cli.a.one", "changen_cli.b.two", "changen_cli.c.three"
    assert imports == {
        PACKAGE: set(),
        one: {two},
        two: {three},
        three: {one},
        "changen_cli.c.four": {three},
    }
    assert find_circles(imports) == [[one, two, three]]
    assert find_circles(children_of(PACKAGE, imports)) == [["a", "b", "c"]]
    assert find_circles(children_of("changen_cli.c", imports)) == []
