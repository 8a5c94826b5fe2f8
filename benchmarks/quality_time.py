"""How long each synthesizer takes for a tile: one process, one thread, all of them in turn, round by round."""

from __future__ import annotations

import statistics
import time
from typing import Any

from about import describe_machine
from quality_plan import Plan, Trial

from changen_cli.metrics.pairs import choose
from changen_cli.store.series import open_series


def settings_of(plan: Plan) -> dict[str, Any]:
    """Returns what timings depend on, besides the machine: the rows that can be made with their weights, and how."""
    ready = {name: plan.sha256(row) for name, row in plan.rows.items() if plan.has_weights(row)}
    return {"weights": ready, **plan.values["timing"]}


def measure_all(plan: Plan) -> dict[str, Any]:
    """Times every row that can be made.

    All run in every round on the same tiles, so that a machine whose speed drifts favours none; each tile is a batch of
    its own, as ``changen generate`` has it on a CPU. Processor time is taken rather than what the clock shows: with one
    thread it is the same, less the time that other processes take.

    Args:
        plan: The plan; the series of the first row of each set must be there, for tiles and layouts.

    Returns:
        ``seconds``, the median over the rounds for one tile by row; ``ratio`` to ``baseline`` within a round, likewise;
        ``parameters`` of the networks; ``machine``; ``of``, what was measured.
    """
    import torch

    from changen_cli import plugins
    from changen_cli.device import resolve_precision
    from changen_cli.synthesis.base import SynthesizerSettings

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    _one_thread_for_opencv()
    of = settings_of(plan)
    precision = resolve_precision("auto", "cpu")
    batches: dict[str, Any] = {}
    synthesizers: dict[str, Any] = {}
    parameters: dict[str, int | None] = {}
    for name in of["weights"]:
        row = plan.rows[name]
        events = next(s for s in plan.sets.values() if name in s.rows)
        settings = SynthesizerSettings(plan.weights(row), "cpu", precision)
        made = synthesizers[name] = plugins.load(plugins.SYNTHESIZERS, row.synthesizer)(settings)
        network = getattr(made, "generator", None)
        parameters[name] = None if network is None else sum(p.numel() for p in network.parameters())
        batches[name] = _batches(plan, events.name, of["tiles"], made.noise_dim)
    rounds: list[dict[str, float]] = []
    for number in range(of["rounds"] + 1):
        seconds = {name: _seconds(made, batches[name]) for name, made in synthesizers.items()}
        if number:  # kernels are chosen and compiled in the first
            rounds.append(seconds)
            print(f"round {number}: " + ", ".join(f"{k} {v:.3f} s" for k, v in seconds.items()), flush=True)
    torch.set_num_threads(threads)
    baseline = next(name for name in synthesizers if plan.rows[name].synthesizer == "changen")
    return {
        "of": of,
        "baseline": baseline,
        "seconds": {name: statistics.median(r[name] for r in rounds) for name in synthesizers},
        "ratio": {name: statistics.median(r[name] / r[baseline] for r in rounds) for name in synthesizers},
        "rounds": rounds,
        "parameters": parameters,
        "machine": describe_machine() | {"precision": precision, "threads": 1, "torch": torch.__version__},
    }


def _seconds(synthesizer: Any, batches: list[Any]) -> float:
    """Processor seconds for one tile."""
    begun = time.process_time()
    for batch in batches:
        synthesizer.synthesize(batch)
    return (time.process_time() - begun) / len(batches)


def _batches(plan: Plan, events: str, tiles: int, noise_dim: int) -> list[Any]:
    """Returns tiles with the layouts of a set, spread evenly over the series of its first row."""
    import torch

    from changen_cli.synthesis.base import Batch

    chosen = plan.sets[events]
    series = plan.series(Trial(chosen, plan.rows[chosen.rows[0]], plan.values["seeds"][0]))
    data = open_series(series)
    batches = []
    for place in choose(len(data), tiles):
        sample = data[place]
        assert sample.mask is not None, "the format of the plan stores masks"
        image, masks = torch.from_numpy(sample.image[:1]), torch.from_numpy(sample.mask)
        noise = torch.randn((1, noise_dim), generator=torch.Generator().manual_seed(place))
        changes = (tuple(change for change in sample.changes if change.step == 1),)
        batches.append(Batch(image, masks[:1], masks[1:2], noise, changes, int(masks.max())))
    return batches


def _one_thread_for_opencv() -> None:
    try:
        import cv2
    except ImportError:  # then no row needs it: making the synthesizer has said so
        return
    cv2.setNumThreads(1)
