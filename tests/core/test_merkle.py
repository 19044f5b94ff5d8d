"""Merkle trees: each leaf leads to the root, and nothing else does."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.journal import merkle

ENTRIES = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


def recursive_root(entries: list[bytes]) -> bytes:
    """Compute the root as in RFC 9162: split at the largest power of two below the size."""
    if len(entries) == 1:
        return merkle.leaf(entries[0])
    split = 1 << ((len(entries) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + recursive_root(entries[:split]) + recursive_root(entries[split:])).digest()


@given(ENTRIES)
def test_the_root_is_that_of_the_rfc(entries):
    assert merkle.root(entries) == recursive_root(entries)


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(ENTRIES, st.data())
def test_each_entry_leads_to_the_root(entries, data):
    position = data.draw(st.integers(0, len(entries) - 1))
    path = merkle.proof(entries, position)
    assert merkle.leads_to(
        entries[position], position=position, size=len(entries), path=path, root=merkle.root(entries)
    )


@given(ENTRIES, st.data())
def test_a_changed_leaf_position_or_path_fails(entries, data):
    position = data.draw(st.integers(0, len(entries) - 1))
    path, root, size = merkle.proof(entries, position), merkle.root(entries), len(entries)
    assert not merkle.leads_to(entries[position] + b"x", position=position, size=size, path=path, root=root)
    assert not merkle.leads_to(entries[position], position=position, size=size, path=[*path, bytes(32)], root=root)
    if path:
        assert not merkle.leads_to(entries[position], position=position, size=size, path=path[:-1], root=root)
        assert not merkle.leads_to(
            entries[position], position=position, size=size, path=[bytes(32), *path[1:]], root=root
        )
    for other in range(size):
        if entries[other] != entries[position]:
            assert not merkle.leads_to(entries[other], position=position, size=size, path=path, root=root)


@pytest.mark.parametrize("position", [-1, 3])
def test_a_position_outside_the_tree_has_no_proof(position):
    with pytest.raises(IndexError):
        merkle.proof([b"a", b"b", b"c"], position)
    assert not merkle.leads_to(b"a", position=position, size=3, path=[], root=merkle.root([b"a"]))
