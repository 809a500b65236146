"""加盐摘要与开示：办理记录里只存摘要，原值和盐另存；原值连同盐销毁后，摘要不再能用来猜原值，链仍可核验。

Without the salt an identity number could be found from its digest by trying them all; with 16 random bytes,
destroyed together with the value, it can't.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from jiezhi.core.evidence.canonical import Json, encode
from jiezhi.core.evidence.digest import is_hex, sm3_hex

SALT_SIZE = 16


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a digest: the salt (32 hexadecimal digits) and the value."""

    salt_hex: str
    value: Json

    def to_json(self) -> dict[str, Json]:
        """{"salt": …, "value": …}, as stored and as written in a package."""
        return {"salt": self.salt_hex, "value": self.value}

    @classmethod
    def from_json(cls, data: Json) -> Opening:
        """Strict reverse of `to_json`; ValueError otherwise."""
        if type(data) is not dict or set(data) != {"salt", "value"}:
            raise ValueError("开示内容应只有盐和值两项")
        salt = data["salt"]
        if type(salt) is not str or not is_hex(salt, SALT_SIZE):
            raise ValueError("盐的写法不对")
        return cls(salt, data["value"])


def _digest(field: str, salt_hex: str, value: Json) -> str:
    return sm3_hex(encode([field, salt_hex, value]))


def seal(field: str, value: Json, salt: bytes | None = None) -> tuple[str, Opening]:
    """Digest (64 hexadecimal digits) and opening of a field's value: SM3(canonical([field, salt, value])).

    The salt is 16 fresh random bytes unless given. Raises ValueError for a salt of another length, and
    TypeError/ValueError for a value canonical bytes can't hold.
    """
    salt = secrets.token_bytes(SALT_SIZE) if salt is None else salt
    if len(salt) != SALT_SIZE:
        raise ValueError("盐应为16字节")
    opening = Opening(salt.hex(), value)
    return _digest(field, opening.salt_hex, value), opening


def check(field: str, opening: Opening, digest: str) -> bool:
    """Whether the opening gives this digest. A malformed opening is simply False; never raises."""
    if not is_hex(opening.salt_hex, SALT_SIZE):
        return False
    try:
        return _digest(field, opening.salt_hex, opening.value) == digest
    except (TypeError, ValueError):
        return False
