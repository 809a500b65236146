"""照片：坏的、大得出奇的不收；拍摄的时间和地点；给公众的副本不带附加信息。"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from jiezhi.base.casework import files, photos
from jiezhi.base.casework.files import FileRefused
from jiezhi.base.casework.tests.lives import photo_bytes
from jiezhi.base.casework.tests.storing import refused, store
from jiezhi.core.evidence import sm3_hex

pytestmark = pytest.mark.django_db


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
