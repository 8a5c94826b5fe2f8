"""Sampling P(S_t+1 | S_t), equation (2): the events of a schedule applied to a layout, step after step.

The rules of a step, all of which labels rest on:

- Every draw is keyed by (key, step, purpose), so a history is the same wherever and whenever it is made.
- Events are applied in the order of the schedule, each to what the ones before it left. List those that need certain
  objects before those that only need room: ``remove,create`` rather than ``create,remove``, should it matter.
- An object changes at most once a step, and nothing is placed on the ground of any footprint of S_t. So each change
  shows in S_t xor S_t+1 as what it is.
- Drawing order: what moves keeps its place in it, what is created comes on top, in the order of creation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from changen_cli import rng
from changen_cli.errors import PluginError, UsageError
from changen_cli.events.base import Change, Event, History, Proposal, Shortfall, Site
from changen_cli.events.checking import check_proposal
from changen_cli.events.schedule import Schedule
from changen_cli.scenes.layout import Layout


def simulate(layout: Layout, site: Site, schedule: Schedule, steps: int, key: rng.Key) -> History:
    """Samples a history S_0 ... S_n.

    Each step draws how many changes it makes and shares them over the events by weight (multinomial). What an event
    cannot do is recorded as a shortfall and offered once more to the events of the schedule that could do all that was
    asked of them, by weight again; what they cannot do either is left undone.

    Args:
        layout: S_0.
        site: Where building is allowed, the gap and the outlines; ``occupied`` and ``settled`` are set at every step.
        schedule: The events.
        steps: n, at least 1.
        key: What the history is for: (seed, scene, tile, variant).

    Returns:
        n + 1 layouts, the changes between them, and what could not be done.

    Raises:
        UsageError: If ``steps`` is below 1.
        PluginError: If an event fails or breaks its contract; the message names it and the key.
    """
    if steps < 1:
        raise UsageError(f"steps={steps}: must be at least 1")
    layouts, changes, shortfalls = [layout], [], []
    for step in range(1, steps + 1):
        now, made, short = _one_step(layouts[-1], site, schedule, step, key)
        layouts.append(now)
        changes.append(made)
        shortfalls += short
    return History(tuple(layouts), tuple(changes), tuple(shortfalls))


def apply_changes(layout: Layout, changes: Iterable[Change]) -> Layout:
    """Applies changes to a layout.

    Args:
        layout: S_t.
        changes: Changes consistent with it.

    Returns:
        S_t+1. What moves keeps its place in the drawing order; what is created comes on top, in the order given.
    """
    by_uid = {c.before.uid: c.after for c in changes if c.before is not None}
    created = [c.after for c in changes if c.before is None and c.after is not None]
    kept = [by_uid.get(f.uid, f) for f in layout.footprints] if by_uid else layout.footprints
    return replace(layout, footprints=tuple([f for f in kept if f is not None])).add(created)


def _one_step(
    layout: Layout, site: Site, schedule: Schedule, step: int, key: rng.Key
) -> tuple[Layout, tuple[Change, ...], list[Shortfall]]:
    """Makes S_t+1, and the changes that lead to it from S_t."""
    low, high = schedule.changes_per_step
    draw = rng.generator(*key, step, "changes")
    wanted = int(draw.integers(low, high, endpoint=True))
    weights = np.array([weight for _, _, weight in schedule.events], np.float64)
    here = replace(site, occupied=layout.footprints, settled=frozenset())
    now = layout
    made: list[Change] = []
    asked = dict.fromkeys((name for name, _, _ in schedule.events), 0)
    done = dict(asked)
    reasons: dict[str, str] = {}
    for purpose in ("event", "again"):
        missing = wanted - len(made)
        willing = np.array([name not in reasons for name in asked])
        if missing == 0 or not willing.any():
            break
        share = np.where(willing, weights, 0.0)
        counts = draw.multinomial(missing, share / share.sum())
        for (name, event, _), count in zip(schedule.events, counts.tolist(), strict=True):
            if count == 0:
                continue
            stream = (*key, step, purpose, name)
            proposal = _propose(name, event, now, here, stream, count)
            changes = tuple(replace(c, event=name, step=step) for c in proposal.changes)
            now = apply_changes(now, changes)
            touched = {f.uid for c in changes for f in (c.before, c.after) if f is not None}
            here = replace(here, settled=here.settled | touched)
            made += changes
            asked[name] += count
            done[name] += len(changes)
            if len(changes) < count:
                reasons[name] = proposal.reason or "the event gave no reason"
    short = [Shortfall(step, name, asked[name], done[name], reason) for name, reason in reasons.items()]
    return now, tuple(made), short


def _propose(name: str, event: Event, layout: Layout, site: Site, stream: rng.Key, count: int) -> Proposal:
    """Asks one event for changes, and lets nothing through that would make labels wrong."""
    where = f"event plugin {name!r} at {'/'.join(map(str, stream))}"
    try:
        proposal = event.propose(layout, site, rng.generator(*stream), count)
    except Exception as error:  # a third party's event may raise anything; it is the plugin that is at fault
        raise PluginError(f"{where} failed: {error!r}; report it to the plugin's author") from error
    if problem := check_proposal(proposal, layout, site, count):
        raise PluginError(f"{where} broke its contract: {problem}; report it to the plugin's author")
    return proposal
