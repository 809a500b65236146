"""材料：传上来换收据；从看得见的件上取，保密的要写明原因、先记录后给。"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Query, Router
from ninja.files import UploadedFile
from ninja.responses import Status
from pydantic import StringConstraints

from jiezhi.api import shapes
from jiezhi.api.auth import Token, officer
from jiezhi.api.problems import Problem, not_found
from jiezhi.base.casework import files, queries, slips
from jiezhi.base.casework.disclosure import Held, file_for, record_reading
from jiezhi.base.casework.models import Case, EvidenceFile

router = Router(tags=["材料"])
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Kind = Literal["photo", "video", "audio", "document", "any"]
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def file_out(row: EvidenceFile, slip: str, name: str) -> dict[str, Any]:
    """收下的一份材料给程序看的样子。"""
    return {
        "slip": slip,
        "digest": row.digest,
        "name": name,
        "kind": row.kind,
        "size": row.size,
        "width": row.width,
        "height": row.height,
    }


@router.post("/files", response={201: shapes.FileOut}, auth=Token("files:write"), summary="传一份材料")
def upload(
    request: HttpRequest, file: Annotated[UploadedFile, File(...)], kind: Annotated[Kind, Form("any")] = "any"
) -> Any:
    """multipart 的 `file`；`kind` 是要收哪一种，内容不是这一种的不收。返回收据，办理时写在材料字段里。"""
    name = file.name or "未命名"
    row = files.store(file, name, kind=kind, acting_officer=officer(request), now=timezone.now())  # type: ignore[arg-type]
    title = files.clean_name(name)
    slip = slips.give(str(officer(request).pk), row.digest, title)
    return Status(201, file_out(row, slip, title))


def _held(request: HttpRequest, uid: UUID, digest: str) -> tuple[Case, Held]:
    found = file_for(officer(request), str(uid), digest)
    if found is None:
        raise not_found()
    return found


@router.get(
    "/cases/{uuid:uid}/files/{digest}",
    auth=Token("files:read"),
    summary="取一份材料",
    openapi_extra={"responses": {200: {"content": {"application/octet-stream": BINARY}}}},
)
def original(
    request: HttpRequest,
    uid: UUID,
    digest: Digest,
    reason: Annotated[shapes.Reason, Query("", description="保密的材料要写明原因，至少 4 个字，会记录")] = "",
) -> Any:
    """原件，作为附件。这一件要看得见；保密的先记下谁因何取的，再给。"""
    case, held = _held(request, uid, digest)
    try:
        stream = files.open_file(held.file)
    except OSError as error:
        raise Problem("not-found", "材料不在存放处，请联系系统管理员核对") from error
    try:
        if held.secret:
            declared = queries.definition_of(case).matter.fields
            for name in held.fields:
                title = declared[name].title if name in declared else name
                record_reading(case, name, title, reason=reason, acting_officer=officer(request))
    except BaseException:
        stream.close()
        raise
    response = FileResponse(
        stream, as_attachment=True, filename=held.name, content_type="application/octet-stream"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store" if held.secret else "private, no-cache"
    return response


@router.get(
    "/cases/{uuid:uid}/files/{digest}/thumbnail",
    auth=Token("files:read"),
    summary="照片的缩略图",
    openapi_extra={"responses": {200: {"content": {"image/jpeg": BINARY}}}},
)
def thumbnail(request: HttpRequest, uid: UUID, digest: Digest) -> Any:
    """最长边 320 像素的 JPEG，不带位置等附加信息；保密的、不是照片的没有。"""
    _, held = _held(request, uid, digest)
    if held.secret:
        raise not_found("这份是保密的材料，没有缩略图")
    try:
        data = files.thumbnail(held.file)
    except (files.FileRefused, OSError) as error:
        raise not_found("这份材料没有缩略图") from error
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})
