"""Ending a run: the tables of all shards, the checksums of what is no shard's, and the manifest."""

from __future__ import annotations

from collections.abc import Mapping

from changen_cli.errors import StoreError
from changen_cli.files import checksum, clear_half_done, clear_scratch, noting, remove_files
from changen_cli.store.arguments import inputs_paths
from changen_cli.store.base import Status
from changen_cli.store.ends import write_ends
from changen_cli.store.footprints import sum_footprints
from changen_cli.store.formats.base import Format
from changen_cli.store.journal import VERSION, Journal
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import StoreEntry, manifest_bytes, write_manifest
from changen_cli.store.records import conditions_path, events_path, looks_path
from changen_cli.store.skeleton import skeleton_checksums
from changen_cli.store.tables.conditions import write_conditions
from changen_cli.store.tables.events import write_events
from changen_cli.store.tables.looks import write_looks
from changen_cli.store.tables.samples import write_samples


def finish_run(store: Format, journal: Journal, manifest: Mapping[str, object]) -> None:
    """Writes everything that needs all shards, and the manifest last.

    Args:
        store: The store, in its format.
        journal: Its journal, open, with every shard done.
        manifest: What the manifest is to say (arguments, seed, versions, weights, counts, licences), JSON values that
            are the same whenever the same run is run. The key ``store`` is added: what a reader must know.

    Raises:
        StoreError: If a shard is missing, or the disk is full or not writable.
    """
    spec, root = store.spec, store.root
    missing = sorted(set(range(spec.shards)) - journal.done())
    if missing:
        raise StoreError(
            f"{root} is not complete: {len(missing)} of {spec.shards} shards are missing, the first is {missing[0]}; "
            "run the same command again: it goes on where it stopped"
        )
    skeleton = skeleton_checksums(store)
    with noting() as noted:
        look_dim, conditions = _write_tables(store, journal)
    about: StoreEntry = {
        "format": store.name,
        "version": VERSION,
        "samples": spec.samples,
        "steps": spec.steps,
        "height": spec.height,
        "width": spec.width,
        "shard_samples": spec.shard_samples,
    }
    if look_dim:
        about["look_dim"] = look_dim
    if conditions:
        about["conditions"] = True
    data = manifest_bytes(root, {**manifest, "store": about})
    clear_half_done(root)
    clear_scratch(root)
    written = {path.relative_to(root).as_posix(): found for path, found in noted.items()}
    write_ends(root, {**skeleton, **written, **sum_footprints(root), **journal.files(), MANIFEST: checksum(data)})
    remove_files(inputs_paths(root))
    write_manifest(root, data)
    journal.end_division()
    clear_scratch(root)


def _write_tables(store: Format, journal: Journal) -> tuple[int, bool]:
    """Writes the tables, and what the format writes last; returns the length of a look, and if there are conditions."""
    spec, root = store.spec, store.root
    store.finish(list(journal.samples()))
    georeferenced = write_samples(root, spec, journal.samples())
    write_events(root, [events_path(root, index) for index in range(spec.shards)], georeferenced=georeferenced)
    with_series = [summary.index for summary in journal.summaries() if summary.statuses.get(Status.DONE)]
    look_dim = write_looks(root, [looks_path(root, index) for index in with_series])
    conditions = write_conditions(root, [conditions_path(root, index) for index in with_series])
    return look_dim, conditions
