from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli import rng

KEYS = st.lists(st.one_of(st.integers(), st.text()), max_size=5).map(tuple)


@given(key=KEYS)
def test_the_same_key_gives_the_same_stream(key: rng.Key) -> None:
    np.testing.assert_array_equal(rng.generator(*key).random(4), rng.generator(*key).random(4))


@given(a=KEYS, b=KEYS)
def test_other_keys_give_other_streams(a: rng.Key, b: rng.Key) -> None:
    same = rng.generator(*a).integers(2**63) == rng.generator(*b).integers(2**63)
    assert same == (a == b)


@pytest.mark.parametrize(
    ("a", "b"),
    [((1,), ("1",)), ((1, 2), (2, 1)), (("a", "b"), ("ab",)), (("a,b",), ("a", "b")), ((), ("",)), ((12, 3), (1, 23))],
)
def test_type_order_and_boundaries_of_a_key_count(a: rng.Key, b: rng.Key) -> None:
    assert rng.generator(*a).integers(2**63) != rng.generator(*b).integers(2**63)


def test_a_generator_is_fresh_each_time() -> None:
    first = rng.generator("a")
    first.random(100)
    assert first.random() != rng.generator("a").random()


def test_streams_are_what_they_always_were() -> None:
    """A change here changes every series that was ever recorded with a seed."""
    assert rng.generator(0, "scene", "r0_c0", 0, 1, "changes").integers(1 << 32, size=3).tolist() == [
        609649991,
        3787077808,
        1634601560,
    ]


def test_streams_do_not_depend_on_the_process() -> None:
    code = "from changen_cli import rng; print(rng.generator(7, 'é').integers(1 << 62))"
    printed = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": h}, capture_output=True, check=True).stdout
        for h in ("1", "2")
    }
    assert printed == {f"{rng.generator(7, 'é').integers(1 << 62)}\n".encode()}


def test_neighbouring_keys_are_independent() -> None:
    draws = np.array([rng.generator(0, i).random() for i in range(2000)])
    assert abs(draws.mean() - 0.5) < 0.03
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.08


@given(key=KEYS)
def test_the_key_of_the_philox_is_the_hash_of_the_key(key: rng.Key) -> None:
    text = json.dumps(key, ensure_ascii=True, separators=(",", ":"))
    words = int.from_bytes(hashlib.blake2b(text.encode("ascii"), digest_size=16).digest(), "little")
    by_key = np.random.Generator(np.random.Philox(key=words))
    assert str(rng.generator(*key).bit_generator.state) == str(by_key.bit_generator.state)
