"""The format ``icechunk``: the arrays of the format ``zarr`` in an Icechunk repository, a commit for each shard.

The repository is the folder ``icechunk`` of the output, on a disk or in S3; journal and tables lie beside it as in
every format. A commit has the number of its shard and the XXH3 of its values, by which a run that goes on knows what is
there, and ``changen verify`` whether it still is that. Icechunk gives its files random names, so the bytes of a
repository are no two times the same; the values are. The extra is ``icechunk``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

import numpy as np
import xxhash
import zarr
from filelock import FileLock

from changen_cli.errors import PluginError, StoreError
from changen_cli.files import HOME, ObjectPath, disk_errors, make_folder, objects, remove_folder
from changen_cli.store.base import Outcome
from changen_cli.store.formats.zarr.arrays import ARRAYS, make_pixels, pixel_arrays, shard_values
from changen_cli.store.formats.zarr.format import ZarrFormat
from changen_cli.store.formats.zarr.sample_arrays import make_tables, shared_attributes
from changen_cli.store.records import SampleRecord

FOLDER = "icechunk"
"""Folder of an output that is the repository."""

_BRANCH = "main"

_loaded_in: int | None = None
"""The process that loaded the library. Its threads are not there in a process that is forked from it."""


class IcechunkFormat(ZarrFormat):
    """Writes and reads series as a Zarr v3 group in an Icechunk repository."""

    name: ClassVar[str] = "icechunk"
    foreign_folders: ClassVar[tuple[str, ...]] = (FOLDER,)

    def create(self) -> None:
        """Makes the repository with the group and the five pixel arrays, without a value; one that is there stays.

        Raises:
            StoreError: If it cannot be written.
        """
        with self._errors(), self._alone():
            if self._library.Repository.exists(self._storage):
                if self._has_arrays():
                    return
                repository = self._open()
            else:
                make_folder(self.root)
                repository = self._library.Repository.create(self._storage)
            session = repository.writable_session(_BRANCH)
            attributes = {"changen": {"version": 1, "shard_samples": self.spec.shard_samples}}
            group = zarr.create_group(session.store, zarr_format=3, attributes=attributes, overwrite=True)
            for pixels in pixel_arrays(self.spec).values():
                make_pixels(self.spec, group, pixels, "/")  # Icechunk knows no other
            session.commit("arrays")

    def write_shard(self, index: int, outcomes: Sequence[Outcome]) -> None:
        """Writes the values of one shard and commits them; does nothing if the very same are committed already."""
        digest = xxhash.xxh3_128()
        values = {}
        for pixels, samples in shard_values(self.spec, outcomes):
            array = values[pixels.name] = np.stack(samples)
            digest.update(array.data)
        with self._errors(), self._alone():
            repository, places = self._open(), self._places(index)
            session = repository.writable_session(_BRANCH)
            group = zarr.open_group(session.store, mode="r+", zarr_format=3)
            wanted = digest.hexdigest()
            if self._commits(repository).get(index) == wanted and self._digest(group, index) == wanted:
                return
            for name, array in values.items():
                _array(group, name)[places] = array[: len(range(*places.indices(self.spec.samples)))]
            # a shard in which all is 0 changes no chunk, and still is one of the history
            group.attrs["last_shard"] = index
            session.commit(
                f"shard {index}",
                {"shard": index, "xxh3": wanted},
                rebase_with=self._library.BasicConflictSolver(),
            )

    def finish(self, samples: Sequence[SampleRecord]) -> None:
        """Commits what is known of each sample, and the CRS that all share."""
        with self._errors(), self._alone():
            session = self._open().writable_session(_BRANCH)
            group = zarr.open_group(session.store, mode="r+", zarr_format=3)
            for name in ARRAYS:
                if name not in pixel_arrays(self.spec) and name in group:
                    del group[name]
            group.attrs.update(cast("dict[str, Any]", shared_attributes(self.spec, samples)))
            make_tables(group, samples, "/")
            session.commit("samples")

    def check_shard(self, index: int, *, thorough: bool) -> str:
        """Says what is wrong with a shard, in words; empty if nothing is."""
        try:
            with self._errors():
                digest = self._commits(self._open()).get(index)
            if digest is None:
                return "the history has no commit of it"
            same = not thorough or self._digest(self._group, index) == digest
            return "" if same else "its values are not those that were committed"
        except StoreError as error:
            return str(error)

    def history(self) -> list[tuple[str, dict[str, Any]]]:
        """Returns message and metadata of every commit, the last one first.

        Raises:
            StoreError: If the repository cannot be read.
        """
        with self._errors():
            return [(one.message, dict(one.metadata)) for one in self._open().ancestry(branch=_BRANCH)]

    @classmethod
    def clear(cls, root: Path) -> None:
        """Deletes the repository."""
        folder = root / FOLDER
        if isinstance(folder, ObjectPath):
            with disk_errors(folder):
                for key in list(objects.keys_below(folder.address)):
                    (folder / key).unlink()
        else:
            remove_folder(root, folder)

    @property
    def _group(self) -> zarr.Group:
        """The last commit, opened when it is first read."""
        _refuse_fork(self.root)
        return self._opened

    @cached_property
    def _opened(self) -> zarr.Group:
        with self._errors():
            return zarr.open_group(self._open().readonly_session(_BRANCH).store, mode="r", zarr_format=3)

    @cached_property
    def _library(self) -> Any:
        try:
            import icechunk
        except ImportError as error:
            raise PluginError(
                "--format icechunk needs a library that is not installed; run: pip install 'changen[icechunk]' "
                f"({error})"
            ) from error
        global _loaded_in
        _loaded_in = _loaded_in or os.getpid()
        icechunk.set_logs_filter("icechunk=error")  # it warns of commits at a time on a disk, see _alone()
        return icechunk

    @property
    def _storage(self) -> Any:
        folder = self.root / FOLDER
        if not isinstance(folder, ObjectPath):
            return self._library.local_filesystem_storage(str(folder))
        base, key = folder.address
        scheme, _, bucket = base.partition("://")
        if scheme != "s3":
            raise StoreError(f"{self.root}: --format icechunk is written to folders and to s3://; choose --format zarr")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return self._library.s3_storage(
            bucket=bucket,
            prefix=key,
            from_env=True,
            region=os.environ.get("AWS_REGION"),
            endpoint_url=endpoint,
            allow_http=endpoint is not None and urlsplit(endpoint).scheme == "http",
            force_path_style=endpoint is not None,
        )

    def _open(self) -> Any:
        _refuse_fork(self.root)
        return self._library.Repository.open(self._storage)

    def _has_arrays(self) -> bool:
        return any(message == "arrays" for message, _ in self.history())

    def _commits(self, repository: Any) -> dict[int, str]:
        """Returns the digest of the last commit of each shard."""
        found: dict[int, str] = {}
        for one in repository.ancestry(branch=_BRANCH):
            if "shard" in one.metadata:
                found.setdefault(int(one.metadata["shard"]), str(one.metadata["xxh3"]))
        return found

    def _places(self, index: int) -> slice:
        return slice(index * self.spec.shard_samples, (index + 1) * self.spec.shard_samples)

    def _digest(self, group: zarr.Group, index: int) -> str:
        """Returns the digest of the values of a shard that are there; empty if they cannot be read."""
        digest = xxhash.xxh3_128()
        for name in pixel_arrays(self.spec):
            try:
                values = np.ascontiguousarray(_array(group, name)[self._places(index)])
            except Exception:  # zarr, its codecs and Icechunk raise whatever they like on damaged bytes
                return ""
            digest.update(values.tobytes())
            digest.update(bytes((self.spec.shard_samples - len(values)) * values[:1].nbytes))  # as it was padded
        return digest.hexdigest()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps others from committing meanwhile, where Icechunk does not: on a disk."""
        if isinstance(self.root, ObjectPath):
            yield
            return
        scratch = self.root / HOME / "tmp"  # of all workers; whoever clears it is alone
        make_folder(scratch)
        with FileLock(scratch / "icechunk.lock"):
            yield

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turns errors of Icechunk into ours."""
        library = self._library  # before anything is written
        with disk_errors(self.root):
            try:
                yield
            except library.IcechunkError as error:
                said = " ".join(str(error).partition("context:")[0].replace("|", " ").split())
                raise StoreError(
                    f"cannot use the Icechunk repository of {self.root}: {said[:300]}; repair that and run the same "
                    "command again"
                ) from error


def _refuse_fork(root: Path) -> None:
    """Refuses to wait for threads that are not there.

    Raises:
        StoreError: In a process that was forked from one that had loaded the library.
    """
    if _loaded_in not in (None, os.getpid()):
        raise StoreError(
            f"{root}: Icechunk cannot be used in a process that was forked from one that uses it; start workers "
            "afresh: torch.utils.data.DataLoader(..., multiprocessing_context='spawn')"
        )


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    array = group[name]
    assert isinstance(array, zarr.Array)
    return array
