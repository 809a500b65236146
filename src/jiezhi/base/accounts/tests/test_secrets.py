import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.errors import SecretError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture
def key_folder(tmp_path: Path, settings):
    settings.KEYS_DIR = tmp_path
    secrets.forget_keys()
    yield tmp_path
    secrets.forget_keys()


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=5))
def test_round_trip_and_order(texts):
    sealed = secrets.encrypt_many(texts)
    assert [secrets.decrypt(item) for item in sealed] == texts
    assert len(set(sealed) - {b""}) == sum(1 for text in texts if text)  # 每次随机，相同原文密文也不同


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.integers(0, 46), st.integers(1, 255))
def test_any_altered_byte_is_refused(position, flip):
    sealed = bytearray(secrets.encrypt("440304199001011234"))
    sealed[position] ^= flip
    with pytest.raises(SecretError, match="钥匙"):
        secrets.decrypt(bytes(sealed))


def test_truncated_is_refused():
    with pytest.raises(SecretError, match="不完整"):
        secrets.decrypt(secrets.encrypt("王")[:20])


def test_empty_stays_empty():
    assert secrets.encrypt("") == b"" and secrets.decrypt(b"") == ""


def test_wrong_key_says_so(key_folder):
    sealed = secrets.encrypt("13800001234")
    (key_folder / "data.key").write_bytes(os.urandom(16))
    secrets.forget_keys()
    with pytest.raises(SecretError, match="不是原来那一把"):
        secrets.decrypt(sealed)


def test_rotation_reads_old_and_writes_new(key_folder):
    old = secrets.encrypt("旧")
    (key_folder / "data.2.key").write_bytes(os.urandom(16))
    secrets.forget_keys()
    new = secrets.encrypt("新")
    assert (old[0], new[0]) == (1, 2)
    assert (secrets.decrypt(old), secrets.decrypt(new)) == ("旧", "新")
    (key_folder / "data.2.key").unlink()
    secrets.forget_keys()
    with pytest.raises(SecretError, match="找不到 2 号数据钥匙"):
        secrets.decrypt(new)


def test_blind_index_is_keyed_and_needs_same_kind(key_folder):
    first = secrets.blind_index("id", "440304199001011234")
    assert len(first) == 64 and first != secrets.blind_index("phone", "440304199001011234")
    (key_folder / "index.key").write_bytes(os.urandom(32))
    secrets.forget_keys()
    assert secrets.blind_index("id", "440304199001011234") != first


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("id", "44030419900101123x", "440304 19900101 123X"),
        ("id", "440304199001011234", "440304199001011234"),
        ("phone", "+86 138-0000-1234", "13800001234"),
        ("phone", "0755-8345 6789", "075583456789"),
        ("phone", "008613800001234", "13800001234"),
    ],
)
def test_ways_of_writing_are_one(kind, one, other):
    assert secrets.blind_index(kind, one) == secrets.blind_index(kind, other)
    assert secrets.tail_index(kind, one) == secrets.tail_index(kind, other)


def test_tail_from_whole_or_from_four():
    assert secrets.tail_index("id", "44030419900101123X") == secrets.tail_index("id", "123x")
    assert secrets.tail_index("id", "12") == "" == secrets.blind_index("id", "  ")
    assert secrets.tail_index("id", "1234") != secrets.blind_index("id", "1234")


def test_masks():
    assert secrets.mask_id("440304199001011234") == "440***********1234"
    assert secrets.mask_phone("13800001234") == "138****1234"
    assert secrets.mask_phone("83456789") == "******89"
    assert [secrets.mask_name(name) for name in ("", "张", "张三", "欧阳小明")] == ["", "张", "张*", "欧***"]


@given(TEXT)
@hypothesis_settings(max_examples=60, deadline=None)
def test_mask_keeps_length_and_hides_most(text):
    masked = secrets.mask_id(text)
    assert len(masked) == len(text)
    assert sum(a == b != "*" for a, b in zip(masked, text, strict=True)) <= 7


def test_sign_key_is_stable(key_folder):
    seed = secrets.sign_key()
    assert len(seed) == 32 and secrets.sign_key() == seed
    assert (key_folder / "sign.key").stat().st_mode & 0o077 == 0
