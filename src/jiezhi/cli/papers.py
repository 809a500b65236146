"""jiezhi document / scan：导出一件的文书；把签回的扫描件归到它的那一步。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jiezhi.cli.output import case_numbered, emit, fail, officer_named, refusing


@click.command("document", help="列出件 CASE 的文书；给出 NAME（文书代号）就导出最新的一份")
@click.argument("case")
@click.argument("name", required=False)
@click.option("--as", "login", required=True, help="办理人的登录名；他看得见的件才能取")
@click.option("--out", type=click.Path(path_type=Path), help="写到哪个文件；不写为当前目录下原名")
@click.option("--word", is_flag=True, help="要 Word 文件；不写时有 PDF 给 PDF")
@click.option("--json", "as_json", is_flag=True)
def document_command(
    case: str, name: str | None, login: str, out: Path | None, word: bool, as_json: bool
) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.casework import files
    from jiezhi.base.documents import actions, queries

    now = timezone.now()
    officer = officer_named(login, as_json)
    row = case_numbered(case, officer, as_json)
    found = queries.visible(officer, now).filter(case=row).order_by("event__seq", "name", "version")
    if name is None:
        lines = [_line(one) for one in found] or ["没有文书，或您无权查看"]
        emit({"ok": True, "documents": [_plain(one) for one in found]}, as_json, lines)
        return
    document = found.filter(name=name).last()
    if document is None:
        known = "、".join(sorted({one.name for one in found})) or "还没有"
        fail(f"没有叫“{name}”的文书；这件有：{known}", as_json)
    with refusing("没有导出", as_json, ValueError, OSError):
        file = actions.take(document, acting_officer=officer, now=now, word=word)
        target = out or Path(file.name or f"{document.title}{Path(file.digest).name[:6]}")
        with files.open_file(file) as source:
            target.write_bytes(source.read())
    data = {"ok": True, "file": str(target), "digest": file.digest, **_plain(document)}
    emit(data, as_json, [f"已导出{document}（第 {document.version} 版）到 {target.name}"])


def _plain(document: Any) -> dict[str, Any]:
    return {
        "name": document.name,
        "title": document.title,
        "number": document.number,
        "version": document.version,
        "state": document.state,
        "pages": document.pages,
    }


def _line(document: Any) -> str:
    pages = f"，{document.pages} 页" if document.pages else ""
    note = f"（{document.note}）" if document.note else ""
    return f"{document.name} {document}第 {document.version} 版：{document.get_state_display()}{pages}{note}"


@click.command("scan", help="签字、盖章后的扫描件（PDF 或图片）自己归位：认二维码，归到它的那一步")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "login", required=True, help="归卷人的登录名")
@click.option("--json", "as_json", is_flag=True)
def scan_command(path: Path, login: str, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.base.casework import files
    from jiezhi.base.documents import actions

    now = timezone.now()
    officer = officer_named(login, as_json)
    with refusing("没有归卷", as_json, ValueError, OSError):
        with path.open("rb") as stream:
            file = files.store(stream, path.name, kind="scan", acting_officer=officer, now=now)
        found = actions.file_scan(file, acting_officer=officer, now=now)
    lines = [
        f"第 {'、'.join(map(str, one.pages))} 页归到 {one.document.case.number} 的{one.document}（第 {one.seq} 号办理记录）"
        for one in found.filed
    ]
    lines += [f"第 {one.page} 页没有归：{one.say}" for one in found.left]
    data = {
        "ok": not found.left,
        "filed": [
            {"case": one.document.case.number, "pages": one.pages, "seq": one.seq, **_plain(one.document)}
            for one in found.filed
        ],
        "left": [{"page": one.page, "result": one.result, "say": one.say} for one in found.left],
    }
    emit(data, as_json, lines)
    if found.left:
        raise SystemExit(1)
