"""Backbones of detectors: a network of timm that gives features at strides 4, 8, 16 and 32."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from changen_cli.errors import UsageError, WeightsError
from changen_cli.models import mit

EXTRA = 'pip install "changen[train]"'

LEVELS = (4, 8, 16, 32)
"""Strides of the features."""

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of ImageNet by band, of intensities in 0..1."""


def make_backbone(name: str, strides: Sequence[int] = LEVELS, **arguments: Any) -> tuple[nn.Module, tuple[int, ...]]:
    """Makes a backbone with fresh weights.

    Args:
        name: What timm calls it: "resnet18"; or a mix transformer of :data:`changen_cli.models.mit.SHAPES`.
        strides: Of the features; those of a mix transformer are always :data:`LEVELS`.
        **arguments: What timm is to make otherwise than the name says.

    Returns:
        The network, which turns [B, 3, H, W] into a list of a map for each stride; and their channels.

    Raises:
        WeightsError: If timm is not installed.
        UsageError: If timm has no such network, or it has no features at these strides.
    """
    if name.startswith(mit.FAMILY):
        shape = mit.mix_shape(name)
        return mit.make_mix_transformer(shape), shape.channels
    try:
        import timm
    except ImportError as error:
        raise WeightsError(f"the backbone {name} needs {error.name}; install with: {EXTRA}") from error
    if not timm.is_model(name):
        raise UsageError(f"backbone {name!r}: timm has no such network; take for example resnet18")
    try:
        whole: Any = timm.create_model(name, pretrained=False, features_only=True, **arguments)
        places = tuple(list(whole.feature_info.reduction()).index(stride) for stride in strides)
        network: Any = timm.create_model(name, pretrained=False, features_only=True, out_indices=places, **arguments)
    except (RuntimeError, ValueError) as error:
        raise UsageError(
            f"backbone {name!r}: gives no features at strides {', '.join(map(str, strides))} ({error}); take for "
            "example resnet18"
        ) from error
    return network, tuple(network.feature_info.channels())


def require_imagenet(name: str, file: Path | None) -> Path:
    """Gives a file of ImageNet weights back, or says where there are some.

    Args:
        name: What the backbone is called.
        file: The file, if one was given.

    Raises:
        WeightsError: If none was.
    """
    if file is None:
        raise WeightsError(
            f"no package ships ImageNet weights of {name}; give --imagenet-weights FILE, as "
            "torchvision or timm has them, or use --init none"
        )
    return file


def normalise(image: Tensor) -> Tensor:
    """Turns pixels in -1..1 into what networks trained on ImageNet take: less the mean, over the deviation.

    Args:
        image: float [B, 3, H, W] in -1..1.

    Returns:
        As large.
    """
    mean, deviation = (torch.tensor(values, dtype=image.dtype, device=image.device) for values in IMAGENET)
    return (image - (2 * mean - 1)[:, None, None]) / (2 * deviation)[:, None, None]


def load_backbone(network: nn.Module, file: Path, fresh: str = "") -> None:
    """Loads weights that were trained on ImageNet into a backbone, in place.

    Args:
        network: From :func:`make_backbone`.
        file: A state as timm, torchvision and, of a mix transformer, SegFormer save it (``.safetensors``, or else a
            file of ``torch.save``); the classifier in it is passed over. Nothing in it is executed.
        fresh: What the names of layers begin with that the published network does not have and that stay as they are.

    Raises:
        WeightsError: If it cannot be read, or is of another network.
    """
    try:
        state = (
            load_file(file)
            if file.suffix == ".safetensors"
            else torch.load(file, map_location="cpu", weights_only=True)
        )
    except FileNotFoundError as error:
        raise WeightsError(f"{file}: no such file; name one with the ImageNet weights of the backbone") from error
    except (OSError, SafetensorError, RuntimeError, EOFError, pickle.UnpicklingError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(f"{file}: not a file of weights ({reason})") from error
    wanted = network.state_dict()
    if fresh:
        wanted = {name: value for name, value in wanted.items() if not name.startswith(fresh)}
    if isinstance(state, dict):
        state = mit.from_published(state)
    # the number of batches seen is of no use, and older files do not have it
    missing = [name for name in wanted if not name.endswith("num_batches_tracked")]
    missing = [name for name in missing if not isinstance(state, dict) or name not in state]
    if missing:
        raise WeightsError(f"{file}: has no {missing[0]}; it is of another network than the backbone")
    wrong = [name for name in wanted if name in state and state[name].shape != wanted[name].shape]
    if wrong:
        raise WeightsError(f"{file}: {wrong[0]} has another shape; it is of another network than the backbone")
    network.load_state_dict({name: state.get(name, value) for name, value in wanted.items()}, strict=not fresh)
