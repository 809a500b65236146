"""文书：取去打印、重出；扫描件归位、人工归卷。"""

from __future__ import annotations

import mimetypes
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import files
from jiezhi.base.documents import actions, queries
from jiezhi.base.documents.models import Document, Scan
from jiezhi.base.documents.reading import ScanRefused
from jiezhi.web.office.shell import download, officer_of, page, show

MAX_SCANS = 20


def _document(request: HttpRequest, uid: UUID, short: str) -> Document:
    found = queries.visible(officer_of(request)).filter(case__uid=uid, short=short).first()
    if found is None:
        raise Http404("没有这份文书，或您无权查看")
    return found


@page
@require_POST
def take(request: HttpRequest, uid: UUID, short: str) -> HttpResponseBase:
    """取一份文书；里面有敏感内容的先落查看记录，所以用 POST。"""
    document = _document(request, uid, short)
    signed = "signed" in request.POST
    try:
        row = actions.take(document, acting_officer=officer_of(request), now=timezone.now(), signed=signed)
        stream = files.open_file(row)
    except (ValueError, OSError) as error:
        messages.error(
            request, str(error) if isinstance(error, ValueError) else "文书不在存放处，请联系系统管理员核对"
        )
        return redirect("office:case", uid=uid)
    suffix = mimetypes.guess_extension(row.mime) or ""
    name = f"{document.title}{document.number}{'（签回）' if signed else ''}{suffix}"
    return download(stream, name, no_store=True)


@page
@require_POST
def reissue(request: HttpRequest, uid: UUID, short: str) -> HttpResponse:
    """重出一份：内容不变，旧的作废。"""
    document = _document(request, uid, short)
    try:
        actions.reissue(
            document,
            acting_officer=officer_of(request),
            reason=request.POST.get("reason", "")[:200],
            now=timezone.now(),
        )
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"《{document.title}》正在重出，做好后旧的作废")
    return redirect("office:case", uid=uid)


@page
@require_http_methods(["GET", "POST"])
def scan(request: HttpRequest) -> HttpResponse:
    """扫描件：传上来自己归到那一步；认不出的列出来人工归。"""
    officer, now = officer_of(request), timezone.now()
    context: dict[str, Any] = {"results": [], "problems": []}
    if request.method == "POST":
        uploads = request.FILES.getlist("files")[:MAX_SCANS]
        if not uploads:
            context["problems"].append("还没有选扫描件，请选图片或 PDF")
        for upload in uploads:
            title = upload.name or "未命名"
            try:
                row = files.store(upload, title, kind="scan", acting_officer=officer, now=now)  # type: ignore[arg-type]
                context["results"].append((title, actions.file_scan(row, acting_officer=officer, now=now)))
            except (files.FileRefused, ScanRefused) as error:
                context["problems"].append(f"{title} 没有收：{error}")
    context["waiting"] = list(queries.waiting_scans(officer, now)[:100])
    status = 422 if context["problems"] and not context["results"] else 200
    return show(request, "office/scan.html", context, rail="scan", status=status)


def _chosen(request: HttpRequest, officer: Officer, now: datetime) -> list[Scan]:
    """勾选的页里还等着人工归的。"""
    wanted = [int(one) for one in request.POST.getlist("page") if one.isdecimal() and len(one) < 18]
    return list(queries.waiting_scans(officer, now).filter(pk__in=wanted))


@page
@require_POST
def set_aside(request: HttpRequest) -> HttpResponse:
    """这几页不用归：重复的、传错的，写明理由。"""
    officer, now = officer_of(request), timezone.now()
    try:
        count = actions.set_aside(
            _chosen(request, officer, now),
            acting_officer=officer,
            reason=request.POST.get("reason", "")[:200],
            now=now,
        )
    except (ValueError, NotAllowed) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已记下 {count} 页不用归")
    return redirect("office:scan")


@page
@require_POST
def file_by_hand(request: HttpRequest) -> HttpResponse:
    """人工归卷：选几页，指定归到哪份文书。"""
    officer, now = officer_of(request), timezone.now()
    scans = _chosen(request, officer, now)
    short = request.POST.get("short", "").strip()[:8]
    document = queries.visible(officer, now).filter(short=short).first()
    if document is None:
        messages.error(request, f"没有短号为“{short}”的文书，或您无权查看；短号印在文书页脚二维码旁")
        return redirect("office:scan")
    try:
        done = actions.manual_file(
            scans, document, acting_officer=officer, reason=request.POST.get("reason", "")[:200], now=now
        )
    except (ValueError, NotAllowed) as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, f"已归到{done.document}（{done.document.case.number}），共 {len(done.pages)} 页"
        )
    return redirect("office:scan")
