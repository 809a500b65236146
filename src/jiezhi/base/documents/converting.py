"""Word 转 PDF：本机有 LibreOffice 才转；一次一个配置目录，超时、失败只是没有 PDF。"""

from __future__ import annotations

import io
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import segno
from django.conf import settings
from PIL import Image

from jiezhi.base.casework import files
from jiezhi.base.documents import codes

log = logging.getLogger(__name__)
# pdfium 不能几个线程同时用。
PDFIUM = threading.RLock()
# 别的环境变量（数据库口令等）不给它。
ENVIRONMENT = ("PATH", "HOME", "LANG")


def soffice() -> str | None:
    """LibreOffice 的路径；设置写 off 或没有装的为 None。"""
    chosen: str = settings.SOFFICE
    if chosen == "off":
        return None
    return shutil.which(chosen) if chosen else shutil.which("soffice") or shutil.which("libreoffice")


def to_pdf(docx: bytes) -> bytes | None:
    """转成 PDF；没有 LibreOffice、超时、失败都为 None（记一行日志）。"""
    program = soffice()
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="jiezhi-doc-", dir=files.workplace()) as folder:
        home = Path(folder)
        (home / "a.docx").write_bytes(docx)
        command = [
            program, f"-env:UserInstallation={(home / 'profile').as_uri()}", "--headless", "--norestore",
            "--convert-to", "pdf", "--outdir", folder, str(home / "a.docx"),
        ]  # fmt: skip
        try:
            # 自成一组：超时连它的子进程一起停，不留下占着内存的。
            process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            )
        except OSError as error:
            log.warning("LibreOffice 起不来：%s", error)
            return None
        try:
            process.wait(settings.SOFFICE_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("转 PDF 超过 %s 秒，停了", settings.SOFFICE_SECONDS)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
        made = home / "a.pdf"
        if process.returncode or not made.is_file():
            log.warning("LibreOffice 没有转成 PDF（返回 %s）", process.returncode)
            return None
        return made.read_bytes()


def number_pages(pdf: bytes, short: str) -> tuple[bytes, int]:
    """把每页的二维码换成带页号的，盖在原来的上面；返回（新 PDF, 页数）。

    Word 的页脚每页一样，放不了页号；从 PDF 打印的，扫回来就知道是第几页、缺哪页、重了哪页。
    """
    with PDFIUM:
        document = pdfium.PdfDocument(pdf)
        try:
            pages = len(document)
            for index in range(pages):
                page = document[index]
                _cover(document, page, codes.text_of(short, index + 1))
                page.gen_content()
                page.close()
            target = io.BytesIO()
            document.save(target)
            return target.getvalue(), pages
        finally:
            document.close()


def _cover(document: pdfium.PdfDocument, page: pdfium.PdfPage, text: str) -> None:
    """换掉页面最下面那张图（二维码）。"""
    images = list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=1))
    if not images:
        return
    old = min(images, key=lambda one: one.get_bounds()[1])
    left, bottom, right, top = old.get_bounds()
    target = io.BytesIO()
    segno.make(text, error="q", boost_error=False, micro=False).save(target, kind="png", scale=12, border=2)
    picture = Image.open(target).convert("RGB")
    made = pdfium.PdfImage.new(document)
    bitmap = pdfium.PdfBitmap.from_pil(picture)
    made.set_bitmap(bitmap)
    made.set_matrix(pdfium.PdfMatrix().scale(right - left, top - bottom).translate(left, bottom))
    page.remove_obj(old)
    page.insert_obj(made)
    bitmap.close()


__all__ = ["PDFIUM", "number_pages", "soffice", "to_pdf"]
