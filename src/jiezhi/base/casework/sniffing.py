"""材料是什么、叫什么：只看内容认种类，不信文件名；名字只用来拦危险的。"""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_NAME = 120
HEAD = 4096
MAX_MEMBERS = 10_000  # 正常的 docx、xlsx 只有几十个部分
MAX_INDEX = 16 * 1024 * 1024  # 音像的索引（moov），几小时的也不过几兆
_TRACK = re.compile(rb"hdlr.{8}(vide|soun)", re.DOTALL)


class FileRefused(ValueError):
    """不收这份材料；文字可以直接给人看，说明怎么办。"""


@dataclass(frozen=True, slots=True)
class FileType:
    """认出的种类。`kind` 为 photo、video、audio、document;`pillow` 是解码器的名字。"""

    mime: str
    kind: str
    suffix: str
    pillow: str = ""


JPEG = FileType("image/jpeg", "photo", ".jpg", "JPEG")
PNG = FileType("image/png", "photo", ".png", "PNG")
GIF = FileType("image/gif", "photo", ".gif", "GIF")
WEBP = FileType("image/webp", "photo", ".webp", "WEBP")
HEIC = FileType("image/heic", "photo", ".heic", "HEIF")
MP4 = FileType("video/mp4", "video", ".mp4")
MOV = FileType("video/quicktime", "video", ".mov")
MP3 = FileType("audio/mpeg", "audio", ".mp3")
WAV = FileType("audio/wav", "audio", ".wav")
M4A = FileType("audio/mp4", "audio", ".m4a")
AAC = FileType("audio/aac", "audio", ".aac")
AMR = FileType("audio/amr", "audio", ".amr")
PDF = FileType("application/pdf", "document", ".pdf")
_OPENXML = "application/vnd.openxmlformats-officedocument."
DOCX = FileType(_OPENXML + "wordprocessingml.document", "document", ".docx")
XLSX = FileType(_OPENXML + "spreadsheetml.sheet", "document", ".xlsx")
DOC = FileType("application/msword", "document", ".doc")
XLS = FileType("application/vnd.ms-excel", "document", ".xls")
TXT = FileType("text/plain", "document", ".txt")
CSV = FileType("text/csv", "document", ".csv")

# 同一种内容常见的几个后缀都留着；别的后缀换成内容该有的那个。
_SUFFIXES = {
    JPEG: {".jpg", ".jpeg", ".jfif"}, HEIC: {".heic", ".heif"}, MP4: {".mp4", ".m4v", ".3gp"}, MOV: {".mov"},
    M4A: {".m4a", ".aac", ".3gp"}, DOC: {".doc", ".wps", ".dot"}, XLS: {".xls", ".et"}, TXT: {".txt", ".log", ".md"},
}  # fmt: skip

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_MP4_BRANDS = {
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4VH",
    b"MSNV", b"dash", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a", b"XAVC",
}  # fmt: skip

DANGEROUS = frozenset({
    "exe", "dll", "scr", "pif", "bat", "cmd", "msi", "msp", "ps1", "psm1", "vbs", "vbe", "js", "jse",
    "mjs", "cjs", "wsf", "wsh", "hta", "cpl", "jar", "class", "sh", "bash", "zsh", "ksh", "csh", "py",
    "pyc", "pyw", "rb", "pl", "php", "php3", "php4", "php5", "phtml", "phar", "asp", "aspx", "ashx",
    "asmx", "jsp", "jspx", "cgi", "htm", "html", "xhtml", "shtml", "mht", "mhtml", "svg", "svgz", "xml",
    "xsl", "xslt", "swf", "lnk", "url", "desktop", "reg", "inf", "apk", "ipa", "app", "dmg", "pkg",
    "deb", "rpm", "iso", "img", "vhd", "docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "ppam", "chm",
    "hlp", "sct", "scf", "gadget", "application", "appref-ms",
})  # fmt: skip
_DANGEROUS_LAST = DANGEROUS | {"com"}  # “com”在中间多半是网址

