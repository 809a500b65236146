"""推送的签名，照 Standard Webhooks：头里带 id、时间戳、签名，签的是“id.时间戳.正文”。

签名 = HMAC-SHA256，写作 `v1,` 加 base64；换密钥期间新旧两把各签一个，用空格隔开。密钥写作 `whsec_` 加 base64。
接收方应核对签名、时间戳（差五分钟以上的不认），并凭 id 认出重复。
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
SIZE = 32


def new_secret() -> str:
    """新的密钥。"""
    return PREFIX + base64.b64encode(secrets.token_bytes(SIZE)).decode()


def is_secret(text: str) -> bool:
    """是不是密钥的写法：24 到 64 字节。"""
    try:
        return text.startswith(PREFIX) and 24 <= len(_key(text)) <= 64
    except (ValueError, binascii.Error):
        return False


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def sign(secret: str, message: str, at: int, body: bytes) -> str:
    """一个签名。`at` 是自 1970 年起的秒数。"""
    signed = f"{message}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def headers(secrets_now: Iterable[str], message: str, at: datetime, body: bytes) -> dict[str, str]:
    """一次推送的头；`secrets_now` 是现在有效的密钥（换密钥期间两把）。"""
    seconds = int(at.timestamp())
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(sign(one, message, seconds, body) for one in secrets_now),
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Jiezhi-Webhooks/1",
    }
