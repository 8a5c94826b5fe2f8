"""Putting images under conditions: numbers drawn on the host image by image, pixels changed on the device in batches.

What a trainer needs of it::

    conditions = make_conditions("light,haze=0.5")
    keys = [(seed, epoch, number, "after") for number in numbers]
    after = apply_conditions(after, conditions, keys)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from changen_cli import rng
from changen_cli.conditions.base import Condition, Drawn, Record
from changen_cli.conditions.choose import Conditions
from changen_cli.conditions.no_data import fill_no_data
from changen_cli.errors import PluginError, UsageError

PURPOSE = "condition"
"""Ends the key of every draw, with the name of the condition."""


def apply_conditions(
    images: Tensor, conditions: Conditions, keys: Sequence[rng.Key], valid: Tensor | None = None
) -> Tensor:
    """Puts each image of a batch under conditions of its own.

    The same image under the same key becomes the same, bit for bit on one kind of device, whatever the batch it is in.
    Two dates of one place differ if their keys do: end them in the date.

    Args:
        images: float32 [B, C, H, W] in 0..1, C the bands red, green, blue and any more; H and W at least 16. On any
            device; not changed.
        conditions: From :func:`~changen_cli.conditions.choose.make_conditions`; applied in their order.
        keys: What each image is, B keys of texts and whole numbers: (seed, scene, tile, variant, date), or whatever
            tells one image of a training run from all others. Numbers are Python's own, not NumPy's or PyTorch's.
        valid: Where there is data, bool [B, H, W] or [B, 1, H, W], on the device of the images; None: everywhere. Other
            pixels are 0 afterwards, and do not bleed into their neighbours.

    Returns:
        float32 [B, C, H, W] in 0..1, contiguous, on the device of the images; no gradient flows through it. It is
        ``images`` itself where there is no condition and all is valid.

    Raises:
        UsageError: If ``images`` are not like that, a condition cannot be applied to so many bands, or there are more
            or fewer keys than images.
        PluginError: If a condition breaks its contract.
    """
    if len(keys) != len(images):
        raise UsageError(f"{len(images)} images and {len(keys)} keys: give a key for each image")
    records = [draw_conditions(conditions, key, images.shape[1]) for key in keys]
    return apply_records(images, conditions, records, valid)


def draw_conditions(conditions: Conditions, key: rng.Key, bands: int = 3) -> Record:
    """Draws what happens to one image; each condition draws from a stream of its own.

    Args:
        conditions: The conditions.
        key: As :func:`apply_conditions` takes it.
        bands: Bands of the image.

    Raises:
        PluginError: If a condition draws what is no finite number.
    """
    return {
        name: _checked(name, plugin.draw(rng.generator(*key, PURPOSE, name), bands))
        for name, plugin in conditions.active
    }


@torch.no_grad()
def apply_records(
    images: Tensor, conditions: Conditions, records: Sequence[Record], valid: Tensor | None = None
) -> Tensor:
    """Does to each image of a batch what was drawn for it.

    Args:
        images: As :func:`apply_conditions` takes them.
        conditions: The conditions that ``records`` were drawn from.
        records: From :func:`draw_conditions`, one for each image.
        valid: As :func:`apply_conditions` takes it.

    Returns:
        As :func:`apply_conditions`.

    Raises:
        UsageError: If ``images`` are not like that.
        PluginError: If a condition breaks its contract.
    """
    if images.ndim != 4 or images.dtype != torch.float32 or min(images.shape[2:], default=0) < 16:
        raise UsageError(
            f"images of {images.dtype} {list(images.shape)}: must be torch.float32 [B, C, H, W] in 0..1, of at least "
            "16 x 16 pixels"
        )
    if not conditions.active and valid is None:
        return images
    valid = None if valid is None else valid.reshape(len(images), 1, *images.shape[2:])
    result = images.clone(memory_format=torch.contiguous_format)
    if images.device.type != "cpu" or len(images) < 2:
        return _apply(result, conditions, records, valid)
    # On a CPU a batch is slower than its images one by one, which fit its cache; and vector instructions round
    # otherwise than what is left of a batch after the last whole vector, so that an image would depend on its place.
    for number, record in enumerate(records):
        part = result[number : number + 1]
        made = _apply(part, conditions, [record], None if valid is None else valid[number : number + 1])
        if made.data_ptr() != part.data_ptr():
            part.copy_(made)
    return result


def _apply(images: Tensor, conditions: Conditions, records: Sequence[Record], valid: Tensor | None) -> Tensor:
    """Does it to images that are ours to change."""
    if valid is not None:
        images = fill_no_data(images, valid)
    with torch.autocast(images.device.type, enabled=False):  # whatever a trainer computes in
        for name, plugin in conditions.active:
            drawn = _stack(name, [record[name] for record in records])
            images = _apply_one(name, plugin, images, drawn).clamp_(0, 1)
    return images if valid is None else images.mul_(valid)


def _apply_one(name: str, plugin: Condition, images: Tensor, drawn: Drawn) -> Tensor:
    made: object = plugin.apply(images, drawn)
    if not isinstance(made, Tensor):
        raise PluginError(f"condition {name!r} returned {type(made).__name__}; it must return a tensor")
    if made.shape != images.shape or made.dtype != images.dtype or made.device != images.device:
        raise PluginError(
            f"condition {name!r} returned {made.dtype} {list(made.shape)} on {made.device}; it must return "
            f"{images.dtype} {list(images.shape)} on {images.device}"
        )
    return made.contiguous()


def _stack(name: str, draws: Sequence[Mapping[str, tuple[float, ...]]]) -> Drawn:
    """Puts the numbers of several images side by side."""
    try:
        arrays = {key: np.array([draw[key] for draw in draws], np.float64) for key in draws[0]}
    except (KeyError, ValueError) as error:
        raise PluginError(f"condition {name!r} draws other numbers for one image than for another: {error}") from error
    return {key: array[:, 0] if array.shape[1] == 1 else array for key, array in arrays.items()}


def _checked(name: str, draw: object) -> dict[str, tuple[float, ...]]:
    """Returns the numbers of a draw, each as a tuple."""
    try:
        numbers = {str(key): tuple(np.atleast_1d(value).astype(float).tolist()) for key, value in dict(draw).items()}  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        raise PluginError(f"condition {name!r} drew {draw!r}, which is no mapping of name to numbers") from error
    for key, values in numbers.items():
        if not (values and all(math.isfinite(value) for value in values)):
            raise PluginError(f"condition {name!r} drew {key}={values}; it must draw finite numbers")
    return numbers
