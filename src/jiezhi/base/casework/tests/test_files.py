"""材料：收什么、不收什么，存成什么样。"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from jiezhi.base.casework import files, sniffing
from jiezhi.base.casework.files import FileRefused
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.testing import START
from jiezhi.base.casework.tests.lives import photo_bytes
from jiezhi.base.casework.tests.storing import boxed, left, refused, store
from jiezhi.core.evidence import sm3_hex

pytestmark = pytest.mark.django_db


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


def test_stored_by_content_and_read_only(folder: Path) -> None:
    data = photo_bytes()
    row = store(data, "现场.jpg", "photo")
    digest = sm3_hex(data)
    assert (row.pk, row.size, row.kind, row.mime) == (digest, len(data), "photo", "image/jpeg")
    assert (row.width, row.height, row.name) == (40, 30, "现场.jpg")
    assert left(folder) == [f"{digest[:2]}/{digest}"]
    assert files.path_of(digest).read_bytes() == data
    assert files.path_of(digest).stat().st_mode & 0o222 == 0
    with files.open_file(row) as stream:
        assert stream.read() == data


def test_same_content_twice_is_one(folder: Path) -> None:
    first = store(photo_bytes(), "甲.jpg")
    inode = files.path_of(first.pk).stat().st_ino
    second = store(photo_bytes(), "乙.jpg")
    # 前一份没有用过，就算后来这个人传的。
    assert (second.pk, second.name) == (first.pk, "乙.jpg")
    assert files.path_of(first.pk).stat().st_ino == inode and len(left(folder)) == 1


def test_damaged_original_is_mended_by_the_same_content() -> None:
    row = store(photo_bytes())
    path = files.path_of(row.pk)
    path.chmod(0o600)
    path.write_bytes(b"x" * row.size)
    assert files.audit().altered == (row.pk,)
    store(photo_bytes())
    assert files.audit() == files.Audit((), (), ())


class Endless(io.RawIOBase):
    """没有尽头的上传；记下被读走了多少。"""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0
        self.taken += size
        return b"\xff" * size


def test_too_big_stops_early_and_leaves_nothing(folder: Path, settings: object) -> None:
    settings.EVIDENCE_MAX_BYTES = 1024 * 1024  # type: ignore[attr-defined]
    upload = Endless()
    with pytest.raises(FileRefused, match="超过 1 MB"):
        files.store(upload, "大.mp4", kind="any", acting_officer=None, now=START)  # type: ignore[arg-type]
    assert upload.taken <= 1024 * 1024 + files.CHUNK
    assert left(folder) == []


def test_exactly_the_limit_is_taken(settings: object) -> None:
    data = b"%PDF-" + b"\0" * 995
    settings.EVIDENCE_MAX_BYTES = len(data)  # type: ignore[attr-defined]
    assert store(data, "文件.pdf").kind == "document"


@pytest.mark.parametrize(
    ("data", "name", "kind", "stored"),
    [
        (photo_bytes(format="PNG"), "a.png", "photo", "a.png"),
        (photo_bytes(format="GIF"), "a.gif", "photo", "a.gif"),
        (photo_bytes(format="WEBP"), "a.webp", "photo", "a.webp"),
        (photo_bytes(format="PNG"), "其实是png.jpg", "photo", "其实是png.png"),
        (boxed(b"isom"), "v.mp4", "video", "v.mp4"),
        (boxed(b"qt  "), "v.MOV", "video", "v.MOV"),
        (boxed(b"M4A "), "r.m4a", "audio", "r.m4a"),
        (b"\xff\xfb\x90\x00" + b"\0" * 50, "r.mp3", "audio", "r.mp3"),
        (b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 20, "r.wav", "audio", "r.wav"),
        (b"#!AMR\n" + b"\0" * 20, "r.amr", "audio", "r.amr"),
        (b"\xff\xf1\x50\x80" + b"\0" * 20, "r.aac", "audio", "r.aac"),
        (b"%PDF-1.7\n...", "关于2026.8.3巡查的报告", "document", "关于2026.8.3巡查的报告.pdf"),
        (zipped("[Content_Types].xml", "word/document.xml"), "报告.docx", "document", "报告.docx"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "表.xlsx", "document", "表.xlsx"),
        (OLE + utf16("WordDocument"), "通知.wps", "document", "通知.wps"),
        (OLE + utf16("Workbook"), "台账.xls", "document", "台账.xls"),
        ("姓名，电话\n".encode("gb18030"), "名单.csv", "document", "名单.csv"),
        ("第一行\n第二行".encode(), "说明.txt", "document", "说明.txt"),
    ],
)
def test_kind_comes_from_content(data: bytes, name: str, kind: str, stored: str) -> None:
    row = store(data, name)
    assert (row.kind, row.name) == (kind, stored)


@pytest.mark.parametrize(
    ("data", "name", "word"),
    [
        (b"", "空.jpg", "空的"),
        (b"MZ\x90\0" + b"\0" * 99, "照片.jpg", "程序"),
        (b"\x7fELF" + b"\0" * 99, "照片.jpg", "程序"),
        (b"#!/bin/sh\nrm -rf /\n", "说明.txt", "程序"),
        (b"<html><body>hi</body></html>", "说明.txt", "网页"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><p>", "说明.txt", "网页"),
        ('<svg xmlns="x" onload="1">'.encode("utf-16"), "图.txt", "网页"),
        (b"hello <ScRiPt>alert(1)</script>", "a.csv", "网页"),
        (b"<?php echo 1;", "a.txt", "网页"),
        (photo_bytes(), "照片.jpg.exe", "程序"),
        (photo_bytes(), "照片.php.jpg", "脚本"),
        (photo_bytes(), "照片.js", "脚本"),
        (photo_bytes(), "a.BAT", "脚本"),
        (photo_bytes(), "a.sh. ", "脚本"),
        (photo_bytes(), "照片\u202egpj.exe", "脚本"),
        (photo_bytes(), "照片.e\u200bxe", "脚本"),
        (zipped("a.txt"), "材料.zip", "压缩包"),
        (zipped("a.txt"), "材料.docx", "压缩包"),
        (b"Rar!\x1a\x07" + b"\0" * 40, "材料.doc", "压缩包"),
        (zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "报告.docx", "宏"),
        (OLE + utf16("Workbook") + utf16("_VBA_PROJECT"), "台账.xls", "宏"),
        (OLE + utf16("SomethingElse"), "安装.doc", "认不出"),
        (b"\x00\x01\x02\x03" * 20, "说明.txt", "认不出"),
        ("普通文字".encode(), "文件.dat", "认不出"),
        (boxed(b"heic"), "IMG_1.heic", "JPG"),
        (boxed(b"zzzz"), "v.mp4", "认不出"),
    ],
)
def test_refused_with_a_reason(data: bytes, name: str, word: str, folder: Path) -> None:
    assert word in refused(data, name)
    assert left(folder) == []


def test_a_wanted_photo_must_be_a_photo() -> None:
    assert "这里要交照片，收到的是文档" in refused(b"%PDF-1.4", "照片.jpg", "photo")
    assert "这里要交文档，收到的是照片" in refused(photo_bytes(), "报告.pdf", "document")


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\张三\\现场.jpg", "现场.jpg"),
        ("a\x00b\n\tc.jpg", "abc.jpg"),
        ("\u202e现\u200f场\ufeff.jpg", "现场.jpg"),
        ("...", "未命名"),
        ("", "未命名"),
        ("CON.jpg", "_CON.jpg"),
        ('a<b>:"|?*.jpg', "a_b______.jpg"),
        ("长" * 200 + ".jpg", "长" * 116 + ".jpg"),
        ("\ud800坏.jpg", "_坏.jpg"),
    ],
)
def test_names_are_made_harmless(given_name: str, kept: str) -> None:
    assert sniffing.clean_name(given_name) == kept


@examples(deadline=None)
@given(st.text(max_size=300))
def test_any_name_becomes_a_plain_file_name(name: str) -> None:
    cleaned = sniffing.clean_name(name)
    assert 1 <= len(cleaned) <= sniffing.MAX_NAME
    assert not set(cleaned) & set('/\\\0<>:"|?*\n\u202e') and cleaned.isprintable()
    assert not cleaned.startswith(".") and sniffing.clean_name(cleaned) == cleaned


@examples(deadline=None, max_examples=60)
@given(st.binary(max_size=400))
def test_any_bytes_are_taken_or_refused_in_chinese(data: bytes) -> None:
    for head in (b"", b"PK\x03\x04", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBP", OLE[:8]):
        try:
            store(head + data, "材料.txt")
        except FileRefused as error:
            assert any("\u4e00" <= char <= "\u9fff" for char in str(error))


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 63 + "/"])
def test_path_only_for_real_digests(digest: str) -> None:
    with pytest.raises(ValueError, match="摘要"):
        files.path_of(digest)


def test_scans_are_photos_or_papers() -> None:
    assert store(photo_bytes("red"), "拍的.jpg", "scan").kind == "photo"
    assert store(b"%PDF-1.4 x", "扫的.pdf", "scan").kind == "document"
    EvidenceFile.objects.all().delete()
    assert refused(boxed(b"isom"), "录的.mp4", "scan").startswith(
        "这里要交扫描件（PDF 或图片），收到的是视频"
    )


def test_only_where_recordings_belong_is_the_limit_higher(settings: Any) -> None:
    settings.EVIDENCE_MAX_BYTES, settings.EVIDENCE_MAX_RECORDING_BYTES = 100, 1000
    recording = boxed(b"isom")
    assert [files.size_limit(recording, kind) for kind in ("any", "video", "scan", "photo")] == [
        1000, 1000, 100, 100,
    ]  # fmt: skip
    assert files.size_limit(photo_bytes("red")) == 100