_MARKUP = re.compile(
    rb"<\s*(?:!doctype\s+(?:html|svg)|html|head|body|script|svg|iframe|object|embed|\?php|\?xml|%@)",
    re.IGNORECASE,
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_HIDDEN = {chr(code) for code in (0x061C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF)}
_HIDDEN |= {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)

ACCEPTED = "可以交的有：照片（JPG、PNG）、视频（MP4、MOV）、录音（MP3、WAV、M4A、AAC、AMR）、PDF、Word、Excel、WPS、文本"
KINDS = {"photo": "照片", "video": "视频", "audio": "录音", "document": "文档", "any": "材料"}


def clean_name(name: str) -> str:
    """文件名去掉路径、控制字符、改变书写方向的字符，不超过 120 字；空的叫“未命名”。"""
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    text = text.replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(c for c in text if c not in _HIDDEN and unicodedata.category(c)[0] != "C")
    text = re.sub(r'[<>:"|?*]', "_", text)
    text = re.sub(r"\s+", " ", text).strip(" .")
    if _RESERVED.match(text):
        text = "_" + text
    return _cut(text) or "未命名"


def _cut(text: str) -> str:
    if len(text) <= MAX_NAME:
        return text
    stem, dot, suffix = text.rpartition(".")
    if not dot or len(suffix) > 8:
        return text[:MAX_NAME]
    return stem[: MAX_NAME - len(suffix) - 1] + "." + suffix


def check_name(name: str) -> None:
    """网页、脚本、程序的名字（含“照片.jpg.exe”“a.php.jpg”这类双重后缀）不收。出错：FileRefused。"""
    parts = [part.strip().lower() for part in name.split(".")[1:]]
    if parts and (set(parts) & DANGEROUS or parts[-1] in _DANGEROUS_LAST):
        raise FileRefused(f"不收网页、脚本和程序（“{name}”）。{ACCEPTED}；确需提交请截图或存为 PDF")


def fitting_name(name: str, found: FileType) -> str:
    """名字的后缀与内容一致：不一致的换成内容该有的。"""
    stem, dot, suffix = name.rpartition(".")
    allowed = _SUFFIXES.get(found, {found.suffix})
    if dot and "." + suffix.lower() in allowed:
        return name
    known = dot and stem and re.fullmatch(r"[A-Za-z0-9]{1,5}", suffix) is not None
    return _cut((stem if known else name) + found.suffix)


def sniff(path: Path, name: str) -> FileType:
    """认出内容的种类。`name` 是清理过的名字，只用来分 txt 与 csv。出错：FileRefused。"""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
        found = _magic(head)
        if found is MP4 and _only_sound(stream, path.stat().st_size):
            return M4A
        if found is not None:
            return found
        if head[:4] == b"PK\x03\x04":
            return _office_zip(stream, path.stat().st_size)
        if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            stream.seek(0)
            return _office_ole(stream.read())
        _refuse_programs(head)
        stream.seek(0)
        return _text(stream.read(), name)


def is_recording(head: bytes) -> bool:
    """开头这些字节像不像录音、录像：它们的大小上限另定。"""
    found = _magic(head)
    return found is not None and found.kind in ("video", "audio")


def _only_sound(stream: BinaryIO, size: int) -> bool:
    """有声音而没有画面的 MP4：手机的录音机常用与录像相同的牌子，要看里面有几条什么轨。"""
    at = 0
    for _ in range(MAX_MEMBERS):
        stream.seek(at)
        header = stream.read(16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:
            length = size - at
        if len(kind) < 4 or length < 8 or at + length > size:
            return False
        if kind == b"moov":
            stream.seek(at)
            tracks = set(_TRACK.findall(stream.read(min(length, MAX_INDEX))))
            return tracks == {b"soun"}
        at += length
    return False


def _magic(head: bytes) -> FileType | None:
    if head[:3] == b"\xff\xd8\xff":
        return JPEG
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return PNG
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return GIF
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _boxed(head)
    if head[4:8] in (b"moov", b"wide", b"mdat", b"pnot") and int.from_bytes(head[:4], "big") != 0:
        return MOV
    if head[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return AAC
    if head[:3] == b"ID3" or head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"):
        return MP3
    if head[:6] == b"#!AMR\n" or head[:9] == b"#!AMR-WB\n":
        return AMR
    return PDF if head.lstrip(b"\xef\xbb\xbf\r\n \t")[:5] == b"%PDF-" else None


def _boxed(head: bytes) -> FileType | None:
    brand = head[8:12]
    if brand in _HEIC_BRANDS:
        return HEIC
    if brand == b"qt  ":
        return MOV
    if brand in (b"M4A ", b"M4B "):
        return M4A
    return MP4 if brand in _MP4_BRANDS else None


def _office_zip(stream: BinaryIO, size: int) -> FileType:
    stream.seek(max(0, size - 65557))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    # 先看目录自报有多少项，再交给 zipfile：它会把整个目录读进内存。
    if at < 0 or len(tail) - at < 22 or struct.unpack_from("<H", tail, at + 10)[0] > MAX_MEMBERS:
        raise FileRefused("文件不完整或不是正常的 Word、Excel 文件，请重新保存后再上传")
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise FileRefused("文件已损坏，打不开。请重新保存后再上传") from error
    if "[Content_Types].xml" in names:
        if any(item.lower().endswith("vbaproject.bin") for item in names):
            raise FileRefused("文件带有宏（小程序），不收。请另存为不带宏的文件或 PDF 再上传")
        if any(item.startswith("word/") for item in names):
            return DOCX
        if any(item.startswith("xl/") for item in names):
            return XLSX
    raise FileRefused(f"不收压缩包：看不到里面是什么。请解开后逐个上传。{ACCEPTED}")


def _office_ole(data: bytes) -> FileType:
    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if holds("_VBA_PROJECT"):
        raise FileRefused("文件带有宏（小程序），不收。请另存为不带宏的文件或 PDF 再上传")
    if holds("WordDocument"):
        return DOC
    if holds("Workbook") or holds("Book\0"):
        return XLS
    raise FileRefused(f"认不出这是什么文件。{ACCEPTED}")


def _refuse_programs(head: bytes) -> None:
    magic = (
        b"MZ",
        b"\x7fELF",
        b"\xca\xfe\xba\xbe",
        b"\xcf\xfa\xed\xfe",
        b"\xfe\xed\xfa",
        b"#!",
        b"dex\n",
        b"\0asm",
    )
    if head.startswith(magic):
        raise FileRefused(f"这是程序或脚本，不收。{ACCEPTED}")
    if head.startswith((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK")):
        raise FileRefused(f"不收压缩包：看不到里面是什么。请解开后逐个上传。{ACCEPTED}")


def _text(data: bytes, name: str) -> FileType:
    suffix = "." + name.rpartition(".")[2].lower() if "." in name else ""
    if _MARKUP.search(data) or _MARKUP.search(data.replace(b"\0", b"")):
        raise FileRefused(f"这是网页、矢量图或脚本，不收。请截图或存为 PDF 再上传。{ACCEPTED}")
    if suffix not in (".txt", ".csv", ".log", ".md") or not _readable(data):
        raise FileRefused(f"认不出这是什么文件，可能已损坏。{ACCEPTED}")
    return CSV if suffix == ".csv" else TXT


def _readable(data: bytes) -> bool:
    codecs = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for codec in codecs:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        return _CONTROLS.search(text) is None
    return False
