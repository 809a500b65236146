"""材料：收什么、不收什么、断电怎样、给公众的副本带不带附加信息。"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image

from jiezhi.base.casework import files, photos, sniffing
from jiezhi.base.casework.files import FileRefused
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.testing import START
from jiezhi.base.casework.tests.lives import photo_bytes
from jiezhi.core.evidence import sm3_hex

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def store(data: bytes, name: str = "材料.jpg", kind: files.Kind = "any") -> EvidenceFile:
    return files.store(io.BytesIO(data), name, kind=kind, acting_officer=None, now=START)


def refused(data: bytes, name: str = "材料.jpg", kind: files.Kind = "any") -> str:
    with pytest.raises(FileRefused) as error:
        store(data, name, kind)
    assert EvidenceFile.objects.count() == 0
    return str(error.value)


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def boxed(brand: bytes) -> bytes:
    return struct.pack(">I4s4sI", 24, b"ftyp", brand, 0) + b"isommp42" + b"\0" * 40


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


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_truncated_picture_is_refused(format: str, keep: float) -> None:
    noise = Image.effect_noise((200, 150), 80).convert("RGB")
    stream = io.BytesIO()
    noise.save(stream, format)
    data = stream.getvalue()
    assert "打不开" in refused(data[: int(len(data) * keep)], "现场.jpg", "photo")


def test_damaged_png_is_refused() -> None:
    data = bytearray(photo_bytes(format="PNG", size=(300, 300)))
    data[len(data) // 2] ^= 0x55
    assert "打不开" in refused(bytes(data), "图.png")


def bomb(width: int, height: int) -> bytes:
    """几百字节、自称极大的 PNG。"""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", body) + part(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(10_000, 6_001), (50_000, 50_000), (2**31 - 1, 2**31 - 1), (60_000_001, 1)]
)
def test_decompression_bomb_is_refused_before_decoding(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("不该解码")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    assert "00 万像素" in refused(bomb(width, height), "图.png")


def test_pictures_that_must_be_opened_whole_have_a_lower_limit(settings: Any) -> None:
    """一张几百 KB 的 PNG 解开就是几百 MB；普通 JPEG 缩着解，不在此列。逐步显示的 JPEG 要留住全部系数，也算整幅。"""
    assert settings.EVIDENCE_MAX_WHOLE_PIXELS == 16_000_000
    said = refused(bomb(4001, 4000), "图.png")
    assert "1600 万像素" in said and "存成普通的 JPG" in said
    settings.EVIDENCE_MAX_WHOLE_PIXELS = 299 * 300
    for kind in ("PNG", "WEBP", "GIF"):
        assert "存成普通的 JPG" in refused(photo_bytes(format=kind, size=(300, 300)))
    stream = io.BytesIO()
    Image.new("RGB", (300, 300)).save(stream, "JPEG", progressive=True)
    assert "存成普通的 JPG" in refused(stream.getvalue())
    assert store(photo_bytes(size=(300, 300))).width == 300


def test_one_large_picture_is_opened_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "LARGE", 100 * 100)
    monkeypatch.setattr(photos, "WAIT_SECONDS", 0.05)
    large, jpeg = (photo_bytes(format=kind, size=(300, 300)) for kind in ("PNG", "JPEG"))
    with photos._decoding:
        assert "过几分钟再传" in refused(large, "图.png")
        assert store(jpeg).width == 300, "普通 JPEG 不排队"
        assert store(photo_bytes(format="PNG", size=(100, 100)), "图.png").width == 100, "小的不排队"
    row = store(large, "图.png")
    with photos._decoding, pytest.raises(FileRefused):
        files.thumbnail(row)
    assert files.thumbnail(row) and not photos._decoding.locked()


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


def with_exif(**tags: object) -> bytes:
    """横拍的小图：左半红、右半蓝，带方向、时间、经纬度、注释。"""
    image = Image.new("RGB", (40, 20), "red")
    image.paste("blue", (20, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = tags.get("orientation", 1)
    exif[0x010F] = "某某手机"
    main = exif.get_ifd(0x8769)
    main[0x9003] = tags.get("taken", "2026:08:03 09:30:15")
    if "offset" in tags:
        main[0x9011] = tags["offset"]
    gps = exif.get_ifd(0x8825)
    gps.update(tags.get("gps", {1: "N", 2: (22.0, 32.0, 24.0), 3: "E", 4: (114.0, 3.0, 0.0)}))  # type: ignore[call-overload]
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95, exif=exif, comment=b"secret-comment")
    return stream.getvalue()


def test_exif_is_read_into_the_row() -> None:
    row = store(with_exif(orientation=6))
    assert row.taken_at is not None and row.taken_at.isoformat() == "2026-08-03T09:30:15+08:00"
    assert (row.lon, row.lat) == (114.05, 22.54)
    assert (row.width, row.height) == (20, 40)  # 竖着拍的


def test_camera_time_zone_is_respected() -> None:
    row = store(with_exif(offset="+09:00"))
    assert row.taken_at is not None and row.taken_at.isoformat() == "2026-08-03T09:30:15+09:00"


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (99.0, 0.0, 0.0), 3: "E", 4: (114.0, 0.0, 0.0)},
        {1: "N", 2: (22.0,), 3: "E", 4: (114.0, 3.0, 0.0)},
    ],
)
def test_unusable_position_is_left_out(gps: dict[int, object]) -> None:
    row = store(with_exif(gps=gps, taken="0000:00:00 00:00:00"))
    assert (row.lon, row.lat, row.taken_at) == (None, None, None)


def test_southern_and_western_positions_are_negative() -> None:
    row = store(with_exif(gps={1: "S", 2: (33.0, 0.0, 0.0), 3: "W", 4: (70.0, 30.0, 0.0)}))
    assert (row.lon, row.lat) == (-70.5, -33.0)


@pytest.mark.parametrize("make", [files.public_copy, files.thumbnail])
def test_public_copies_hold_pixels_only(make: object) -> None:
    data = with_exif(orientation=6)
    assert b"secret-comment" in data
    copy = make(store(data))  # type: ignore[operator]
    with Image.open(io.BytesIO(copy)) as image:
        assert image.size == (20, 40) and not image.getexif() and "comment" not in image.info
        top, bottom = image.convert("RGB").getpixel((10, 5)), image.convert("RGB").getpixel((10, 35))
    assert top[0] > 200 and bottom[2] > 200  # 摆正后红在上、蓝在下
    assert b"Exif" not in copy and b"secret" not in copy and "某某手机".encode() not in copy
    assert files.path_of(sm3_hex(data)).read_bytes() == data  # 原件没有动


def test_public_copies_shrink_but_never_grow() -> None:
    big = store(photo_bytes(size=(3000, 1000)))
    small = store(photo_bytes("blue", size=(100, 50)))
    sizes = []
    for copy in (files.public_copy(big), files.thumbnail(big), files.public_copy(small)):
        with Image.open(io.BytesIO(copy)) as image:
            sizes.append(image.size)
    assert sizes == [(1600, 533), (320, 107), (100, 50)]


def test_transparent_picture_gets_a_white_ground() -> None:
    stream = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(stream, "PNG")
    copy = files.public_copy(store(stream.getvalue(), "图.png"))
    with Image.open(io.BytesIO(copy)) as image:
        assert min(image.getpixel((5, 5))) > 250


def test_only_photos_have_public_copies() -> None:
    with pytest.raises(FileRefused, match="只有照片"):
        files.public_copy(store(b"%PDF-1.4 x", "a.pdf"))


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
