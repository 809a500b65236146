"""居民填的表单：字段由业务模板声明，只问声明给来件人填的；照片先收下给收据，别的填不对也不用再传。"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from jiezhi.base.accounts.throttle import Counter
from jiezhi.base.casework import files, slips
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.inputs import fillable
from jiezhi.core.procedure.values import ValueProblem
from jiezhi.core.procedure.view import Missing
from jiezhi.services.residents import actions
from jiezhi.web.forms import raw as raws
from jiezhi.web.forms.controls import Control, Kept, Lists, control_of
from jiezhi.web.forms.raw import Raw
from jiezhi.web.forms.tokens import new_token, token_of

MAX_PHOTOS = 9
# 一个字段里最多认这么多张收据：多的不是页面给出来的。
MAX_SLIPS = 50
REASON = 2000
PHOTOS = Counter("file")


@dataclass(frozen=True, slots=True)
class Photo(Kept):
    """已收下的一张照片：`picture` 是缩略图（data 网址），`lon`、`lat` 是照片里带的位置（WGS-84）。"""

    picture: str = ""
    lon: float | None = None
    lat: float | None = None


@dataclass(slots=True)
class Draft:
    """填到一半的表单：原话，和交给办理的值。`photos` 是各材料字段里已收下的。"""

    token: str
    raw: dict[str, Raw] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    problems: list[Missing] = field(default_factory=list)
    reason: str = ""
    photos: dict[str, list[Photo]] = field(default_factory=dict)

    @property
    def spot(self) -> dict[str, str]:
        """照片里带的位置，第一张有的。"""
        every = (one for found in self.photos.values() for one in found)
        return next(
            ({"lon": f"{one.lon:.6f}", "lat": f"{one.lat:.6f}"} for one in every if one.lon and one.lat), {}
        )


def start(definition: Definition, decl: ActionDecl) -> Draft:
    """空表单，只填缺省值。"""
    fields = definition.matter.fields
    given = {name: raws.shown(fields[name], fields[name].default) for name in _names(definition, decl)}
    return Draft(new_token(), raw=given)


def read(request: HttpRequest, definition: Definition, decl: ActionDecl, *, store: bool = True) -> Draft:
    """读回请求。没有填的不交，由业务模板的缺省和预填补。

    `store` 为假时不收新传的照片：已经知道办不成，只为把填的原样放回。
    """
    post = request.POST
    draft = Draft(token_of(post) or new_token(), reason=_text(post.get("reason", ""))[:REASON])
    for name in _names(definition, decl):
        sub = definition.matter.fields[name]
        if sub.type is FieldType.FILE:
            found = _photos(request, name, sub.title, sub.max or MAX_PHOTOS, draft, store)
            draft.photos[name], draft.raw[name] = found, [one.slip for one in found]
            if found:
                draft.inputs[name] = draft.raw[name]
            continue
        given = _plain(raws.posted(name, sub, post))
        if sub.type is FieldType.PLACE and isinstance(given, dict) and not post.get("pin"):
            given = {**given, "lon": "", "lat": ""}  # 没有勾“带上位置”
        draft.raw[name] = given
        try:
            value = raws.given(sub, given)
        except ValueProblem as error:
            draft.problems.append(Missing("input", f"“{sub.title}”{error}", "改正后再交", field=name))
            continue
        if value is not None:
            draft.inputs[name] = value
    return draft


def controls(
    definition: Definition, decl: ActionDecl, draft: Draft, missing: Iterable[Missing] = ()
) -> list[Control]:
    """一张表单的全部字段，按模板的次序；差的贴在字段上。"""
    lists, listed, required = Lists(), list(missing), set(decl.required())
    found = []
    for name in _names(definition, decl):
        sub = definition.matter.fields[name]
        control = control_of(name, sub, name in required, draft.raw.get(name, ""), lists)
        control.errors = [one for one in listed if one.field == name]
        control.files = list(draft.photos.get(name, ()))
        found.append(control)
    return found


def photo_of(row: EvidenceFile, slip: str, number: int) -> Photo:
    """收下的一张给传的人看的样子。名称不用原文件名。"""
    try:
        small = base64.b64encode(files.thumbnail(row)).decode()
    except (files.FileRefused, OSError):
        small = ""
    picture = f"data:image/jpeg;base64,{small}" if small else ""
    return Photo(row.digest, f"照片 {number}", row.size, slip, picture, row.lon, row.lat)


def _names(definition: Definition, decl: ActionDecl) -> list[str]:
    return fillable(definition, decl, actions.RESIDENT.kind)


def _photos(request: HttpRequest, name: str, title: str, most: int, draft: Draft, store: bool) -> list[Photo]:
    """先前收下的（有收据、没有勾“不要”）和这一次传的。"""
    key = raws.PREFIX + name
    dropped = set(request.POST.getlist(f"{key}-drop"))
    texts = [one for one in request.POST.getlist(f"{key}-slip")[:MAX_SLIPS] if one not in dropped]
    held = {digest: slip for slip, (digest, _) in slips.read(texts, "").items()}
    kept = EvidenceFile.objects.filter(pk__in=held, erased_at=None) if held else ()
    rows = {row.pk: row for row in kept}
    order = [(rows[digest], slip) for digest, slip in held.items() if digest in rows]
    if len(held) < len(set(texts)) or len(rows) < len(held):
        say = f"“{title}”里有传了一天以上的，已经清掉了"
        draft.problems.append(Missing("file", say, "请重新选照片", field=name))
    uploads = request.FILES.getlist(key) if store else []
    wait = PHOTOS.wait(request, len(uploads)) if uploads else 0
    if wait:
        say = f"照片传得太密，这几张没有收，请 {int(wait) + 1} 秒后再选"
        draft.problems.append(Missing("file", say, "", field=name))
        uploads = []
    for upload in uploads:
        if len(order) >= most:
            draft.problems.append(Missing("file", f"“{title}”最多 {most} 张，多出的没有收", "", field=name))
            break
        try:
            row, slip = actions.receive_photo(upload, upload.name or "照片.jpg", now=timezone.now())  # type: ignore[arg-type]
        except files.FileRefused as error:
            draft.problems.append(Missing("file", f"有一张照片没有收：{error}", "", field=name))
            continue
        if row.pk not in {one.pk for one, _ in order}:
            order.append((row, slip))
    return [photo_of(row, slip, number) for number, (row, slip) in enumerate(order, 1)]


def _text(value: str) -> str:
    """去掉库里存不了的空字节；别的一字不动。"""
    return value.replace("\x00", "")


def _plain(raw: Raw) -> Raw:
    if isinstance(raw, str):
        return _text(raw)
    if isinstance(raw, dict):
        return {key: _plain(value) for key, value in raw.items()}
    return [_plain(one) for one in raw] if isinstance(raw, list) else raw
