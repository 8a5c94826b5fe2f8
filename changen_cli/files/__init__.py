"""Putting bytes on the disk so that a file is under its name whole, or not there at all.

Everything that changen writes goes through this package. A file is written under a scratch name, synced, renamed into
place, and then its folder is synced, so neither a killed process nor a lost power supply leaves half a file under a
final name. :mod:`~changen_cli.files.outputs` writes the many files of an output and notes their checksums;
:mod:`~changen_cli.files.single` writes one file anywhere else. An output may also be objects of a store, named by a URL
(:mod:`~changen_cli.files.places`); an object is put whole, and what follows of this holds for it too.
"""

from __future__ import annotations

from changen_cli.files.checksums import Checksum, Checksums, Data, checksum, checksum_file, noting
from changen_cli.files.disk import disk_errors, make_folder, sync_folder
from changen_cli.files.objects import WRITABLE
from changen_cli.files.outputs import (
    HOME,
    clear_half_done,
    clear_scratch,
    half_done_folder,
    part_scratch,
    refuse_links,
    remove_folder,
    replacing,
    replacing_folder,
    scratch,
    scratch_folder,
    write_files,
    write_folders,
)
from changen_cli.files.places import ObjectPath, place, scheme_of
from changen_cli.files.reading import all_files, can_be_listed, open_read, present
from changen_cli.files.removing import empty_folder, remove_files, remove_folder_if_empty
from changen_cli.files.single import put_folder_whole, put_whole, replacing_file, work_folder, write_whole

__all__ = [
    "HOME",
    "WRITABLE",
    "Checksum",
    "Checksums",
    "Data",
    "ObjectPath",
    "all_files",
    "can_be_listed",
    "checksum",
    "checksum_file",
    "clear_half_done",
    "clear_scratch",
    "disk_errors",
    "empty_folder",
    "half_done_folder",
    "make_folder",
    "noting",
    "open_read",
    "part_scratch",
    "place",
    "present",
    "put_folder_whole",
    "put_whole",
    "refuse_links",
    "remove_files",
    "remove_folder",
    "remove_folder_if_empty",
    "replacing",
    "replacing_file",
    "replacing_folder",
    "scheme_of",
    "scratch",
    "scratch_folder",
    "sync_folder",
    "work_folder",
    "write_files",
    "write_folders",
    "write_whole",
]
