from __future__ import annotations

from pathlib import Path

from changen_cli.files import all_files, objects, open_read, place, present


def test_a_folder_and_a_bucket_are_read_alike(memory: str, tmp_path: Path) -> None:
    for key in ("a/2", "a/1", "b"):
        objects.put(objects.Address(memory, f"run/{key}"), key.encode())
        (tmp_path / key).parent.mkdir(exist_ok=True)
        (tmp_path / key).write_bytes(key.encode())
    for root in (tmp_path, place(f"{memory}/run")):
        assert sorted(all_files(root)) == ["a/1", "a/2", "b"]
        assert present(root / "b")
        assert not present(root / "c")
        with open_read(root / "a" / "2") as file:
            assert file.read() == b"a/2"


def test_links_are_there(tmp_path: Path) -> None:
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "folder").mkdir()
    (tmp_path / "other").symlink_to("folder")
    assert present(tmp_path / "nowhere")
    assert list(all_files(tmp_path)) == ["nowhere", "other"]
