"""办理表单：从业务模板的字段声明生成，读回请求，把差的贴到对应的字段旁边。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest, QueryDict

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import files, slips
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.queries import plain_name
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.values import ValueProblem
from jiezhi.core.procedure.view import Missing
from jiezhi.web.forms import raw as raws
from jiezhi.web.forms.controls import Kept
from jiezhi.web.forms.raw import Raw
from jiezhi.web.forms.tokens import new_token, token_of

CORRECTS = "correct"
MAX_UPLOADS = 20


def version_of(post: QueryDict) -> int | None:
    """请求里办理人看到的版本；没有或不成样的为 None（页面上的办理必须带，由页面拒绝）。"""
    text = post.get("version", "")
    version = int(text) if text.isdecimal() and len(text) < 10 else 0
    return version or None


def _kept(file: EvidenceFile, name: str, officer: Officer) -> Kept:
    return Kept(file.digest, name, file.size, slips.give(str(officer.pk), file.digest, name))


def _slips(texts: Iterable[str], officer: Officer) -> dict[str, str]:
    """本人还有效的收据：摘要 → 名称。"""
    return dict(slips.read(texts, str(officer.pk)).values())


@dataclass(slots=True)
class Draft:
    """填到一半的表单：原话，和交给办理的值。"""

    raw: dict[str, Raw] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    problems: list[Missing] = field(default_factory=list)
    reason: str = ""
    at_text: str = ""
    at: datetime | None = None
    token: str = ""
    number: str = ""
    kept: dict[str, Kept] = field(default_factory=dict)


def start(definition: Definition, decl: ActionDecl, current: Mapping[str, Any]) -> Draft:
    """空表单。更正的先填上现在的内容（敏感的不填）；其余只填缺省值，派单先填上建议的单位。"""
    draft = Draft(token=new_token())
    for name in decl.collected():
        sub = definition.matter.fields[name]
        value = sub.default
        known = current.get(name)
        prefilled = CORRECTS in decl.means or sub.type is FieldType.UNIT
        if prefilled and not sub.secret and known not in (None, ERASED):
            value = known
        draft.raw[name] = raws.shown(sub, value)
    return draft


def read(
    request: HttpRequest,
    definition: Definition,
    decl: ActionDecl,
    *,
    officer: Officer,
    now: datetime,
    current: Mapping[str, Any],
    store: bool = True,
) -> Draft:
    """读回请求；上传的材料先收下（办不成也不用再传）。没有填的不交，由模板的缺省和预填补。

    `store` 为假时不收新传的材料：已经知道办不成，只为把填的原样放回。
    """
    post = request.POST
    draft = Draft(
        token=token_of(post) or new_token(),
        reason=post.get("reason", "")[:2000],
        at_text=post.get("at", ""),
        number=post.get("number", "").strip()[:80],
    )
    if draft.at_text.strip():
        draft.at = raws.aware(draft.at_text)
        if draft.at is None:
            draft.problems.append(
                Missing("at", "发生时间写得不对", "写成 2026-08-01 09:30 的样子", field="at")
            )
    for name in decl.collected():
        sub = definition.matter.fields[name]
        given = raws.posted(name, sub, post)
        if sub.type is FieldType.FILE:
            known = current.get(name) if CORRECTS in decl.means and not sub.secret else None
            given = _receive(
                request, name, sub, given, draft, officer, now, already=_digests(known), store=store
            )
        draft.raw[name] = given
        try:
            value = raws.given(sub, given)
        except ValueProblem as error:
            draft.problems.append(Missing("input", f"“{sub.title}”{error}", "改正后再办", field=name))
            continue
        if CORRECTS in decl.means:
            known = current.get(name)
            if given == raws.shown(sub, known) or (value is None and known is None):
                continue  # 没有改的不算更正
            draft.inputs[name] = value
        elif value is not None:
            draft.inputs[name] = value
    return draft


def _receive(
    request: HttpRequest,
    name: str,
    decl: FieldDecl,
    kept: Sequence[str],
    draft: Draft,
    officer: Officer,
    now: datetime,
    *,
    already: frozenset[str],
    store: bool,
) -> list[str]:
    # 只认本人收过的（有收据，或登记的就是他）和更正时本来就在这一项里的：别人件上的材料不能凭摘要挂到这里来。
    mine = _slips(request.POST.getlist(f"{raws.PREFIX}{name}-slip"), officer)
    for row in EvidenceFile.objects.filter(pk__in=kept, erased_at=None) if kept else ():
        if row.pk in mine:
            draft.kept[row.pk] = _kept(row, mine[row.pk], officer)
        elif row.uploaded_by_id == officer.pk:
            draft.kept[row.pk] = _kept(row, row.name, officer)
        elif row.pk in already:
            draft.kept[row.pk] = Kept(row.pk, plain_name(row), row.size)
    dropped = set(request.POST.getlist(f"{raws.PREFIX}{name}-drop"))
    found = [digest for digest in dict.fromkeys(kept) if digest in draft.kept and digest not in dropped]
    uploads = request.FILES.getlist(raws.PREFIX + name) if store else []
    for upload in uploads[: decl.max or MAX_UPLOADS]:
        title = upload.name or "未命名"
        try:
            row = files.store(upload, title, kind=decl.kind, acting_officer=officer, now=now)  # type: ignore[arg-type]
        except files.FileRefused as error:
            draft.problems.append(
                Missing("file", f"“{decl.title}”的 {title} 没有收：{error}", "", field=name)
            )
            continue
        draft.kept[row.pk] = _kept(row, files.clean_name(title), officer)
        if row.pk not in found:
            found.append(row.pk)
    if len(uploads) > (decl.max or MAX_UPLOADS):
        say = f"“{decl.title}”一次最多 {decl.max or MAX_UPLOADS} 份，多出的没有收"
        draft.problems.append(Missing("file", say, "", field=name))
    return found


def _digests(value: Any) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()
