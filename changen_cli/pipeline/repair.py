"""Making anew what is damaged of an output, from the options that it recorded of its own run."""

from __future__ import annotations

from pathlib import Path

from changen_cli.errors import ChangenError, StoreError
from changen_cli.files import place
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.recorded import recorded_options, require_list
from changen_cli.reporter import Reporter, Silent
from changen_cli.store.verify import Verification, verify


def repair(path: Path | str, reporter: Reporter | None = None, **speed: object) -> Verification:
    """Makes anew every damaged shard, table and piece of metadata of an output, and verifies it again.

    The shards go through the same pipeline, with the options, seed and weights that the output recorded, so they come
    out with the bytes that they had. Files that changen did not write stay, and stay a problem.

    Args:
        path: The output folder, finished, in the folder from which it was generated if its input has relative paths.
        reporter: Told how far it is, and warned.
        **speed: Options that decide only how fast or from where: ``workers``, ``batch_size``, ``weights``.

    Returns:
        What is wrong afterwards.

    Raises:
        ChangenError: If input or weights are not there or are others than they were, or the output cannot be written;
            nothing is deleted then.
    """
    root, reporter = place(path), reporter or Silent()
    options = recorded_options(root, **speed)
    require_list(root, options)
    try:
        generate(options, reporter, thorough=True)
    except StoreError:
        raise
    except ChangenError as error:
        raise type(error)(
            f"{root} cannot be repaired, since what it was made of cannot be used: {error}; it was made from "
            f"{', '.join(options.inputs)}: run this in the folder from which it was generated, where that is"
        ) from error
    return verify(root, reporter)
