"""``.changen/plan.json``: what a run that is not finished will make, and among how many workers it is divided.

Every run works the plan out from its input. The first one writes it down and the others hold theirs against it, so
workers that see other scenes, or another number of workers, are refused before they write anything. With it, and the
records of the shards, an output can be judged and finished without its input and its weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter

from changen_cli.errors import StoreError
from changen_cli.files import HOME, write_files
from changen_cli.store.base import StoreSpec
from changen_cli.store.sealed import seal, to_json, unseal
from changen_cli.store.share import Share

NAME = "plan.json"


@dataclass(frozen=True)
class Planned:
    """What a run will make.

    Attributes:
        format: Name of its format.
        spec: The shape of the store.
        scenes: What the manifest will say of each scene; JSON values.
        unusable: Scenes that cannot be used: id, image, reason.
        workers: Among how many workers it is divided; None if it is not.
    """

    format: str
    spec: StoreSpec
    scenes: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    unusable: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    workers: int | None = None

    @property
    def shares(self) -> list[Share]:
        """The share of every worker; none where it is not divided."""
        return [Share(worker, self.workers) for worker in range(self.workers)] if self.workers else []

    def as_json(self) -> dict[str, Any]:
        """Returns the content of the file."""
        value = {
            "format": self.format,
            "store": asdict(self.spec),
            "scenes": list(self.scenes),
            "unusable_scenes": list(self.unusable),
            "workers": self.workers,
        }
        result: dict[str, Any] = json.loads(to_json(value))
        return result

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Reads what :meth:`as_json` returns.

        Raises:
            KeyError: If something is missing.
            TypeError: If it is anything else.
            ValueError: If a value is none that a plan has.
        """
        named = {"format": value["format"], "spec": value["store"], "scenes": value["scenes"]}
        plan: Planned = _PLAN.validate_python(
            {**named, "unusable": value["unusable_scenes"], "workers": value["workers"]}
        )
        _require_possible(plan)
        return cls(plan.format, plan.spec, plan.scenes, plan.unusable, plan.workers)


_PLAN = TypeAdapter(Planned)

_MOST_VARIANTS = 1_000_000
"""What ``--variants`` may be."""


def _require_possible(plan: Planned) -> None:
    """Refuses numbers that no plan has: a damaged one must not take the memory of the machine."""
    spec = plan.spec
    for name in ("samples", "steps", "height", "width", "shard_samples"):
        if not 1 <= getattr(spec, name) <= 2**53:
            raise ValueError(f"{name} {getattr(spec, name)} is no number from 1 to 2^53")
    if plan.workers is not None:
        Share(0, plan.workers)
    tiles = sum(int(scene.get("tiles", 0)) for scene in plan.scenes)
    if tiles and (spec.samples % tiles or spec.samples // tiles > _MOST_VARIANTS):
        raise ValueError(f"{tiles} tiles are not those of {spec.samples} samples")


def plan_path(root: Path) -> Path:
    """Returns the path of the plan."""
    return root / HOME / NAME


def read_plan(root: Path) -> Planned | None:
    """Reads the plan of an output that is not finished.

    Returns:
        The plan; None if there is none.

    Raises:
        StoreError: If it is damaged.
    """
    path = plan_path(root)
    try:
        return Planned.from_json(unseal(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(
            f"cannot read {path}: {error}; delete it, and run the same changen generate again: it writes it anew"
        ) from error


def agree(root: Path, plan: Planned, share: Share | None) -> None:
    """Writes the plan of an output, or holds a run's own against it.

    Args:
        root: The output, locked.
        plan: The run's own.
        share: Of a worker; None for an undivided run, which may finish what workers have begun. What an undivided run
            has begun, workers may divide; it has only itself to agree with.

    Raises:
        StoreError: If it is another plan, or is divided among another number of workers; or cannot be written.
    """
    found = read_plan(root)
    wanted = replace(plan, workers=None if share is None else share.workers)
    if found is not None and not (found.workers is None and share is None):
        _refuse_others(root, found, wanted)
        if found.workers is not None and share is not None and found.workers != share.workers:
            raise StoreError(
                f"{root} is divided among {found.workers} workers, and this is worker {share}: give --shard "
                f"i/{found.workers}, for one task of an array that is run again too; without --shard one run makes "
                "all that is missing"
            )
        if found.workers is not None:
            return
    write_files(root, [(plan_path(root), seal(wanted.as_json()))])


def _refuse_others(root: Path, found: Planned, wanted: Planned) -> None:
    old, new = found.as_json(), wanted.as_json()
    for plan in (old, new):  # why a scene cannot be read may be said in other words elsewhere
        plan["unusable_scenes"] = [{"id": scene["id"]} for scene in plan["unusable_scenes"]]
    for name in ("format", "store", "scenes", "unusable_scenes"):
        if old[name] != new[name]:
            raise StoreError(
                f"{root} was planned otherwise: {_difference(name, old[name], new[name])}; every worker must see the "
                "same input: bring it back, delete the output to start again, or choose another --output"
            )


def _difference(name: str, old: Any, new: Any) -> str:
    """Says in a few words what differs."""
    if isinstance(old, dict):
        key = next(key for key in sorted(old | new) if old.get(key) != new.get(key))
        return f"{key} was {old.get(key)}, is now {new.get(key)}"
    if isinstance(old, str):
        return f"{name} was {old}, is now {new}"
    words = name.replace("_", " ")
    if len(old) != len(new):
        return f"it had {len(old)} {words}, now there are {len(new)}"
    pair = next((one, two) for one, two in zip(old, new, strict=True) if one != two)
    ids = [one["id"] for one in pair]
    return f"{words}: {ids[0]} is another now" if ids[0] == ids[1] else f"{words}: {ids[0]} was where {ids[1]} is now"
