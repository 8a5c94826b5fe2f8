"""A plugin of somebody else: a distribution that is installed and was never heard of."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from tests.commands import Changen

Install = Callable[[str, str, str], None]

FLOOD = '''
from dataclasses import dataclass, field
from typing import ClassVar

from changen_cli.events.base import Change, Proposal


@dataclass(frozen=True)
class Flood:
    """Washes away what stands furthest south."""

    name: ClassVar[str] = "flood"
    depth: int = field(default=1, metadata={"help": "Metres of water."})

    def propose(self, layout, site, rng, count):
        there = [f for f in layout.footprints if f.uid not in site.settled]
        there.sort(key=lambda f: -f.polygon.centroid.y)
        gone = tuple(Change("flood", 0, f, None) for f in there[:count])
        return Proposal(gone, "" if len(gone) == count else "nothing left to wash away")
'''

BROKEN = '''
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Quake:
    """Fails."""

    name: ClassVar[str] = "quake"

    def propose(self, layout, site, rng, count):
        raise RuntimeError("the ground\\nshakes")
'''

NEGATIVE = """
class Negative:
    name = "negative"
    noise_dim = 2

    def __init__(self, settings):
        self.settings = settings

    def synthesize(self, batch):
        return 255 - batch.image

    def as_manifest(self):
        return {"name": "negative", "licence": "MIT"}
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a fake distribution: install(group, "flood = sprawl:Flood", source of sprawl)."""

    def make(group: str, point: str, source: str) -> None:
        module = point.partition("=")[2].partition(":")[0].strip()
        root = tmp_path / f"site-{module}"
        (root / f"{module}-1.2.dist-info").mkdir(parents=True)
        (root / f"{module}.py").write_text(source)
        (root / f"{module}-1.2.dist-info" / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.2\n"
        )
        (root / f"{module}-1.2.dist-info" / "entry_points.txt").write_text(f"[{group}]\n{point}\n")
        monkeypatch.syspath_prepend(str(root))
        monkeypatch.delitem(sys.modules, module, raising=False)

    return make


def test_an_event_is_listed_and_runs(
    install: Install, changen: Changen, generate: Changen, town: Callable[..., Path], tmp_path: Path
) -> None:
    install("changen.events", "flood = sprawl:Flood", FLOOD)
    shown = changen("events", "list")
    assert shown.code == 0
    assert "Washes away what stands furthest south." in " ".join(shown.out.split()).replace(" │ ", " ")
    listed = {event["name"]: event for event in json.loads(changen("events", "list", "--json").out)}
    assert {"create", "remove", "scale", "rotate", "relocate", "flood"} <= set(listed)
    assert listed["flood"]["parameters"][0]["name"] == "depth"
    words = ["--events", "flood", "--event-option", "flood.depth=3", "--changes-per-step", "2:2"]
    done = generate("-i", town(tmp_path / "in", size=(128, 128)), "-o", tmp_path / "out", *words)
    assert done.code == 0, done.err
    (sample,) = open_series(tmp_path / "out")
    assert [change.event for change in sample.changes] == ["flood", "flood"]
    assert sample.change[0].any(axis=1)[100:].any()
    said = open_series(tmp_path / "out").manifest["arguments"]["schedule"]["events"][0]
    assert said["parameters"] == {"depth": 3}
    assert said["plugin"] == "sprawl:Flood"


def test_an_event_that_fails_is_named(
    install: Install, generate: Changen, town: Callable[..., Path], tmp_path: Path
) -> None:
    install("changen.events", "quake = shaky:Quake", BROKEN)
    done = generate("-i", town(tmp_path / "in", size=(128, 128)), "-o", tmp_path / "out", "--events", "quake")
    assert done.code == 2
    assert "event plugin 'quake' at 0/town/" in done.error
    assert "report it to the plugin's author" in done.error


def test_an_event_that_cannot_be_loaded_stops_only_who_asks_for_it(
    install: Install, changen: Changen, generate: Changen, town: Callable[..., Path], tmp_path: Path
) -> None:
    install("changen.events", "gone = missing_module_of_somebody:Gone", "import no_such_package")
    assert "gone" in changen("events", "list").out
    scene = town(tmp_path / "in", size=(128, 128))
    assert generate("-i", scene, "-o", tmp_path / "out").code == 0
    done = generate("-i", scene, "-o", tmp_path / "other", "--events", "gone")
    assert done.code == 2
    assert "cannot be loaded: No module named 'no_such_package'; repair or uninstall" in done.error


def test_a_synthesizer_runs(install: Install, generate: Changen, town: Callable[..., Path], tmp_path: Path) -> None:
    install("changen.synthesizers", "negative = darkroom:Negative", NEGATIVE)
    scene = town(tmp_path / "in", size=(128, 128))
    done = generate("-i", scene, "-o", tmp_path / "out", "--synthesizer", "negative", "--steps", 2)
    assert done.code == 0, done.err
    (sample,) = open_series(tmp_path / "out")
    np.testing.assert_array_equal(sample.image[1], 255 - sample.image[0])
    np.testing.assert_array_equal(sample.image[2], sample.image[0])
    assert open_series(tmp_path / "out").manifest["licences"]["weights"]["licence"] == "MIT"


def test_a_synthesizer_that_breaks_its_contract_is_named(
    install: Install, generate: Changen, town: Callable[..., Path], tmp_path: Path
) -> None:
    source = NEGATIVE.replace("255 - batch.image", "batch.image.float()").replace("negative", "floating")
    install("changen.synthesizers", "floating = daydream:Negative", source)
    scene = town(tmp_path / "in", size=(128, 128))
    done = generate("-i", scene, "-o", tmp_path / "out", "--synthesizer", "floating")
    assert done.code == 2
    assert "synthesizer 'floating' returned torch.float32 [1, 3, 128, 128] on cpu" in done.error
