"""``synthesize()``: what a place looks like when its label map has changed, P(I_t+1 | S_t+1, I_t), on arrays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from changen_cli import rng
from changen_cli.arrays.keys import Seed, key_of
from changen_cli.arrays.states import States, Values, read_states, read_valid
from changen_cli.device import resolve_device, resolve_precision
from changen_cli.errors import TileError, UsageError
from changen_cli.options import check
from changen_cli.synthesis.base import Synthesizer, SynthesizerSettings, look_dim_of
from changen_cli.synthesis.engine import Engine, Job
from changen_cli.synthesis.load import load_synthesizer
from changen_cli.synthesis.look_plan import NEW_LOOKS, NewLooks, choose_drift, choose_repaint, plan_looks
from changen_cli.synthesis.noise import draw_noise
from changen_cli.synthesis.options import SynthesizerOptions
from changen_cli.synthesis.transfer import make_transfer
from changen_cli.types import BoolArray, UInt8Array

SMALLEST = 16
"""Least rows and columns of an image: what a synthesizer has to take."""

_KEPT = 4
"""Synthesizers that are kept between calls, ready with their weights on their device."""


def synthesize(
    image: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    seed: int = 0,
    *,
    valid: ArrayLike | None = None,
    mask_values: Values = "auto",
    categories: Mapping[int, int] | None = None,
    synthesizer: str = "changen",
    weights: str | Path | None = None,
    background: Literal["synthesize", "keep"] = "synthesize",
    drift: float | None = None,
    new_looks: NewLooks | None = None,
    repaint: float | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
) -> UInt8Array:
    """Synthesises what an image becomes when its label map changes (equation 3; a series as in Figure 3).

    Weights stay loaded between calls, for up to four choices of synthesizer, weights, device and precision.

    Args:
        image: I_0, uint8 [H, W, 3] or [3, H, W]; at least 16 pixels on each side. The shipped weights know imagery of
            0.3 to 0.6 m.
        before: S_0, what the image shows: bool or whole numbers [H, W]; 0 is the ground.
        after: S_1 [H, W], or S_1 ... S_n [n, H, W] for a series, each step from the image of the last.
        seed: The same seed gives the same images; give each image of a data set its own.
        valid: Where the image has data, bool [H, W]; None for everywhere. Elsewhere images are 0.
        mask_values: What the values of the maps are: "instance" (an object has the same id at every date), "binary" or
            "class" (parts of two dates are one object if they mostly overlap); "auto" judges by all maps together.
        categories: Class by id, for maps of ids; 1 where nothing is said.
        synthesizer: Name of the plugin.
        weights: Name or path; None for the plugin's default.
        background: "synthesize" (the paper: all pixels) or "keep" (only around changes).
        drift: How far the look of the ground moves at each step, 0..1; for weights with looks, 0.5 if None.
        new_looks: "drawn", "borrowed" or "mixed": whose look a new object takes; for weights with looks.
        repaint: Share of the objects that stay and look different one step later; for weights with looks, 0 if None.
        device: "auto" or a torch device.
        precision: "auto", "fp32", "bf16" or "fp16".

    Returns:
        I_1, uint8 and in the order of axes of ``image``; for a stack of states I_1 ... I_n, with the steps in front.

    Raises:
        UsageError: If an argument cannot be used, or the synthesizer cannot show a change.
        PluginError: If the synthesizer is not installed or breaks its contract.
        WeightsError: If weights are missing, damaged, or made for another architecture.
        TileError: If the synthesizer cannot do it for this image.
    """
    options = SynthesizerOptions(
        synthesizer=synthesizer,
        weights=weights,  # type: ignore[arg-type]  # a path becomes text
        background=background,
        drift=drift,
        new_looks=new_looks,
        repaint=repaint,
        device=device,
        precision=precision,
    )
    seed = check("seed", seed, Seed)
    pixels, channels_last = _read_image(image)
    states = read_states(before, after, mask_values, categories)
    if states.labels.shape[1:] != pixels.shape[1:]:
        raise UsageError(
            f"before: a map of {list(states.labels.shape[1:])} for an image of {list(pixels.shape[1:])} pixels; they "
            "must be of one size"
        )
    made = run_states(pixels, read_valid(valid, pixels.shape[1:]), states, options, key_of(seed))[1:]
    made = made.transpose(0, 2, 3, 1) if channels_last else made
    return np.ascontiguousarray(made[0] if np.ndim(after) == 2 else made)


def run_states(
    image: UInt8Array, valid: BoolArray, states: States, options: SynthesizerOptions, key: rng.Key
) -> UInt8Array:
    """Synthesises a series.

    Args:
        image: I_0, uint8 [3, H, W].
        valid: bool [H, W].
        states: S_0 ... S_n.
        options: How.
        key: Seed, scene, tile and variant, that all draws are keyed by.

    Returns:
        I_0 ... I_n, uint8 [n + 1, 3, H, W].

    Raises:
        ChangenError: As :func:`synthesize`.
    """
    device = resolve_device(options.device)
    precision = resolve_precision(options.precision, device)
    weights = options.chosen_weights()
    synthesizer = _loaded(options.synthesizer, weights, device, precision, _stamp(weights))
    dim, steps = look_dim_of(synthesizer), len(states.labels) - 1
    options.require_looks(dim)
    drift = choose_drift(options.drift, options.background, dim)
    repaint = choose_repaint(options.repaint, options.background, dim)
    looks = None
    if dim:
        new = options.new_looks or NEW_LOOKS
        looks = plan_looks(states.standing, states.labels * valid, dim, new, key, repaint=repaint)
    job = Job(
        tag=None,
        image=image * valid,
        valid=valid,
        masks=states.masks * valid,
        changes=states.changes(),
        noise=draw_noise(key, steps, synthesizer.noise_dim),
        looks=looks,
        key=key,
    )
    engine = Engine(synthesizer, make_transfer(device), 1, options.background, drift)
    ((_, frames),) = engine.run([job])
    if isinstance(frames, TileError):
        raise frames
    return frames.images


def _read_image(image: ArrayLike) -> tuple[UInt8Array, bool]:
    """Reads an image as [3, H, W]; and tells whether its channels came last."""
    found = np.asarray(image)
    if found.dtype != np.uint8:
        raise UsageError(
            f"image: must be uint8, 0 to 255, not {found.dtype}; scale it first, for example "
            "np.clip(image / image.max() * 255, 0, 255).astype(np.uint8)"
        )
    if found.ndim != 3 or 3 not in (found.shape[0], found.shape[-1]):
        raise UsageError(
            f"image: must be [height, width, 3] or [3, height, width], red, green and blue, not {list(found.shape)}"
        )
    channels_last = found.shape[-1] == 3 and found.shape[0] != 3
    pixels = found.transpose(2, 0, 1) if channels_last else found
    if min(pixels.shape[1:]) < SMALLEST:
        raise UsageError(f"image: of {list(pixels.shape[1:])} pixels; at least {SMALLEST} x {SMALLEST} are needed")
    return np.ascontiguousarray(pixels), channels_last


def _stamp(weights: str | None) -> tuple[int, int] | None:
    """What tells a file of weights from another of the same name; None where it is none of its own."""
    path = None if weights is None else Path(weights)
    if path is None or not path.is_file():
        return None
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=_KEPT)
def _loaded(name: str, weights: str | None, device: str, precision: str, stamp: tuple[int, int] | None) -> Synthesizer:
    """Loads a synthesizer, or returns it as it was left."""
    del stamp
    return load_synthesizer(name, SynthesizerSettings(weights, device, precision))
