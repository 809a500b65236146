"""钥匙包：全部钥匙用一个口令加密成一个文件，与备份分开保管。不用 Django，恢复的机器上也能放回。

口令经 Scrypt（n=2^17，r=8，p=1，约 128 MB 内存）得到 AES-256-GCM 的钥匙；头部一并受校验保护。口令丢了，谁也打不开。
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from jiezhi.config.keys import markers
from jiezhi.core.durable import creating, flush
from jiezhi.core.evidence import Ed25519Signer, decode, encode, fingerprint
from jiezhi.core.evidence.canonical import decode_canonical
from jiezhi.core.evidence.digest import is_hex
from jiezhi.core.evidence.instants import BEIJING, to_iso

KIND, VERSION = "jiezhi-keys", 1
N, R, P = 2**17, 8, 1
# 收到的包写明的参数最多到这里：免得一个假包占满内存。
MOST_N = 2**20
MIN_PASSWORD = 12


class KeyringError(ValueError):
    """做不成、打不开；文字说明缘由和怎么办。"""


@dataclass(frozen=True, slots=True)
class Placed:
    """放回的结果。`mark` 是签名公钥的指纹，应与备份的一致；`replaced` 是换下的旧钥匙移到了哪里，没有换为 None。"""

    names: tuple[str, ...]
    mark: str
    replaced: Path | None


def export(folder: Path, path: Path, password: str, *, office: str, now: datetime) -> tuple[str, ...]:
    """把 `folder` 里的全部钥匙写成钥匙包，返回有哪几把。已有同名文件、口令太短、没有钥匙 → KeyringError。"""
    if len(password) < MIN_PASSWORD:
        raise KeyringError(f"口令至少 {MIN_PASSWORD} 个字。拿到钥匙包的人可以慢慢试，请用一句记得住的长话")
    held = {one.name: one.read_bytes() for one in sorted(folder.glob("*.key"))}
    if not held:
        raise KeyringError("钥匙目录里还没有钥匙")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    head: dict[str, Any] = {
        "v": VERSION,
        "kind": KIND,
        "office": office,
        "made_at": to_iso(now),
        "mark": _mark(held),
        "kdf": {"name": "scrypt", "n": N, "r": R, "p": P, "salt": salt.hex()},
        "cipher": {"name": "AES-256-GCM", "nonce": nonce.hex()},
    }
    text = encode({name: value.hex() for name, value in held.items()})
    sealed = AESGCM(_derive(password, salt, N, R, P)).encrypt(nonce, text, encode(head))
    try:
        with creating(path) as out:
            out.write(encode({**head, "sealed": sealed.hex()}))
    except FileExistsError as error:
        raise KeyringError(f"{path.name} 已经在了，不覆盖。请换个文件名") from error
    flush(path.parent)
    return tuple(held)


def place(
    path: Path, folder: Path, password: str, *, replace: bool, now: datetime, home: Path | None = None
) -> Placed:
    """把钥匙包放回 `folder`。已有不同的钥匙就不放（KeyringError）；`replace` 为真时把它们移到旁边再放。

    `home` 是用这些钥匙的数据（JIEZHI_HOME），钥匙目录就在它下面的不用给。
    口令不对、包坏了 → KeyringError，什么也不动。
    """
    held = _open(path, password)
    different = [
        name
        for name, value in held.items()
        if (folder / name).exists() and (folder / name).read_bytes() != value
    ]
    if different and not replace:
        names = "、".join(different)
        raise KeyringError(
            f"钥匙目录里已有不同的钥匙（{names}），没有放。若那是恢复之后误造的，还没有用来办过件，加 --replace 换掉"
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = None
    if different:
        aside = folder / f"换下的-{now.astimezone(BEIJING):%Y%m%d-%H%M%S}"
        aside.mkdir(mode=0o700)
        for name in different:
            os.replace(folder / name, aside / name)
    for name, value in held.items():
        if not (folder / name).exists():
            with creating(folder / name) as out:
                out.write(value)
    flush(folder)
    for marker in markers(folder, home or folder.parent):
        marker.unlink(missing_ok=True)
    return Placed(tuple(held), _mark(held), aside)


def _open(path: Path, password: str) -> dict[str, bytes]:
    try:
        value: Any = decode_canonical(path.read_bytes())
        head = {name: item for name, item in value.items() if name != "sealed"}
        if head["kind"] != KIND or head["v"] != VERSION:
            raise KeyringError(f"{path.name} 不是这个版本的街治钥匙包")
        kdf = head["kdf"]
        n, r, p = int(kdf["n"]), int(kdf["r"]), int(kdf["p"])
        if not (2 <= n <= MOST_N and 1 <= r <= 16 and 1 <= p <= 16):
            raise KeyringError(f"{path.name} 的参数不正常，没有打开")
        key = _derive(password, bytes.fromhex(kdf["salt"]), n, r, p)
        if not is_hex(value["sealed"], len(value["sealed"]) // 2):
            raise KeyringError(f"{path.name} 被改动，或已损坏")
        sealed, nonce = bytes.fromhex(value["sealed"]), bytes.fromhex(head["cipher"]["nonce"])
        text = AESGCM(key).decrypt(nonce, sealed, encode(head))
        found: Any = decode(text)
        return {Path(str(name)).name: bytes.fromhex(item) for name, item in found.items()}
    except KeyringError:
        raise
    except InvalidTag as error:
        raise KeyringError("口令不对，或钥匙包被改动、损坏了。请核对口令，或换一份钥匙包") from error
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise KeyringError(f"{path.name} 读不懂：不是钥匙包，或已损坏") from error


def _derive(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(password.encode())


def _mark(held: dict[str, bytes]) -> str:
    seed = held.get("sign.key", b"")
    return fingerprint(Ed25519Signer.from_seed(seed).public_key) if len(seed) == 32 else ""
