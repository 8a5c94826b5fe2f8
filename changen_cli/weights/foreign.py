"""Weights that other projects publish and that are not shipped: a file that the user names, read safely."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from changen_cli.errors import WeightsError
from changen_cli.weights.card import file_sha256


def verify_file(path: Path, sha256: str | None, source: str) -> str:
    """Checks that a file is there and is the one that is meant.

    Args:
        path: The file.
        sha256: What it must have, hexadecimal, or None.
        source: What the file is and where it comes from, for the message.

    Returns:
        Its SHA-256, in small letters.

    Raises:
        WeightsError: If it is missing or has another SHA-256.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such file of weights; {source}")
    found = file_sha256(path)
    if sha256 is not None and sha256.lower() != found:
        raise WeightsError(
            f"{path}: SHA-256 is {found}, not {sha256.lower()}; the file is damaged or another one: {source}"
        )
    return found


def read_tensors(path: Path, source: str, inside: str = "") -> dict[str, Tensor]:
    """Reads tensors by name, and nothing else: nothing in the file is executed.

    Args:
        path: ``.safetensors``, or what ``torch.save`` wrote.
        source: What the file is and where it comes from, for the message.
        inside: Name under which the tensors may lie in a file of ``torch.save``, beside other things.

    Returns:
        Tensors on the CPU, by name.

    Raises:
        WeightsError: If it cannot be read, or holds more than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: cannot be read as weights ({str(error).splitlines()[0]}); the file is damaged or not weights: "
            f"{source}"
        ) from error
    if isinstance(stored, dict) and isinstance(stored.get(inside), dict):
        stored = stored[inside]
    if not isinstance(stored, dict) or not all(isinstance(value, Tensor) for value in stored.values()):
        raise WeightsError(f"{path}: holds no tensors by name; {source}")
    return stored
