"""取材料：只能从看得见的件上取。原件一律下载，缩略图才直接显示；敏感字段里的要先写明原因、先记录。"""

from __future__ import annotations

from uuid import UUID

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from jiezhi.base.casework import files
from jiezhi.base.casework.disclosure import Held, file_for
from jiezhi.web.office.dossier import Dossier
from jiezhi.web.office.parts import Material
from jiezhi.web.office.shell import download, officer_of, page

SEEN = "office.seen"
SEEN_SECONDS = 600


def seen_links(dossier: Dossier, field: str) -> list[tuple[str, Material]]:
    """刚记录过查看的材料的取件网址：只给这个人，十分钟内有效。"""
    case = dossier.case
    pass_ = signing.dumps([dossier.officer.pk, str(case.uid), field], salt=SEEN)
    found = {one.digest: one for one in dossier.materials if one.field == field}
    return [
        (f"{reverse('office:file', args=[case.uid, digest])}?seen={pass_}", one)
        for digest, one in found.items()
    ]


def _seen(request: HttpRequest, uid: UUID) -> str:
    """网址里的凭据是哪个字段的；没有、不对、过期为空串。"""
    try:
        holder, case, field = signing.loads(request.GET.get("seen", ""), salt=SEEN, max_age=SEEN_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(field) if (holder, case) == (officer_of(request).pk, str(uid)) else ""


def _file(request: HttpRequest, uid: UUID, digest: str, *, seen: str = "") -> Held:
    """材料要确实用在这一件上，这一件要看得见；敏感的要刚记录过查看（`seen`）。"""
    found = file_for(officer_of(request), str(uid), digest)
    if found is None:
        raise Http404("没有这份材料，或您无权查看")
    held = found[1]
    if held.secret and seen not in held.fields:
        raise Http404("这份是敏感材料，请到件页面写明原因后查看")
    return held


@page
@require_safe
def original(request: HttpRequest, uid: UUID, digest: str) -> HttpResponseBase:
    """原件，作为附件下载。"""
    held = _file(request, uid, digest, seen=_seen(request, uid))
    try:
        stream = files.open_file(held.file)
    except OSError as error:
        raise Http404("材料不在存放处，请联系系统管理员核对") from error
    response = download(stream, held.name, no_store=held.secret)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@page
@require_safe
def thumb(request: HttpRequest, uid: UUID, digest: str) -> HttpResponse:
    """照片的缩略图；敏感的没有。"""
    held = _file(request, uid, digest)
    try:
        data = files.thumbnail(held.file)
    except (files.FileRefused, OSError) as error:
        raise Http404("这份材料没有缩略图") from error
    response = HttpResponse(data, content_type="image/jpeg")
    response.headers["X-Content-Type-Options"] = "nosniff"
    # 内容由摘要定，不会变；但只存在本人的浏览器里。
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
