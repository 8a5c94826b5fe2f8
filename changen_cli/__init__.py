"""changen: simulate how a place changes, and write labelled image series that train change detectors.

The package follows equation (1) of "Scalable Multi-Temporal Remote Sensing Change Data Generation via Simulating
Stochastic Change Process" (ICCV 2023): :mod:`~changen_cli.scenes` gives P(I_t, S_t), :mod:`~changen_cli.events`
P(S_t+1 | S_t), :mod:`~changen_cli.synthesis` P(I_t+1 | S_t+1, I_t), and :mod:`~changen_cli.store` keeps the series.

The public names below are imported when they are first used, so that importing the package costs nothing::

    import changen_cli

    summary = changen_cli.generate(changen_cli.GenerateOptions(inputs=("tiles/",), steps=3, output="series"))
    for sample in changen_cli.open_series("series"):
        ...
    after = changen_cli.synthesize(image, labels_before, labels_after, seed=0)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from changen_cli.version import __version__

if TYPE_CHECKING:
    from changen_cli.arrays.simulate import simulate
    from changen_cli.arrays.synthesize import synthesize
    from changen_cli.detection.detect import detect
    from changen_cli.detection.evaluate import evaluate_detection
    from changen_cli.detection.options import DetectOptions, EvaluateOptions
    from changen_cli.errors import ChangenError
    from changen_cli.events.base import Event
    from changen_cli.export.export import export_series
    from changen_cli.export.options import ExportOptions
    from changen_cli.pairs.discover import open_pairs
    from changen_cli.pipeline.finalize import finalize
    from changen_cli.pipeline.fleet.run import generate
    from changen_cli.pipeline.options import GenerateOptions
    from changen_cli.pipeline.recipe import write_recipe
    from changen_cli.pipeline.repair import repair
    from changen_cli.pipeline.replay import replay
    from changen_cli.reports.plot import plot
    from changen_cli.store.series import open_series
    from changen_cli.store.verify import verify
    from changen_cli.synthesis.base import Synthesizer
    from changen_cli.weights.load import load_generator

__all__ = [
    "ChangenError",
    "DetectOptions",
    "EvaluateOptions",
    "Event",
    "ExportOptions",
    "GenerateOptions",
    "Synthesizer",
    "__version__",
    "detect",
    "evaluate_detection",
    "export_series",
    "finalize",
    "generate",
    "load_generator",
    "open_pairs",
    "open_series",
    "plot",
    "repair",
    "replay",
    "simulate",
    "synthesize",
    "verify",
    "write_recipe",
]

_HOMES = {
    "ChangenError": "errors",
    "DetectOptions": "detection.options",
    "EvaluateOptions": "detection.options",
    "Event": "events.base",
    "ExportOptions": "export.options",
    "GenerateOptions": "pipeline.options",
    "Synthesizer": "synthesis.base",
    "detect": "detection.detect",
    "evaluate_detection": "detection.evaluate",
    "export_series": "export.export",
    "finalize": "pipeline.finalize",
    "generate": "pipeline.fleet.run",
    "load_generator": "weights.load",
    "open_pairs": "pairs.discover",
    "open_series": "store.series",
    "repair": "pipeline.repair",
    "replay": "pipeline.replay",
    "verify": "store.verify",
    "write_recipe": "pipeline.recipe",
    "plot": "reports.plot",
    "simulate": "arrays.simulate",
    "synthesize": "arrays.synthesize",
}
"""Where the public names live."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
