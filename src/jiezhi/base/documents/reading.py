"""看扫描件：图片或 PDF 逐页成像，认出每页的文书二维码。"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
import zxingcpp
from django.conf import settings
from PIL import Image, ImageFilter, ImageOps

from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.documents import codes
from jiezhi.base.documents.codes import Mark
from jiezhi.base.documents.converting import PDFIUM

DPI = 200
# 放得下 A3 的 300 dpi；再大的按比例缩小，不然一页就能占满内存。
MAX_SIDE = 5000
# 比纸色深的不到万分之一算空白；一行字、一个签名都远多于它。
INK, DARKER = 0.0001, 40
_TILTS = (3, -3, 6, -6, 10, -10)


class ScanRefused(ValueError):
    """这份扫描件看不了；文字说明怎么办。"""


@dataclass(frozen=True, slots=True)
class Seen:
    """一页认出了什么。`print` 是画面的指纹，一模一样的两页相同；`blank` 是空白页（双面扫描的背面）。"""

    page: int
    marks: tuple[Mark, ...]
    print: str
    blank: bool = False


def look(file: EvidenceFile) -> list[Seen]:
    """逐页认二维码。打不开、加密、页数太多 → ScanRefused。"""
    path = files.path_of(file.digest)
    if not path.is_file():
        raise ScanRefused("扫描件的文件不见了，请重新上传")
    if file.mime == "application/pdf":
        return [_seen(number, image) for number, image in _pdf(path)]
    if file.kind != "photo":
        raise ScanRefused("扫描件要是 PDF 或图片，请另存成 PDF 再传")
    return [_seen(1, _photo(path))]


def _photo(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            if image.width * image.height > settings.EVIDENCE_MAX_PIXELS:
                raise ScanRefused("图片太大，请用 300 dpi 扫描")
            return _fit(ImageOps.exif_transpose(image).convert("L"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, ScanRefused):
            raise
        raise ScanRefused("这种图片打不开，请存成 JPG、PNG 或 PDF") from error


def _fit(image: Image.Image) -> Image.Image:
    if max(image.size) > MAX_SIDE:
        image.thumbnail((MAX_SIDE, MAX_SIDE))
    return image


def _pdf(path: Path) -> Iterator[tuple[int, Image.Image]]:
    """逐页成像。锁只包到一页画好：认码费时，不能让别人排版、归卷都等着。"""
    with PDFIUM:
        try:
            document = pdfium.PdfDocument(path)
        except pdfium.PdfiumError as error:
            raise ScanRefused("PDF 打不开（加了密码或已损坏），请去掉密码、重新扫描") from error
        pages = len(document)
    try:
        if pages > settings.SCAN_MAX_PAGES:
            raise ScanRefused(f"超过 {settings.SCAN_MAX_PAGES} 页，请分成几份")
        for index in range(pages):
            with PDFIUM:
                image = _page(document, index)
            yield index + 1, image
    finally:
        with PDFIUM:
            document.close()


def _page(document: pdfium.PdfDocument, index: int) -> Image.Image:
    """一页的画面，不再连着 pdfium 的内存。在锁里调用。"""
    try:
        page = document[index]
        scale = min(DPI / 72, MAX_SIDE / max(1.0, *page.get_size()))
        bitmap = page.render(scale=scale, grayscale=True)
        image = bitmap.to_pil().copy()
        bitmap.close()
        page.close()
    except pdfium.PdfiumError:
        return Image.new("L", (10, 10), 255)  # 坏的一页当作没有码，其余照认
    return image


def _seen(number: int, image: Image.Image) -> Seen:
    digest = hashlib.sha256(image.tobytes() + repr(image.size).encode()).hexdigest()
    marks = _marks(image)
    if not marks and _blank(image):
        return Seen(number, (), digest, True)
    return Seen(number, tuple(dict.fromkeys(marks or decode(image))), digest)


def _blank(image: Image.Image) -> bool:
    """没有字：缩小四倍（麻点淡掉，字和线还在），比纸色深的点不到万分之一。四边去掉一点（黑边、装订孔）。"""
    small = image.reduce(4)
    width, height = small.size
    inner = small.crop((width // 20, height // 20, width - width // 20, height - height // 20))
    counts, seen, paper = inner.histogram(), 0, 0
    total = max(1, inner.width * inner.height)
    for level, count in enumerate(counts):  # 纸色：中位数
        seen += count
        if seen * 2 >= total:
            paper = level
            break
    return sum(counts[: max(0, paper - DARKER)]) < total * INK


def _marks(image: Image.Image) -> list[Mark]:
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return [mark for one in found if (mark := codes.parse(one.text))]


def decode(image: Image.Image) -> list[Mark]:
    """一页上的文书二维码。先按原样认（各个方向都行），认不出再去噪、放大、转正。"""
    for attempt in _attempts(image):
        marks = _marks(attempt)
        if marks:
            return marks
    return []


def _attempts(image: Image.Image) -> Iterator[Image.Image]:
    yield image
    calm = image.filter(ImageFilter.MedianFilter(3))
    yield calm
    yield ImageOps.autocontrast(image.filter(ImageFilter.GaussianBlur(1.2)))
    if max(image.size) <= 2600:  # 150 dpi 以下的放大一倍
        yield image.resize((image.width * 2, image.height * 2), Image.Resampling.BICUBIC)
    for tilt in _TILTS:
        yield calm.rotate(tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def blanked(file: EvidenceFile, pages: set[int]) -> bytes:
    """PDF 的这几页换成空白页，页数、次序不变。"""
    with _opened(file) as source:
        target = pdfium.PdfDocument.new()
        for index in range(len(source)):
            if index + 1 in pages:
                target.new_page(*source[index].get_size()).close()
            else:
                target.import_pages(source, [index])
        return _saved(target)


def extract(file: EvidenceFile, pages: list[int]) -> bytes | None:
    """从 PDF 里取出这几页另成一份；图片、或本来就是这几页的为 None（用原件）。"""
    if file.mime != "application/pdf":
        return None
    with _opened(file) as source:
        if pages == list(range(1, len(source) + 1)):
            return None
        target = pdfium.PdfDocument.new()
        target.import_pages(source, [page - 1 for page in pages])
        return _saved(target)


@contextmanager
def _opened(file: EvidenceFile) -> Iterator[pdfium.PdfDocument]:
    """打开的 PDF，用完关上；一直持着锁。"""
    with PDFIUM:
        source = pdfium.PdfDocument(files.path_of(file.digest))
        try:
            yield source
        finally:
            source.close()


def _saved(target: pdfium.PdfDocument) -> bytes:
    data = io.BytesIO()
    target.save(data)
    target.close()
    return data.getvalue()
