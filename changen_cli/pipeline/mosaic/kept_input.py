"""What a scene was when its strips were begun, so that a run never goes on with strips of other pixels."""

from __future__ import annotations

from pathlib import Path

from changen_cli.files import clear_half_done, disk_errors, half_done_folder, make_folder, write_files

NAME = "input"


def keep_input(root: Path, name: str, digest: str) -> Path:
    """Gives the folder of what is half done of a scene; what was made of other pixels or footprints is deleted.

    Args:
        root: The output.
        name: Id of the sample.
        digest: Of the scene as it is read now.

    Returns:
        The folder, which is there.

    Raises:
        StoreError: If it cannot be read or written.
    """
    folder = half_done_folder(root) / name
    path = folder / NAME
    with disk_errors(path):
        same = path.is_file() and path.read_bytes() == digest.encode()
    if not same:
        clear_half_done(root, name)
        make_folder(folder)
        write_files(root, [(path, digest.encode())])
    return folder
