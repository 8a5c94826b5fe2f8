from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from changen_cli.errors import WeightsError
from changen_cli.weights.card import file_sha256
from changen_cli.weights.foreign import read_tensors, verify_file

SOURCE = "get it from them"


def test_both_kinds_of_files_give_the_same_tensors(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(3.0), "b.weight": torch.ones(2, 2)}
    torch.save(tensors, tmp_path / "a.pth")
    save_file(tensors, tmp_path / "a.safetensors")
    for name in ("a.pth", "a.safetensors"):
        found = read_tensors(tmp_path / name, SOURCE)
        assert found.keys() == tensors.keys()
        assert all(torch.equal(found[key], tensors[key]) for key in tensors)


def test_a_file_is_known_by_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(b"weights")
    assert verify_file(path, None, SOURCE) == verify_file(path, file_sha256(path).upper(), SOURCE) == file_sha256(path)
    with pytest.raises(WeightsError, match=r"SHA-256 is .*, not aaaa.*get it from them"):
        verify_file(path, "A" * 64, SOURCE)
    with pytest.raises(WeightsError, match=r"no such file of weights; get it from them"):
        verify_file(tmp_path / "none.pth", None, SOURCE)


class _Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.path,))


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    torch.save({"a": _Evil(tmp_path / "was-here")}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        read_tensors(tmp_path / "evil.pth", SOURCE)
    assert not (tmp_path / "was-here").exists()


def test_what_is_no_weights_is_refused(tmp_path: Path) -> None:
    for name in ("page.pth", "page.safetensors"):
        (tmp_path / name).write_text("<html>not found</html>")
        with pytest.raises(WeightsError, match="cannot be read as weights"):
            read_tensors(tmp_path / name, SOURCE)
    for stored in ([1, 2], {"a": torch.ones(1), "epoch": 3}):
        torch.save(stored, tmp_path / "more.pth")
        with pytest.raises(WeightsError, match="no tensors by name; get it from them"):
            read_tensors(tmp_path / "more.pth", SOURCE)
