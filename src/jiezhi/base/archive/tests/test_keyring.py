"""钥匙包：口令对才打得开，改一个字节就打不开，不覆盖已有的钥匙。"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jiezhi.base.archive import keyring
from jiezhi.base.archive.keyring import KeyringError
from jiezhi.config import keys
from jiezhi.core.evidence import Ed25519Signer, decode, encode, fingerprint

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PASSWORD = "云桥街道二〇二六年的钥匙包口令"
SIZES = {
    "data.key": 16,
    "data.2.key": 16,
    "django.key": 50,
    "index.key": 32,
    "seal.key": 32,
    "seal.2.key": 32,
    "sign.key": 32,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """测试里口令算得快些；真的参数另有一条测试。"""
    monkeypatch.setattr(keyring, "N", 2**10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "甲"
    for name, size in SIZES.items():
        keys.load_or_create(made / name, size)
    return made


@pytest.fixture
def package(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "钥匙包"
    assert set(keyring.export(folder, path, PASSWORD, office="云桥街道", now=NOW)) == set(SIZES)
    return path


def test_there_and_back(folder: Path, package: Path, tmp_path: Path) -> None:
    other = tmp_path / "乙" / "keys"
    other.mkdir(parents=True)
    (other / keys.AWAITING).write_text("")
    done = keyring.place(package, other, PASSWORD, replace=False, now=NOW)
    assert set(done.names) == set(SIZES) and done.replaced is None
    assert done.mark == fingerprint(Ed25519Signer.from_seed((folder / "sign.key").read_bytes()).public_key)
    for name in SIZES:
        assert (other / name).read_bytes() == (folder / name).read_bytes()
        assert (other / name).stat().st_mode & 0o077 == 0
    assert not (other / keys.AWAITING).exists() and package.stat().st_mode & 0o077 == 0
    assert keyring.place(package, other, PASSWORD, replace=False, now=NOW).names, "一样的再放无妨"


def test_nothing_readable_in_it(folder: Path, package: Path) -> None:
    text = package.read_bytes()
    for name in SIZES:
        value = (folder / name).read_bytes()
        assert value not in text and value.hex().encode() not in text


def test_the_real_cost(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    path = tmp_path / "真的"
    keyring.export(folder, path, PASSWORD, office="云桥街道", now=NOW)
    found = decode(path.read_bytes())
    assert isinstance(found, dict) and found["kdf"]["n"] == 2**17  # type: ignore[index,call-overload]
    assert keyring.place(path, tmp_path / "乙", PASSWORD, replace=False, now=NOW).names


def test_another_password(package: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="口令不对"):
        keyring.place(package, tmp_path / "乙", PASSWORD + " ", replace=False, now=NOW)
    assert not (tmp_path / "乙").exists()


def test_any_flipped_byte(package: Path, tmp_path: Path) -> None:
    original, rng = package.read_bytes(), random.Random(7)
    for at in rng.sample(range(len(original)), 150):
        changed = bytearray(original)
        changed[at] ^= rng.randrange(1, 256)
        package.write_bytes(changed)
        with pytest.raises(KeyringError):
            keyring.place(package, tmp_path / "乙", PASSWORD, replace=False, now=NOW)
    assert not (tmp_path / "乙").exists()


def test_other_keys_are_not_overwritten(folder: Path, package: Path, tmp_path: Path) -> None:
    other = tmp_path / "乙"
    stray = keys.load_or_create(other / "data.key", 16)
    with pytest.raises(KeyringError, match=r"已有不同的钥匙（data\.key）.*--replace"):
        keyring.place(package, other, PASSWORD, replace=False, now=NOW)
    assert (other / "data.key").read_bytes() == stray and not (other / "sign.key").exists()
    done = keyring.place(package, other, PASSWORD, replace=True, now=NOW)
    assert done.replaced is not None and (done.replaced / "data.key").read_bytes() == stray
    assert (other / "data.key").read_bytes() == (folder / "data.key").read_bytes()


@pytest.mark.parametrize("password", ["", "短口令", "12345678901"])
def test_a_short_password(folder: Path, tmp_path: Path, password: str) -> None:
    with pytest.raises(KeyringError, match="至少 12 个字"):
        keyring.export(folder, tmp_path / "a", password, office="", now=NOW)
    assert not (tmp_path / "a").exists()


def test_an_existing_file_is_kept(folder: Path, package: Path) -> None:
    before = package.read_bytes()
    with pytest.raises(KeyringError, match="已经在了"):
        keyring.export(folder, package, PASSWORD, office="", now=NOW)
    assert package.read_bytes() == before


def test_a_forged_package_cannot_eat_the_memory(package: Path, tmp_path: Path) -> None:
    value = decode(package.read_bytes())
    assert isinstance(value, dict)
    value["kdf"] = {"name": "scrypt", "n": 2**40, "r": 8, "p": 1, "salt": os.urandom(16).hex()}
    package.write_bytes(encode(value))
    with pytest.raises(KeyringError, match="参数不正常"):
        keyring.place(package, tmp_path / "乙", PASSWORD, replace=False, now=NOW)


def test_what_is_not_a_package(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"{}")
    with pytest.raises(KeyringError, match="不是钥匙包|不是这个版本"):
        keyring.place(tmp_path / "a", tmp_path / "乙", PASSWORD, replace=False, now=NOW)
    with pytest.raises(KeyringError, match="还没有钥匙"):
        keyring.export(tmp_path, tmp_path / "b", PASSWORD, office="", now=NOW)
