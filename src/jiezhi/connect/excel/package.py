"""打开之前先看一眼：文件是什么、是否完整、会不会撑爆内存；并从 xlsx 里取出 calamine 不给的信息。

Only local header names, sizes and a few attributes are read here; no formula is evaluated, no link followed.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath

from jiezhi.connect.excel.cells import column_letters
from jiezhi.connect.excel.errors import SheetError

MAX_FILE = 100 * 1024 * 1024  # bytes as uploaded
MAX_UNPACKED = 800 * 1024 * 1024  # bytes after unpacking, all parts together
MAX_CELLS = 30_000_000  # the reading library lays out the whole rectangle, about 24 bytes a cell
_CHUNK = 4 * 1024 * 1024

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NS_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]+)(\d+)"([^>]*?)(/?)>')
_WIDE = re.compile(rb' r="([A-Z]{2,3})[0-9]+"[^>/]*>')
_ROW_OF_CELL = re.compile(rb' r="[A-Z]+(\d+)"[^>/]*>')
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)(?:\s[^>]*)?>[^<]")
_ODS_REPEAT = re.compile(
    rb'<table:table-(row|cell)\b[^>]*?table:number-(?:rows|columns)-repeated="(\d{1,12})"'
)
_COLUMN = re.compile(rb"<(?:\w+:)?col\s([^>]*)>")
_ATTRIBUTE = re.compile(rb'(\w+)="([^"]*)"')

RESAVE = "请用 Excel 或 WPS 打开，另存为“Excel 工作簿（.xlsx）”后再导入。"


@dataclass
class Facts:
    """What the XML of one worksheet tells beyond its values. Rows and columns count from 0."""

    widths: dict[int, float] = field(default_factory=dict)
    hazards: dict[int, list[str]] = field(default_factory=dict)
    date1904: bool = False


def kind_of(content: bytes, name: str) -> str:
    """What the bytes are: xlsx, xlsb, ods, xls or text. Raises `SheetError` for all else.

    `name` (may be empty) only serves the messages and the check that name and content agree.
    """
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise SheetError("文件是空的。请确认导出已经完成，再重新上传。")
    if len(content) > MAX_FILE:
        raise SheetError(f"文件超过 {MAX_FILE // 1024 // 1024} MB。请按时间分成几个文件后分别导入。")
    extension = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if content.startswith(b"PK"):
        kind = _kind_of_zip(content)
    elif content.startswith(_OLE):
        kind = _kind_of_ole(content)
    else:
        kind = _kind_of_plain(content)
    excel_name = extension in {"xlsx", "xlsm", "xls", "xlsb", "ods", "et"}
    if kind == "text" and excel_name:
        raise SheetError(
            f"文件名以 .{extension} 结尾，内容却是纯文本。请把文件名的结尾改成 .csv 再导入，或者" + RESAVE[1:]
        )
    if kind != "text" and extension in {"csv", "tsv", "txt"}:
        raise SheetError(
            f"文件名以 .{extension} 结尾，内容却是 Excel 表格。请把文件名的结尾改成 .{kind} 再导入。"
        )
    return kind


def _kind_of_zip(content: bytes) -> str:
    try:
        names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        raise SheetError("文件不完整，多半是下载或拷贝时中断了。请重新导出或重新下载后再导入。") from None
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(n.lower().startswith("xl/workbook") for n in names):
        return "xlsx"
    if "content.xml" in names and "META-INF/manifest.xml" in names:
        return "ods"
    if any(n.startswith("word/") for n in names):
        raise SheetError("这是 Word 文档，不是表格。请把其中的表格复制到 Excel 里保存后再导入。")
    raise SheetError("这是压缩包，不是表格。请先解压，再导入里面的 Excel 文件。")


def _kind_of_ole(content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise SheetError(
            "文件设了打开密码，读不了。请用 Excel 或 WPS 打开，"
            "在“文件—信息—保护工作簿”中去掉密码，保存后再导入。"
        )
    if "WordDocument".encode("utf-16-le") in content:
        raise SheetError("这是 Word 文档，不是表格。请把其中的表格复制到 Excel 里保存后再导入。")
    return "xls"


def _kind_of_plain(content: bytes) -> str:
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table", b"<meta", b"<head", b"<style")):
        raise SheetError("这个文件其实是网页，只是用了表格的文件名。" + RESAVE)
    if head.startswith((b"<?xml", b"mime-version")):
        raise SheetError("这个文件是旧式的 XML 或网页表格，不是 Excel 工作簿。" + RESAVE)
    if head.startswith(b"%pdf"):
        raise SheetError("这是 PDF，不是表格。请向原系统导出 Excel 格式后再导入。")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    if content[:3] == b"\xff\xd8\xff" or content.startswith((b"\x89PNG", b"GIF8", b"Rar!", b"7z\xbc\xaf")):
        raise SheetError("这是图片或压缩包，不是表格。请导入 Excel 或 CSV 文件。")
    sample = content[:65536]
    odd = sum(sample.count(bytes([code])) for code in (*range(9), *range(14, 27), *range(28, 32)))
    if b"\x00" in sample or odd > len(sample) // 200:
        raise SheetError(
            "认不出这个文件，它不像 Excel，也不像 CSV。请确认选对了文件；如果是别的格式，" + RESAVE[1:]
        )
    return "text"


def check_zip(content: bytes) -> None:
    """Unpack every part of a zip once, counting, so that a bomb or a broken part is met before the reader is.

    Sizes written in the archive are not believed. Raises `SheetError`.
    """
    archive = zipfile.ZipFile(io.BytesIO(content))
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise SheetError("文件加了密码，读不了。请去掉密码后再导入。")
    left = MAX_UNPACKED
    if len(archive.infolist()) > 20_000:
        raise _bomb()
    for entry in archive.infolist():
        if entry.file_size > left:
            raise _bomb()
        for chunk in _inflate(content, entry):
            left -= len(chunk)
            if left < 0:
                raise _bomb()


def check_ods(content: bytes) -> None:
    """Refuse an OpenDocument sheet that repeats filled cells or rows without end. Raises `SheetError`.

    Repeated empty rows and columns are how every such file ends; the reader drops them.
    """
    text = zipfile.ZipFile(io.BytesIO(content)).read("content.xml")
    for found in _ODS_REPEAT.finditer(text):
        if int(found.group(2)) <= 1000:
            continue
        cell = found.group(1) != b"row"
        end = text.find(b">", found.end()) if cell else text.find(b"</table:table-row>", found.end())
        if b"office:value-type" in text[text.rfind(b"<", 0, found.start() + 1) : end if end >= 0 else None]:
            raise SheetError("表格里有重复上千次的内容，范围过大。" + RESAVE)


def _bomb() -> SheetError:
    return SheetError(
        "这个文件解开后异常巨大，为安全起见没有打开。如果确是正常报表，请删去无用的工作表和图片，分成几个文件再导入。"
    )


def _inflate(content: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked bytes of one part, whatever size the archive claims."""
    start = entry.header_offset
    header = content[start : start + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise _truncated()
    begin = start + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    packed = memoryview(content)[begin : begin + entry.compress_size]
    if len(packed) < entry.compress_size:
        raise _truncated()
    if entry.compress_type == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise SheetError("文件的压缩方式认不出来。" + RESAVE)
    engine = zlib.decompressobj(-15)
    rest: bytes | memoryview = packed
    try:
        while True:
            chunk = engine.decompress(rest, _CHUNK)
            if chunk:
                yield chunk
            rest = engine.unconsumed_tail
            if engine.eof or (not rest and not chunk):
                break
    except zlib.error:
        raise _truncated() from None
    if not engine.eof:
        raise _truncated()


def _truncated() -> SheetError:
    return SheetError("文件已损坏或不完整。请重新导出或重新下载后再导入。")


def xlsx_facts(content: bytes, sheet: str, max_rows: int) -> Facts:
    """Column widths, cells without a usable value, and the date system of one worksheet of an .xlsx.

    A formula without stored result and an error value both reach us as an empty cell; only the XML tells.
    Raises `SheetError` when the used rectangle is too large to lay out.
    """
    archive = zipfile.ZipFile(io.BytesIO(content))
    facts = Facts()
    book = _xml(archive, "xl/workbook.xml")
    if book is None:
        return facts
    relations = _xml(archive, "xl/_rels/workbook.xml.rels")
    targets = {} if relations is None else {r.get("Id"): r.get("Target", "") for r in relations}
    part = None
    for node in book.iter():
        tag = node.tag.rsplit("}", 1)[-1]
        if tag == "workbookPr":
            facts.date1904 = node.get("date1904") in ("1", "true")
        elif tag == "sheet" and node.get("name") == sheet:
            target = targets.get(node.get(_NS_REL), "")
            part = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
    if part is None or part not in archive.namelist():
        return facts
    _scan(archive.getinfo(part), content, facts, max_rows)
    return facts


def _xml(archive: zipfile.ZipFile, name: str) -> ET.Element | None:
    if name not in archive.namelist() or archive.getinfo(name).file_size > 5_000_000:
        return None
    text = archive.read(name)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise SheetError("文件里有不该有的声明，为安全起见没有打开。" + RESAVE)
    try:
        return ET.fromstring(text)
    except ET.ParseError:
        return None


def _scan(entry: zipfile.ZipInfo, content: bytes, facts: Facts, max_rows: int) -> None:
    pending = b""
    last_row, last_column = 0, 26
    first = True
    for chunk in _inflate(content, entry):
        pending += chunk
        cut = pending.rfind(b"</row>") + 6 if b"</row>" in chunk else pending.rfind(b"<") if first else 0
        if cut <= 0 and len(pending) < 8 * _CHUNK:
            continue
        block, pending = (pending[:cut], pending[cut:]) if cut > 0 else (pending, b"")
        last_row, last_column = _block(block, facts, first, last_row, last_column)
        first = False
        _check_area(last_row, last_column, max_rows)
    last_row, last_column = _block(pending, facts, first, last_row, last_column)
    _check_area(last_row, last_column, max_rows)


def _check_area(rows: int, columns: int, max_rows: int) -> None:
    if rows * columns > MAX_CELLS and (rows > max_rows + 1000 or columns > 2000):
        raise SheetError(
            f"表格一直用到第 {rows} 行、{column_letters(columns - 1)} 列，范围过大。"
            "多半是表格下方或右侧很远处有多余内容，请删除那些行列，另存后再导入。"
        )


def _block(block: bytes, facts: Facts, first: bool, last_row: int, last_column: int) -> tuple[int, int]:
    if first:
        head = block[: block.find(b"<sheetData")] if b"<sheetData" in block else block[:65536]
        for found in _COLUMN.finditer(head):
            values = dict(_ATTRIBUTE.findall(found.group(1)))
            low, high = int(values.get(b"min", b"1")), int(values.get(b"max", b"1"))
            if b"width" in values:
                for column in range(low - 1, min(high, low + 255)):
                    # The stored width counts five pixels of padding, seven pixels a character.
                    facts.widths[column] = max(1.0, round(float(values[b"width"]) - 5 / 7, 2))
    for letters in set(_WIDE.findall(block)):
        last_column = max(last_column, _column_number(letters))
    tail = _ROW_OF_CELL.findall(block[-65536:]) or _ROW_OF_CELL.findall(block)
    last_row = max([last_row, *map(int, tail)])
    if b"<f" in block or b":f>" in block or b't="e"' in block:
        _hazards(block, facts)
    return last_row, last_column


def _hazards(block: bytes, facts: Facts) -> None:
    for found in _CELL.finditer(block):
        letters, row, rest, closed = found.groups()
        if closed:
            continue
        before = found.group(0)
        if b't="e"' in before:
            message = "的公式结果是错误值（如 #N/A），按空白处理"
        else:
            end = block.find(b"c>", found.end())
            body = block[found.end() : end if end >= 0 else None]
            formula = b"<f" in body or b":f" in body
            if not formula or b't="str"' in before or _VALUE.search(body):
                continue
            message = "是公式但没有保存结果，按空白处理；请在 Excel 里打开、保存一次再导入"
        facts.hazards.setdefault(int(row) - 1, []).append(f"{letters.decode()}{int(row)} 格{message}")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
