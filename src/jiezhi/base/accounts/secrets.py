"""保密：证件号、电话等的加密（SM4-GCM）、查找用的盲索引（HMAC-SM3）、显示用的遮盖。

密文 = 1 字节钥匙编号 ‖ 12 字节随机数 ‖ 密文 ‖ 16 字节校验。钥匙编号一并受校验保护。
钥匙环：`data.key` 是 1 号；轮换时在同一目录放 `data.2.key`、`data.3.key`……,新写入的用编号最大的一把，
旧的留着读旧数据。行印（见 sealing）的 `seal.key` 同样轮换。改钥匙后需重启。
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.constant_time import bytes_eq
from django.conf import settings

from jiezhi.base.accounts.errors import SecretError
from jiezhi.config import keys

KEY_SIZE = 16
SEAL_SIZE = 32
MARK_SIZE = 16
NONCE_SIZE = 12
TAG_SIZE = 16
HEADER_SIZE = 1 + NONCE_SIZE
TAIL_LENGTH = 4
_BROKEN = "密文解不开：数据钥匙不是原来那一把，或者内容被改动过。请核对钥匙文件"


@lru_cache(maxsize=8)
def _ring(folder: Path) -> dict[int, bytes]:
    return _keys(folder, "data", KEY_SIZE)


def _keys(folder: Path, name: str, size: int) -> dict[int, bytes]:
    ring = {1: keys.load_or_create(folder / f"{name}.key", size)}
    for path in folder.glob(f"{name}.*.key"):
        number = re.fullmatch(rf"{name}\.(\d{{1,3}})\.key", path.name)
        if number and 2 <= int(number[1]) <= 255:
            ring[int(number[1])] = keys.load_or_create(path, size)
    return ring


@lru_cache(maxsize=8)
def _seal_macs(folder: Path) -> dict[int, hmac.HMAC]:
    return {
        number: hmac.HMAC(key, hashes.SM3())
        for number, key in sorted(_keys(folder, "seal", SEAL_SIZE).items())
    }


@lru_cache(maxsize=8)
def _index_mac(folder: Path) -> hmac.HMAC:
    return hmac.HMAC(keys.load_or_create(folder / "index.key", 32), hashes.SM3())


def _folder() -> Path:
    folder = settings.KEYS_DIR
    return folder if isinstance(folder, Path) else Path(folder)


def forget_keys() -> None:
    """清掉内存里的钥匙（轮换之后或测试换目录时用）。"""
    _ring.cache_clear()
    _index_mac.cache_clear()
    _seal_macs.cache_clear()


def sign_key() -> bytes:
    """本机签名用的 32 字节种子（Ed25519）；第一次用到时生成。"""
    return keys.load_or_create(_folder() / "sign.key", 32)


def row_seal(content: bytes) -> bytes:
    """一行内容的行印：1 字节钥匙编号 ‖ HMAC-SM3 的前 16 字节。用编号最大的一把。"""
    macs = _seal_macs(_folder())
    number = next(reversed(macs))
    return bytes([number]) + _sealed(macs[number], content)


def row_seal_fits(content: bytes, seal: bytes) -> bool:
    """行印是不是这段内容的。轮换之前的用它写明的那一把核；那一把不在钥匙目录里 → SecretError。"""
    if len(seal) != 1 + MARK_SIZE:
        return False
    mac = _seal_macs(_folder()).get(seal[0])
    if mac is None:
        raise SecretError(f"找不到 {seal[0]} 号行印钥匙，核不了。请把原来的钥匙文件放回钥匙目录后重启")
    return bytes_eq(_sealed(mac, content), seal[1:])


def _sealed(mac: hmac.HMAC, content: bytes) -> bytes:
    work = mac.copy()
    work.update(content)
    return work.finalize()[:MARK_SIZE]


def encrypt(text: str) -> bytes:
    """加密一段文字。空字符串原样存成空字节（“没有填”不是秘密，便于筛选）。"""
    return encrypt_many([text])[0]


def encrypt_many(texts: Iterable[str]) -> list[bytes]:
    """成批加密，次序与输入相同；只取一次随机数和钥匙，供批量导入用。"""
    return _encrypt([text.encode() for text in texts])


def encrypt_bytes(data: bytes) -> bytes:
    """加密一个文件的内容；`decrypt_bytes` 解开。"""
    return _encrypt([data])[0]


def _encrypt(values: Sequence[bytes]) -> list[bytes]:
    ring = _ring(_folder())
    number = max(ring)
    head = bytes([number])
    algorithm = algorithms.SM4(ring[number])
    pool = os.urandom(NONCE_SIZE * len(values))
    sealed: list[bytes] = []
    for position, value in enumerate(values):
        if not value:
            sealed.append(b"")
            continue
        nonce = pool[position * NONCE_SIZE : (position + 1) * NONCE_SIZE]
        work = Cipher(algorithm, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(head)
        body = work.update(value) + work.finalize()
        sealed.append(head + nonce + body + work.tag)
    return sealed


def decrypt(data: bytes) -> str:
    """解密 `encrypt` 的结果。出错：钥匙不对或内容被改动 → SecretError。"""
    try:
        return decrypt_bytes(data).decode()
    except UnicodeDecodeError as error:
        raise SecretError(_BROKEN) from error


def decrypt_bytes(data: bytes) -> bytes:
    """解密 `encrypt_bytes` 的结果。出错：钥匙不对或内容被改动 → SecretError。"""
    raw = bytes(data)
    if not raw:
        return b""
    if len(raw) < HEADER_SIZE + TAG_SIZE:
        raise SecretError("密文不完整，读不出来。请从备份恢复这一条")
    key = _ring(_folder()).get(raw[0])
    if key is None:
        raise SecretError(f"找不到 {raw[0]} 号数据钥匙，读不出来。请把原来的钥匙文件放回钥匙目录后重启")
    work = Cipher(algorithms.SM4(key), modes.GCM(raw[1:HEADER_SIZE], raw[-TAG_SIZE:])).decryptor()
    work.authenticate_additional_data(raw[:1])
    try:
        return work.update(raw[HEADER_SIZE:-TAG_SIZE]) + work.finalize()
    except InvalidTag as error:
        raise SecretError(_BROKEN) from error


def normalise(value: str) -> str:
    """比对用的统一写法：全角变半角，去掉空白和连接号，字母大写。"""
    text = unicodedata.normalize("NFKC", value)
    return re.sub(r"[\s\-‐-―−_]+", "", text).upper()


def normalise_phone(value: str) -> str:
    """电话的统一写法：在 `normalise` 之上去掉中国的国际区号（+86、0086）。"""
    return re.sub(r"^(?:\+|00)86(?=\d{7,})", "", normalise(value))


def normalise_login(value: str) -> str:
    """登录名的统一写法：半角、去空白、小写。"""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", value)).lower()


def _canonical(kind: str, value: str) -> str:
    return normalise_phone(value) if kind == "phone" else normalise(value)


def _mac(kind: str, part: str, value: str) -> str:
    mac = _index_mac(_folder()).copy()
    mac.update(f"{kind}\0{part}\0{value}".encode())
    return mac.finalize().hex()


def blind_index(kind: str, value: str) -> str:
    """整个值的盲索引（64 位十六进制）；没有值时为空串。`kind`:`id` 证件号、`phone` 电话，或调用者自定。

    不同 `kind` 的同一个值，索引不同；没有 `index.key` 的人无法由索引反推或试出原值。
    """
    text = _canonical(kind, value)
    return _mac(kind, "whole", text) if text else ""


def tail_index(kind: str, value: str) -> str:
    """后四位的盲索引；`value` 可以是整个值，也可以只是后四位。不足四位时为空串。

    后四位只有一万种，拿到数据库的人能做频率统计；所以只用于在自己的办理范围内缩小查找。
    """
    text = _canonical(kind, value)
    return _mac(kind, "tail", text[-TAIL_LENGTH:]) if len(text) >= TAIL_LENGTH else ""


def _mask(text: str, head: int, tail: int) -> str:
    if len(text) < head + tail + 2:
        head, tail = 0, min(2, len(text) // 3)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]


def mask_all(value: str) -> str:
    """全部遮住，连长短也看不出；没有值时为空串。"""
    return "******" if value else ""


def mask_id(value: str) -> str:
    """证件号：留前三后四，中间（含出生日期）遮住。"""
    return _mask(value, 3, 4)


def mask_phone(value: str) -> str:
    """电话：留前三后四。"""
    return _mask(value, 3, 4)


def mask_name(value: str) -> str:
    """姓名：只留第一个字。"""
    return value[:1] + "*" * (len(value) - 1) if len(value) > 1 else value
