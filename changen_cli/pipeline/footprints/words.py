"""How footprints were read, and how good that is: for the manifest, and in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from changen_cli.pipeline.footprints import segment, straighten
from changen_cli.scenes.options import ReadOptions
from changen_cli.version import __version__
from changen_cli.weights.card import Card

FIGURES = "footprints"
"""Key of the card's metrics that has the figures of footprints: ``scenes``, ``iou``, ``found``."""


def describe(card: Card, device: str, read: ReadOptions) -> dict[str, Any]:
    """Returns what decides how footprints are read, and what is known of them; JSON values for the manifest.

    Args:
        card: Of the segmenter.
        device: A resolved torch device; its kind counts.
        read: How scenes are read.
    """
    return {
        "weights": card.name,
        "sha256": card.sha256,
        "licence": card.licence,
        "attribution": card.attribution,
        "figures": card.metrics.get(FIGURES),
        "device": device.partition(":")[0],
        "threshold": segment.THRESHOLD,
        "smallest": {"square_metres": segment.SMALLEST, "pixels_if_unknown": segment.SMALLEST_PIXELS},
        "windows": {"size": segment.WINDOWS.size, "overlap": segment.WINDOWS.overlap},
        "straightened": {"least_iou": straighten.AGREEMENT, "least_iou_rectangle": straighten.RECTANGLE},
        "read_at": {
            "resolution": read.resolution,
            "bands": None if read.bands is None else list(read.bands),
            "rescale": read.rescale,
        },
        "changen": __version__,
    }


def how_good(card: Card, scenes: int, own: int, folder: Path) -> str:
    """Says in one line whose footprints are read, and how good the card says that is.

    Args:
        card: Of the segmenter.
        scenes: How many are read.
        own: How many have footprints and keep them.
        folder: Where those that are read are.
    """
    kept = f"; {_count(own)} with footprints keep{'s' * (own == 1)} them" if own else ""
    return (
        f"footprints of {_count(scenes)} are read from the image by {card.name!r}{kept}: {_figures(card)}; look at "
        f"them in {folder} before you rely on them"
    )


def _figures(card: Card) -> str:
    figures = card.metrics.get(FIGURES)
    if not isinstance(figures, dict) or "iou" not in figures:
        return "its card does not say how good they are"
    found = f", {figures['found']:.0%} of buildings found one by one" if "found" in figures else ""
    return f"IoU {figures['iou']} with mapped buildings{found} on {figures.get('scenes', 'scenes held out')}"


def _count(scenes: int) -> str:
    return "1 scene" if scenes == 1 else f"{scenes} scenes"
