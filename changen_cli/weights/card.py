"""The weights card: what the weights are, where they come from, and what they may be used for."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import yaml

from changen_cli.errors import UsageError, WeightsError
from changen_cli.files import write_whole
from changen_cli.options import Gt, Lt, Number, build, option, options
from changen_cli.resources import weights_folder
from changen_cli.scenes.options import Resolutions
from changen_cli.texts import parse_yaml, read_text

SEARCH = "CHANGEN_WEIGHTS"
"""Environment variable: folders to search before changen's own, separated as in PATH."""


@options()
class Card:
    """A weights card; a YAML file beside the safetensors file of the same stem.

    Attributes:
        name: Name of the weights.
        architecture: Which network they are for, a name from :mod:`changen_cli.models.registry`.
        arguments: Arguments of the architecture's configuration.
        sha256: Of the safetensors file.
        summary: One line: what they are good for.
        licence: SPDX expression or words, of the weights.
        attribution: What anyone who uses them must say of the data.
        training: Command, seed, iterations, data, and the recipe in full.
        metrics: Metrics on held-out scenes, by name.
        part: Which part of a model the file holds: "network", what is used, or "discriminators", what it was trained
            against, whose configuration ``arguments`` then are.
        resolution: The finest and the coarsest imagery that they are for, ground metres per pixel; None if not
            known. Imagery outside is resampled to the nearer one, unless told otherwise.
        threshold: Of a detector: probability from which a pixel counts as changed, 0..1; None for 0.5.
    """

    name: str
    architecture: str
    arguments: dict[str, object]
    sha256: str
    summary: str = option(default="", help="One line: what they are good for.")
    licence: str = option(default="", help="SPDX expression or words, of the weights.")
    attribution: str = option(default="", help="What anyone who uses them must say of the data.")
    training: dict[str, object] = option(default_factory=dict, help="Command, seed, iterations, data, and the recipe.")
    metrics: dict[str, object] = option(default_factory=dict, help="Metrics on held-out scenes, by name.")
    part: Literal["network", "discriminators"] = option(
        default="network", help="Which part of a model the file holds: the network, or its discriminators."
    )
    resolution: Resolutions | None = option(
        default=None, help="Finest and coarsest imagery that they are for, ground metres per pixel."
    )
    threshold: Annotated[Number, Gt(0), Lt(1)] | None = option(
        default=None, help="Of a detector: probability from which a pixel counts as changed."
    )

    def write(self, path: Path) -> None:
        """Writes the card as YAML, whole or not at all.

        Args:
            path: The file; its folder is made where it is missing.

        Raises:
            StoreError: If it cannot be written.
        """
        write_whole(path, yaml.safe_dump(asdict(self), sort_keys=False, allow_unicode=True, width=100))


def read_card(path: Path) -> Card:
    """Reads a card.

    Args:
        path: YAML file.

    Returns:
        The card.

    Raises:
        WeightsError: If the file is missing or is not a card.
    """
    try:
        values = parse_yaml(read_text(path))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WeightsError(
            f"{path}: no readable weights card ({str(error).splitlines()[0]}); weights come with a .yaml card of the "
            "same stem, which changen weights pack writes"
        ) from error
    try:
        return build(Card, values, "card")
    except UsageError as error:
        reason = str(error) if isinstance(values, dict) else "no mapping of name to value"
        raise WeightsError(f"{path}: not a weights card ({reason}); make one with: changen weights pack") from error


def weights_folders() -> list[Path]:
    """Lists the folders that hold weights by name: :data:`SEARCH`, then what came with the package."""
    named = [Path(p) for p in os.environ.get(SEARCH, "").split(os.pathsep) if p]
    return [*named, weights_folder()]


def weights_paths() -> dict[str, Path]:
    """Lists the safetensors files that have a card beside them, good or bad, by name."""
    return _named()


def list_cards() -> dict[str, tuple[Path, Card]]:
    """Lists the weights that can be had by name; safetensors files without a card are not ours and are passed over.

    Returns:
        By name: path of the safetensors file, and its card. Where two folders hold one name, the first counts.

    Raises:
        WeightsError: If a card cannot be read.
    """
    return {name: (path, read_card(path.with_suffix(".yaml"))) for name, path in _named().items()}


def _named() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in weights_folders():
        for path in sorted(folder.glob("*.safetensors")):
            if path.with_suffix(".yaml").is_file():
                found.setdefault(path.stem, path)
    return found


def find_weights(name_or_path: str) -> tuple[Path, Card]:
    """Finds weights.

    Args:
        name_or_path: A name from :func:`list_cards`, or the path of a safetensors file with its card beside it.

    Returns:
        Path of the safetensors file, and its card.

    Raises:
        WeightsError: If there are no such weights.
    """
    path = Path(name_or_path)
    if path.suffix == ".safetensors" or path.parent != Path():
        if not path.is_file():
            raise WeightsError(f"{path}: no such weights file; see: changen weights list")
        return path, read_card(path.with_suffix(".yaml"))
    known = _named()
    if name_or_path not in known:
        names = ", ".join(known) or "none"
        raise WeightsError(
            f"no weights named {name_or_path!r}; known: {names}; or give the path of a .safetensors file"
        )
    # only this one's card is read: another's that is broken is no reason to refuse it
    return known[name_or_path], read_card(known[name_or_path].with_suffix(".yaml"))


def discriminators_path(path: Path) -> Path:
    """Returns where the discriminators of weights lie, if they are there: beside them, NAME-discriminators.

    Args:
        path: Safetensors file of the network.
    """
    return path.with_name(f"{path.stem}-discriminators.safetensors")


def file_sha256(path: Path) -> str:
    """Computes the SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_weights(path: Path, card: Card) -> None:
    """Compares a weights file with its card.

    Args:
        path: Safetensors file.
        card: Its card.

    Raises:
        WeightsError: If the SHA-256 differs: the file is damaged, or is not the one the card speaks of.
    """
    actual = file_sha256(path)
    if actual != card.sha256:
        raise WeightsError(
            f"{path}: SHA-256 is {actual[:12]}..., the card says {card.sha256[:12]}...; the file is damaged or is not "
            "the card's: get both again, or make them again with: changen weights pack"
        )
