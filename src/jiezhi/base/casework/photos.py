"""照片：能不能看、多大、何时何地拍的；给公众的副本一律重新编码，不带任何附加信息。"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from django.conf import settings
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from jiezhi.base.casework.sniffing import HEIC, PNG, FileRefused, FileType
from jiezhi.core.evidence.instants import BEIJING

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_ORIENTATION, _DATETIME = 0x0112, 0x0132
_ORIGINAL, _DIGITIZED, _OFFSET, _OFFSET_ORIGINAL = 0x9003, 0x9004, 0x9010, 0x9011
PUBLIC_SIDE = 1600
THUMBNAIL_SIDE = 320
LARGE = 1_000_000
WAIT_SECONDS = 20
_decoding = threading.Lock()


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """从照片读出的：宽高（像素，已摆正）、拍摄时间（带时区）、经纬度（WGS-84）、方向（EXIF 1–8）。"""

    width: int
    height: int
    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    orientation: int = 1


def examine(path: Path, found: FileType) -> PhotoFacts:
    """核对照片真能解开，读出 EXIF。

    先只读文件头、按声明的像素数决定收不收，再解码：解压炸弹不会占满内存。出错：FileRefused。
    """
    if found is HEIC and not _can_open_heic():
        raise FileRefused(
            "暂不能打开 HEIC 照片。请在手机上改存为 JPG 再上传"
            "（苹果手机：设置 → 相机 → 格式 → 兼容性最佳；或分享时选“JPEG”）"
        )
    with _turn(_check_size(path, found)):
        return _read(path, found)


def _read(path: Path, found: FileType) -> PhotoFacts:
    try:
        if found is PNG:
            with Image.open(path, formats=(found.pillow,)) as image:
                image.verify()  # 各段校验
        with Image.open(path, formats=(found.pillow,)) as image:
            width, height = image.size
            orientation, taken_at, lon, lat = _exif(image)
            # JPEG 只按八分之一的尺寸、只解明暗：全部数据照样读一遍，截断、损坏照样发现，内存只要一两百分之一。
            image.draft("L", (max(1, width // 8), max(1, height // 8)))
            image.load()
    except Exception as error:  # 解码器对坏数据抛出的错误五花八门
        raise FileRefused("照片打不开，可能没有传完或已损坏。请重新拍摄或重新上传") from error
    if orientation >= 5:
        width, height = height, width
    return PhotoFacts(width, height, taken_at, lon, lat, orientation)


def _can_open_heic() -> bool:
    Image.init()
    return HEIC.pillow in Image.OPEN


def _whole(image: Image.Image) -> bool:
    """要整幅解开的：不是 JPEG 的，和逐步显示的 JPEG（各遍的系数都要留在内存里）。"""
    return not isinstance(image, JpegImageFile) or bool(image.info.get("progressive"))


def _large(image: Image.Image) -> bool:
    return _whole(image) and image.width * image.height > LARGE


@contextmanager
def _turn(large: bool) -> Iterator[None]:
    """整幅解开的大图，一个进程里一次只解一张：几百 KB 的文件解开能占几百 MB，同时来几张就占满了。

    要等到解开的像素放掉了才轮下一张，所以在里面另调一个函数去解。出错：FileRefused。
    """
    if not large:
        yield
        return
    if not _decoding.acquire(timeout=WAIT_SECONDS):
        raise FileRefused("同时在传的大照片太多，请过几分钟再传，或者存成 JPG 再上传")
    try:
        yield
    finally:
        _decoding.release()


def _check_size(path: Path, found: FileType) -> bool:
    """不收太大的；返回是不是要整幅解开的大图。只读文件头。"""
    limit = settings.EVIDENCE_MAX_PIXELS
    too_big = "照片太大（超过 {} 万像素）。请{}缩小后再上传，或拍照时选低一档的分辨率"
    try:
        with Image.open(path, formats=(found.pillow,)) as image:
            width, height = image.size
            limit = settings.EVIDENCE_MAX_WHOLE_PIXELS if _whole(image) else limit
            large = _large(image)
    except Image.DecompressionBombError as error:
        raise FileRefused(too_big.format(limit // 10_000, "")) from error
    except Exception as error:
        raise FileRefused("照片打不开，可能没有传完或已损坏。请重新拍摄或重新上传") from error
    if width < 1 or height < 1:
        raise FileRefused("照片是空的，请重新拍摄或重新上传")
    if width * height > limit:
        plain = "存成普通的 JPG，或者" if width * height <= settings.EVIDENCE_MAX_PIXELS else ""
        raise FileRefused(too_big.format(limit // 10_000, plain))
    return large


def _exif(image: Image.Image) -> tuple[int, datetime | None, float | None, float | None]:
    # EXIF 是拍摄设备写的，常有不合规范的；读不出就当没有，不因此拒收照片。
    try:
        exif = image.getexif()
        main, gps = dict(exif.get_ifd(_EXIF_IFD)), dict(exif.get_ifd(_GPS_IFD))
        orientation = exif.get(_ORIENTATION, 1)
        taken = _moment(
            main.get(_ORIGINAL) or main.get(_DIGITIZED) or exif.get(_DATETIME),
            main.get(_OFFSET_ORIGINAL) or main.get(_OFFSET),
        )
        lon, lat = _position(gps)
    except Exception:
        return 1, None, None, None
    return orientation if orientation in range(1, 9) else 1, taken, lon, lat


def _moment(text: Any, offset: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        local = datetime.strptime(text.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return local.replace(tzinfo=_zone(offset)) if local.year >= 1990 else None


def _zone(offset: Any) -> timezone:
    """相机没有写时区的按北京时间。"""
    try:
        text = offset.strip("\0 ")
        sign = {"+": 1, "-": -1}[text[0]]
        hours, minutes = int(text[1:3]), int(text[4:6])
        return timezone(sign * timedelta(hours=hours, minutes=minutes))
    except (AttributeError, KeyError, IndexError, ValueError):
        return BEIJING


def _position(gps: Mapping[int, Any]) -> tuple[float | None, float | None]:
    lat, lon = _degrees(gps.get(2), gps.get(1), "S", 90), _degrees(gps.get(4), gps.get(3), "W", 180)
    if lat is None or lon is None or (lat == 0 and lon == 0):  # 没有定位时有的相机写 0、0
        return None, None
    return lon, lat


def _degrees(parts: Any, reference: Any, negative: str, limit: int) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        sign = -1 if str(reference).strip("\0 ").upper() == negative else 1
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = sign * (degrees + minutes / 60 + seconds / 3600)
    return round(value, 7) if math.isfinite(value) and abs(value) <= limit else None


def reencode(path: Path, pillow: str, side: int) -> bytes:
    """按拍摄方向摆正、缩到最长边 `side` 像素以内（不放大）、只留像素，存成 JPEG。"""
    with Image.open(path, formats=(pillow,)) as image:
        large = _large(image)
    with _turn(large):
        return _clean(path, pillow, side)


def _clean(path: Path, pillow: str, side: int) -> bytes:
    with Image.open(path, formats=(pillow,)) as image:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(image)
        # 新建一张再贴像素：EXIF、XMP、注释、色彩配置都留在旧的上。
        clean = Image.new("RGB", upright.size, "white")
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            layer = upright.convert("RGBA")
            clean.paste(layer, mask=layer)
        else:
            clean.paste(upright.convert("RGB"))
    stream = io.BytesIO()
    clean.save(stream, "JPEG", quality=85, optimize=True)
    return stream.getvalue()
