"""Merkle trees of RFC 9162 (2.1), the same as in RFC 6962: 0x00 before a leaf's content, 0x01 before two nodes."""

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256().digest()


def root(entries: Sequence[bytes]) -> bytes:
    level = [leaf(entry) for entry in entries]
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY


def proof(entries: Sequence[bytes], position: int) -> list[bytes]:
    """Return the nodes that lead from one leaf to the root.

    Raises:
        IndexError: there is no leaf at this position.
    """
    if not 0 <= position < len(entries):
        raise IndexError(position)
    level, path = [leaf(entry) for entry in entries], []
    while len(level) > 1:
        beside = position ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, position = _above(level), position >> 1
    return path


def leads_to(entry: bytes, *, position: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Return True if the path leads from this leaf to this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    node, last = leaf(entry), size - 1
    for beside in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = _node(beside, node)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            node = _node(node, beside)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Pair the nodes of a level; the last one of an odd level moves up unchanged."""
    pairs = [_node(*level[index : index + 2]) for index in range(0, len(level) - 1, 2)]
    return pairs + [level[-1]] if len(level) % 2 else pairs
