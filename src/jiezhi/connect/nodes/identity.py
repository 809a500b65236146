"""本机是哪个节点：代码在设置 NODE（JIEZHI_NODE），签名用本机的 sign.key。"""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings

from jiezhi.base.accounts import secrets
from jiezhi.core.evidence import Ed25519Signer, fingerprint
from jiezhi.core.evidence.digest import is_hex
from jiezhi.core.parcels.format import is_code


class NoIdentity(Exception):
    """还没有写明本机是哪个节点。"""


@dataclass(frozen=True, slots=True)
class Card:
    """节点名片：交给对方登记用的代码、名称、公钥。"""

    code: str
    name: str
    public_key: str

    @property
    def fingerprint(self) -> str:
        """公钥指纹：电话里逐组核对。"""
        return fingerprint(bytes.fromhex(self.public_key))

    def to_text(self) -> str:
        """存成文件的样子。"""
        items = {"node": self.code, "name": self.name, "public_key": self.public_key}
        return json.dumps(items, ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Card:
        """读名片；不成样 → ValueError。"""
        try:
            items = json.loads(text)
            code, name, key = items["node"], items["name"], items["public_key"]
        except (ValueError, KeyError, TypeError):
            raise ValueError("不是节点名片，请对方用 jiezhi nodes card 重新写一份") from None
        if not is_code(code) or not is_hex(key) or not isinstance(name, str):
            raise ValueError("节点名片的写法不对，请对方用 jiezhi nodes card 重新写一份")
        return cls(code, name[:60], key)


def me() -> str:
    """本机的节点代码；没有写明 → NoIdentity。"""
    code = str(settings.NODE)
    if not is_code(code):
        raise NoIdentity(
            "还没有写明本机是哪个节点：请设置 JIEZHI_NODE（2 到 40 位小写字母、数字、短横，如 yunqiao-nei）再重启"
        )
    return code


def signer() -> Ed25519Signer:
    """本机的签名。"""
    return Ed25519Signer.from_seed(secrets.sign_key())


def card() -> Card:
    """本机的名片。"""
    return Card(me(), str(settings.OFFICE_NAME), signer().public_key.hex())
