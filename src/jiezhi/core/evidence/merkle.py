"""默克尔树，按 RFC 6962 第2.1节的结构，杂凑用 SM3。

Leaves are the data themselves; leaf hash = SM3(0x00 ‖ data), inner node = SM3(0x01 ‖ left ‖ right), empty
tree = SM3(""). Built level by level; an unpaired last node rises unchanged, which gives the same tree as the
RFC's "split at the largest power of two" (tested against that definition).
"""

from __future__ import annotations

from collections.abc import Sequence

from jiezhi.core.evidence.digest import sm3


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf: 32 bytes."""
    return sm3(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: 32 bytes."""
    return sm3(b"\x01" + left + right)


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    level = [leaf_hash(leaf) for leaf in leaves]
    levels = [level]
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
        levels.append(level)
    return levels


def root(leaves: Sequence[bytes]) -> bytes:
    """Root (Merkle Tree Hash) of the leaves in this order: 32 bytes; for no leaves SM3 of nothing."""
    if not leaves:
        return sm3(b"")
    return _levels(leaves)[-1][0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Audit path (RFC 6962 §2.1.1) of the leaf at `index`, nearest sibling first.

    Raises IndexError when there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError("没有这片叶子")
    path = []
    for level in _levels(leaves)[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index >>= 1
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether `path` proves the leaf at `index` of a tree of `size` leaves with this root.

    The algorithm of RFC 9162 §2.1.3.2; never raises.
    """
    if not 0 <= index < size or any(len(node) != 32 for node in path):
        return False
    position, last = index, size - 1
    result = leaf_hash(leaf)
    for node in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            result = node_hash(node, result)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            result = node_hash(result, node)
        position >>= 1
        last >>= 1
    return last == 0 and result == expected_root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Proof (RFC 6962 §2.1.2) that the first `old_size` leaves are a prefix of these leaves.

    Empty for old_size 0 and for the whole. Raises ValueError when old_size is out of range.
    """
    size = len(leaves)
    if not 0 <= old_size <= size:
        raise ValueError("旧树比新树还大")
    if old_size in (0, size):
        return []
    levels = _levels(leaves)

    def subtree(low: int, high: int) -> bytes:
        # Every range the RFC's recursion names is one node: level ⌈log2(width)⌉, position low/2^level.
        height = (high - low - 1).bit_length()
        return levels[height][low >> height]

    path: list[bytes] = []
    low, high, whole = 0, size, True
    target = old_size
    while target != high:
        split = low + (1 << ((high - low - 1).bit_length() - 1))
        if target <= split:
            path.append(subtree(split, high))
            high = split
        else:
            path.append(subtree(low, split))
            low, whole = split, False
    if not whole:
        path.append(subtree(low, high))
    path.reverse()
    return path


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` proves that the old tree is a prefix of the new one (RFC 9162 §2.1.4.2)."""
    if not 0 <= old_size <= new_size or any(len(node) != 32 for node in path):
        return False
    if old_size == 0:
        return not path and old_root == sm3(b"")
    if old_size == new_size:
        return not path and old_root == new_root
    if not path:
        return False
    nodes = list(path)
    if old_size & (old_size - 1) == 0:  # a power of two: the old root itself starts the path
        nodes.insert(0, old_root)
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_result = new_result = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_result = node_hash(node, old_result)
            new_result = node_hash(node, new_result)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new_result = node_hash(new_result, node)
        position >>= 1
        last >>= 1
    return last == 0 and old_result == old_root and new_result == new_root
