"""文书的短号和核验码：二维码里的 `JZ1.<短号>.<核验码>`，不含个人信息；核验码带本机钥匙，外面造不出。"""

from __future__ import annotations

import hmac
import re
import secrets as random
from dataclasses import dataclass

from jiezhi.base.accounts import secrets

# 去掉 0/O、1/I/L、U：念得清、不会抄错；都在二维码的字母数字方式里，码就小。
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
SHORT, CODE = 8, 10
_TEXT = re.compile(r"JZ1\.([0-9A-Z]{8})\.([0-9A-Z]{10})(?:\.([1-9][0-9]{0,3}))?")


@dataclass(frozen=True, slots=True)
class Mark:
    """二维码里的内容。`page` 是第几页，没有写为 None。"""

    short: str
    code: str
    page: int | None = None

    @property
    def genuine(self) -> bool:
        """核验码是不是本机发出的。"""
        return hmac.compare_digest(self.code, code_of(self.short, self.page))


def new_short() -> str:
    """新的文书短号：随机，看不出第几份。"""
    return "".join(random.choice(_ALPHABET) for _ in range(SHORT))


def code_of(short: str, page: int | None = None) -> str:
    """短号的核验码；写了页号的二维码，页号也算在里面，改不了。"""
    number = int(secrets.blind_index("document", f"{short}.{page}" if page else short), 16)
    text = ""
    for _ in range(CODE):
        number, digit = divmod(number, len(_ALPHABET))
        text += _ALPHABET[digit]
    return text


def text_of(short: str, page: int | None = None) -> str:
    """二维码的内容。"""
    return f"JZ1.{short}.{code_of(short, page)}" + (f".{page}" if page else "")


def parse(text: str) -> Mark | None:
    """认二维码的内容；不是本平台文书的为 None（不管真伪）。"""
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        return None
    return Mark(found[1], found[2], int(found[3]) if found[3] else None)
