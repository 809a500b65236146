"""案卷包里有什么、叫什么名字、多大算太大；签名文件的写法。写包和验包都照这里。"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jiezhi.core.evidence.canonical import Json, decode_canonical, encode
from jiezhi.core.evidence.digest import is_hex
from jiezhi.core.evidence.instants import from_iso

MANIFEST = "manifest.json"
CASE = "case.json"
EVENTS = "events.jsonl"
OPENINGS = "openings.json"
DEFINITION = "definition.json"
CHECKPOINT = "checkpoint.json"
README = "说明.txt"
FILES = "files/"

REQUIRED = (CASE, DEFINITION, EVENTS, MANIFEST, OPENINGS, README)
TEXTS = frozenset({*REQUIRED, CHECKPOINT})
_FILE_NAME = re.compile(r"files/[0-9a-f]{64}\Z")

SIGNATURE_SUFFIX = ".sig"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds when writing and reading a package (bytes, except members). No ZIP64 is ever needed."""

    package: int = 2 << 30
    directory: int = 4 << 20  # the zip's table of contents, read before anything else is known
    members: int = 20_000
    inflated: int = 4 << 30
    text: int = 32 << 20  # any one member that is read into memory
    signature: int = 64 << 10


LIMITS = Limits()


def known_name(name: str) -> bool:
    """Whether a package may hold a member of this name."""
    return name in TEXTS or _FILE_NAME.match(name) is not None


def unsafe_name(name: str) -> bool:
    """Whether unpacking this name could write outside the target folder, or mislead the eye."""
    parts = name.split("/")
    return (
        not name
        or name.startswith("/")
        or ".." in parts
        or "\\" in name
        or re.match(r"[A-Za-z]:", name) is not None
        or not name.isprintable()
    )


_SIGNED_TEXTS = ("file", "sm3", "at", "office", "algorithm", "public_key")


@dataclass(frozen=True, slots=True)
class PackageSignature:
    """The content of X.zip.sig. Hexadecimal is lower-case; `at` is ISO 8601 text."""

    file: str
    sm3: str
    size: int
    at: str
    office: str
    algorithm: str
    public_key: str
    signature: str

    def signed_bytes(self) -> bytes:
        """What the signature covers: canonical JSON of every other key."""
        content = self._content()
        del content["signature"]
        return encode(content)

    def to_json(self) -> bytes:
        """The exact bytes of the signature file."""
        return encode(self._content())

    def _content(self) -> dict[str, Json]:
        return {
            "v": VERSION,
            "file": self.file,
            "sm3": self.sm3,
            "size": self.size,
            "at": self.at,
            "office": self.office,
            "algorithm": self.algorithm,
            "public_key": self.public_key,
            "signature": self.signature,
        }

    @classmethod
    def from_json(cls, data: bytes) -> PackageSignature:
        """Strict reverse of `to_json`: one changed byte gives ValueError or another content."""
        value = decode_canonical(data)
        if type(value) is not dict or set(value) != {"v", *_SIGNED_TEXTS, "size", "signature"}:
            raise ValueError("签名文件的项目不对")
        if type(value["v"]) is not int or value["v"] != VERSION:
            raise ValueError("签名文件的版本不认识")
        texts: dict[str, str] = {}
        for name in (*_SIGNED_TEXTS, "signature"):
            text = value[name]
            if type(text) is not str:
                raise ValueError("签名文件有的项目不是文字")
            texts[name] = text
        size = value["size"]
        if type(size) is not int or size < 0 or not is_hex(texts["sm3"]):
            raise ValueError("签名文件的大小或摘要写法不对")
        for name in ("public_key", "signature"):
            # Upper-case digits would decode to the same bytes: a change the signature can't see.
            if not texts[name] or not is_hex(texts[name], len(texts[name]) // 2):
                raise ValueError("签名文件的公钥或签名写法不对")
        from_iso(texts["at"])
        return cls(size=size, **texts)


def readme_text(
    header: Mapping[str, Json], events: int, files: int, office: str, made: str, mark: str
) -> str:
    """说明.txt for a lay reader. made: when, in words; mark: fingerprint of the signing key."""
    title, uid = header.get("title"), header.get("uid")
    named = f"{title}({uid})" if isinstance(title, str) and title else str(uid)
    return f"""这是什么
  {office}于{made}导出的一份案卷包。
  所载的件：{named}。办理记录{events}条，附件{files}个。

怎么核验（不需要联网，也不需要登录导出单位的系统）
  1. 把本压缩包和同名的“.sig”签名文件放在同一个文件夹，不要解压、不要改动。
  2. 在装有“街治”的电脑上运行：jiezhi verify 压缩包文件名
  3. 向导出单位用电话或当面核对下面这串公钥指纹。指纹一致，才说明确是该单位签的：
       {mark}
  核验会逐条指出：哪一条办理记录、哪一栏内容、哪一个附件被改动、被抽走或是后加的。

包里有什么
  case.json        件的概况
  events.jsonl     全部办理记录，一行一条，后一条含前一条的摘要
  openings.json    各条记录所填的内容；依法清除的内容只留摘要，并注明由哪条记录清除
  definition.json  办理时适用的业务模板
  files 文件夹     附件原件，以各自的摘要命名，原名见办理记录
  checkpoint.json  存证点及凭据（有的包没有）
  manifest.json    以上各文件的清单、大小和摘要

能说明什么，不能说明什么
  能说明：自导出签名以来，包里任何一个字节都没有变过；办理记录前后相接，没有中途改动、抽走或添入。
  不能说明：导出以前，导出单位自己没有从头重写过这些记录。有存证点的，存证点之前的记录可以对照
  单位以外保存的存证点打印件来排除这种可能；存证点之后的记录不能。
  也不能说明记录的事情本身是真的，只说明它当时是这样记的。
"""
