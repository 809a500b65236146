"""签名：同一个接口，现在用 Ed25519；国密 SM2 由经认证的密码设备经同一接口接入。"""

from __future__ import annotations

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jiezhi.core.evidence.digest import sm3

ED25519 = "Ed25519"
ALGORITHMS: frozenset[str] = frozenset({ED25519})


class Signer(Protocol):
    """Whatever can sign for the office: a key in memory, a password device, a signing service."""

    @property
    def algorithm(self) -> str: ...
    @property
    def public_key(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


class Ed25519Signer:
    """Ed25519 (RFC 8032) with the private key in memory."""

    algorithm = ED25519

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key: bytes = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @classmethod
    def from_seed(cls, seed: bytes) -> Ed25519Signer:
        """From the 32 secret bytes; ValueError when there are not exactly 32."""
        if len(seed) != 32:
            raise ValueError("Ed25519 的种子应为32字节")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """Signature over the message: 64 bytes."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"Ed25519Signer({fingerprint(self.public_key)})"  # never the key itself


def verify_signature(algorithm: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is good. False too for an unknown algorithm or malformed key; never raises."""
    if algorithm != ED25519 or len(public_key) != 32 or len(signature) != 64:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public_key: bytes) -> str:
    """公钥指纹：24位数字，四位一组，便于在电话里逐组念读核对，例如 0512-7730-…（约80比特）。"""
    digits = f"{int.from_bytes(sm3(public_key)[:16], 'big') % 10**24:024d}"
    return "-".join(digits[i : i + 4] for i in range(0, 24, 4))
