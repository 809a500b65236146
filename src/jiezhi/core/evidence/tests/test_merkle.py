"""默克尔树：对照 RFC 6962 的递归定义。"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.evidence import (
    consistency_proof,
    inclusion_proof,
    root,
    sm3,
    verify_consistency,
    verify_inclusion,
)


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_root(leaves):
    if not leaves:
        return sm3(b"")
    if len(leaves) == 1:
        return sm3(b"\0" + leaves[0])
    k = split(len(leaves))
    return sm3(b"\1" + naive_root(leaves[:k]) + naive_root(leaves[k:]))


def naive_path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(m, leaves, whole=True):
    n = len(leaves)
    if m == n:
        return [] if whole else [naive_root(leaves)]
    k = split(n)
    if m <= k:
        return [*naive_consistency(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_consistency(m - k, leaves[k:], False), naive_root(leaves[:k])]


trees = st.lists(st.binary(max_size=4), min_size=1, max_size=40)


@given(trees, st.data())
@settings(max_examples=120)
def test_inclusion_matches_the_definition(leaves, data):
    assert root(leaves) == naive_root(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_proof(leaves, index)
    assert path == naive_path(index, leaves)
    size, top = len(leaves), root(leaves)
    assert verify_inclusion(leaves[index], index, size, path, top)
    assert not verify_inclusion(leaves[index] + b"x", index, size, path, top)
    assert not verify_inclusion(leaves[index], index, size, path, sm3(top))
    assert not verify_inclusion(leaves[index], index, size, [*path, top], top)
    assert not verify_inclusion(leaves[index], size, size, path, top)
    assert not verify_inclusion(leaves[index], -1, size, path, top)
    if path:
        assert not verify_inclusion(leaves[index], index, size, path[:-1], top)
        assert not verify_inclusion(leaves[index], index, size, [path[0][:-1], *path[1:]], top)


@given(trees, st.data())
@settings(max_examples=120)
def test_consistency_matches_the_definition(leaves, data):
    new = len(leaves)
    old = data.draw(st.integers(1, new))
    path = consistency_proof(leaves, old)
    assert path == naive_consistency(old, leaves)
    old_root, new_root = root(leaves[:old]), root(leaves)
    assert verify_consistency(old, new, old_root, new_root, path)
    assert not verify_consistency(old, new, sm3(old_root), new_root, path)
    assert not verify_consistency(old, new, old_root, sm3(new_root), path)
    assert not verify_consistency(old, new, old_root, new_root, [*path, new_root])
    if path:
        assert not verify_consistency(old, new, old_root, new_root, path[:-1])
        assert not verify_consistency(old, new, old_root, new_root, [sm3(path[0]), *path[1:]])


def test_every_small_size():
    leaves = [bytes([n]) for n in range(17)]
    for size in range(1, 18):
        part = leaves[:size]
        for index in range(size):
            assert verify_inclusion(part[index], index, size, inclusion_proof(part, index), root(part))
        for old in range(size + 1):
            proof = consistency_proof(part, old)
            assert verify_consistency(old, size, root(part[:old]), root(part), proof)


def test_empty_and_out_of_range():
    assert root([]) == sm3(b"")
    assert consistency_proof([b"a"], 0) == []
    assert not verify_consistency(0, 1, root([b"a"]), root([b"a"]), [])
    assert not verify_consistency(2, 1, root([b"a"]), root([b"a"]), [])
    assert not verify_consistency(1, 2, root([b"a"]), root([b"a", b"b"]), [])
    with pytest.raises(IndexError):
        inclusion_proof([b"a"], 1)
    with pytest.raises(ValueError):
        consistency_proof([b"a"], 2)


def test_a_leaf_cannot_pose_as_a_node():
    left, right = sm3(b"\0a"), sm3(b"\0b")
    assert root([left + right]) != root([b"a", b"b"])
