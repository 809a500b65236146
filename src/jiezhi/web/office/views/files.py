"""取材料：只能从看得见的件上取。原件一律下载，缩略图才直接显示。"""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile, EvidenceUse
from jiezhi.base.casework.queries import visible
from jiezhi.web.office.shell import officer_of, page


def _file(request: HttpRequest, uid: UUID, digest: str) -> EvidenceFile:
    # 材料要确实用在这一件上，这一件要看得见。
    cases = visible(officer_of(request)).filter(uid=uid)
    use = EvidenceUse.objects.filter(case__in=cases, file=digest).select_related("file").first()
    if use is None:
        raise Http404("没有这份材料，或您无权查看")
    return use.file


@page
@require_safe
def original(request: HttpRequest, uid: UUID, digest: str) -> HttpResponseBase:
    """原件，作为附件下载。"""
    row = _file(request, uid, digest)
    try:
        stream = files.open_file(row)
    except OSError as error:
        raise Http404("材料不在存放处，请联系系统管理员核对") from error
    # 类型一律不明写：浏览器只会存盘，不会在本站打开。
    response = FileResponse(
        stream, as_attachment=True, filename=row.name, content_type="application/octet-stream"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@page
@require_safe
def thumb(request: HttpRequest, uid: UUID, digest: str) -> HttpResponse:
    """照片的缩略图。"""
    row = _file(request, uid, digest)
    try:
        data = files.thumbnail(row)
    except (files.FileRefused, OSError) as error:
        raise Http404("这份材料没有缩略图") from error
    response = HttpResponse(data, content_type="image/jpeg")
    response.headers["X-Content-Type-Options"] = "nosniff"
    # 内容由摘要定，不会变；但只存在本人的浏览器里。
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
