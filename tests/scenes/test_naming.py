from __future__ import annotations

import pytest

from changen_cli.scenes.naming import make_ids, stem_of


@pytest.mark.parametrize(
    ("path", "stem"), [("a/b.tif", "b"), ("https://x.org/d/c.tif?token=1.2", "c"), ("/vsizip/z.zip/e.f.png", "e.f")]
)
def test_stems(path: str, stem: str) -> None:
    assert stem_of(path) == stem


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["/d/a.tif", "/d/b.tif"], ["a", "b"]),
        (["/p/a.tif", "/q/a.tif", "/q/b.tif"], ["p_a", "q_a", "b"]),
        (["/p/images/a.tif", "/q/images/A.tif"], ["p_a", "q_A"]),
        (["/p/a.tif", "/p/a.png"], ["p_a", "p_a_2"]),
        (["/d/b c(1).tif", "/d/((.tif"], ["b_c_1", "scene"]),
        ([], []),
    ],
)
def test_ids(paths: list[str], ids: list[str]) -> None:
    assert make_ids(paths) == ids


def test_an_id_is_no_longer_than_a_file_name_may_be() -> None:
    (made,) = make_ids([f"/d/{'x' * 300}.tif"])
    assert made == "x" * 100
