"""办理表单：从业务模板的字段声明生成，读回请求，把差的贴到对应的字段旁边。"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core import signing
from django.http import HttpRequest, QueryDict

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import files
from jiezhi.base.casework.models import EvidenceFile
from jiezhi.base.casework.queries import plain_name
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldDecl, FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.values import ValueProblem
from jiezhi.core.procedure.view import Missing
from jiezhi.web.office.forms import raw as raws
from jiezhi.web.office.forms.raw import Raw

TOKEN = re.compile(r"[0-9a-f]{32}\Z")
CORRECTS = "correct"
MAX_UPLOADS = 20
SLIP = "office.slip"
SLIP_SECONDS = 24 * 3600


def new_token() -> str:
    """每次出表单一个：重复提交认得出来。"""
    return uuid.uuid4().hex


def token_of(post: QueryDict) -> str:
    """请求里的表单标识；没有或不成样的为空串。"""
    token = post.get("token", "")
    return token if TOKEN.match(token) else ""


def version_of(post: QueryDict) -> int | None:
    """请求里办理人看到的版本；没有或不成样的为 None（页面上的办理必须带，由页面拒绝）。"""
    text = post.get("version", "")
    version = int(text) if text.isdecimal() and len(text) < 10 else 0
    return version or None


@dataclass(frozen=True, slots=True)
class Kept:
    """表单里已收下的一份材料。`name` 是这次传的人起的；`slip` 是收据：凭它再交回来，别人的收据、抄来的摘要不认。"""

    digest: str
    name: str
    size: int
    slip: str = ""


def _kept(file: EvidenceFile, name: str, officer: Officer) -> Kept:
    slip = signing.dumps([officer.pk, file.digest, name], salt=SLIP, compress=True)
    return Kept(file.digest, name, file.size, slip)


def _slips(texts: Iterable[str], officer: Officer) -> dict[str, str]:
    """本人还有效的收据：摘要 → 名称。"""
    found: dict[str, str] = {}
    for text in texts:
        try:
            holder, digest, name = signing.loads(text, salt=SLIP, max_age=SLIP_SECONDS)
        except (signing.BadSignature, ValueError, TypeError):
            continue
        if holder == officer.pk:
            found[str(digest)] = str(name)
    return found


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
    slips = _slips(request.POST.getlist(f"{raws.PREFIX}{name}-slip"), officer)
    for row in EvidenceFile.objects.filter(pk__in=kept, erased_at=None) if kept else ():
        if row.pk in slips:
            draft.kept[row.pk] = _kept(row, slips[row.pk], officer)
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


@dataclass(slots=True)
class Control:
    """页面上的一个字段。`kind` 决定用哪一种填法。"""

    name: str
    title: str
    kind: str
    required: bool
    help: str
    raw: Raw
    decl: FieldDecl
    groups: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)
    errors: list[Missing] = field(default_factory=list)
    files: list[Kept] = field(default_factory=list)
    rows: list[list[Control]] = field(default_factory=list)
    note: str = ""

    @property
    def html(self) -> str:
        """表单里的名字。"""
        return self.name if self.name.startswith(raws.PREFIX) else raws.PREFIX + self.name

    @property
    def many(self) -> bool:
        """几格合成的字段（用 fieldset）。"""
        return self.kind in ("place", "party", "duration", "rows", "radio", "rating")

    @property
    def described_by(self) -> str:
        """读屏时随字段念出来的说明和差的。"""
        ids = [f"{self.html}-help"] if self.help or self.note else []
        return " ".join([*ids, *([f"{self.html}-error"] if self.errors else [])])

    @property
    def accept(self) -> str:
        """选文件时只列哪些。"""
        table = {"photo": "image/*", "video": "video/*", "audio": "audio/*"}
        return table.get(self.decl.kind, "")

    @property
    def scale(self) -> list[tuple[str, str]]:
        """评分的各档。"""
        top = self.decl.max or 5
        said = ["很不满意", "不满意", "一般", "满意", "很满意"] if top == 5 else []
        return [(str(n), f"{n} 分" + (f" {said[n - 1]}" if said else "")) for n in range(1, top + 1)]

    @property
    def duration_units(self) -> list[str]:
        """时长的单位。"""
        return raws.DURATION_UNITS


class Lists:
    """选单的来源；用到才查。"""

    def __init__(self, case_unit: str | None = None) -> None:
        self.case_unit = case_unit
        self._held: dict[str, Any] = {}

    def of(self, decl: FieldDecl) -> list[tuple[str, list[tuple[str, str]]]]:
        """一个字段可选的，分组。"""
        from jiezhi.web.office import queries

        makers = {
            FieldType.UNIT: queries.unit_groups,
            FieldType.OFFICER: lambda: queries.officer_groups(self.case_unit),
            FieldType.AREA: queries.area_groups,
            FieldType.CODE: lambda: queries.code_groups(decl.list or ""),
        }
        make = makers.get(decl.type)
        if make is None:
            return [("", list(decl.choices.items()))] if decl.choices else []
        key = f"{decl.type}:{decl.list if decl.type is FieldType.CODE else ''}"
        if key not in self._held:
            self._held[key] = make()
        return list(self._held[key])


KINDS = {
    FieldType.CODE: "select",
    FieldType.UNIT: "select",
    FieldType.OFFICER: "select",
    FieldType.AREA: "select",
    FieldType.COUNT: "number",
    FieldType.MONEY: "money",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
    FieldType.DURATION: "duration",
    FieldType.PLACE: "place",
    FieldType.PARTY: "party",
    FieldType.FILE: "file",
    FieldType.ROWS: "rows",
    FieldType.RATING: "rating",
    FieldType.FACTORS: "long",
}
FEW = 5
EXTRA_ROWS = 3


def controls(
    definition: Definition,
    decl: ActionDecl,
    draft: Draft,
    lists: Lists,
    missing: Iterable[Missing] = (),
    notes: Mapping[str, str] | None = None,
) -> list[Control]:
    """一张表单的全部字段，按模板的次序；差的贴在字段上。"""
    missing = list(missing)
    required = set(decl.required())
    found = []
    for name in decl.collected():
        sub = definition.matter.fields[name]
        control = _control(name, sub, name in required, draft.raw.get(name, ""), lists)
        control.errors = [item for item in missing if item.field == name]
        control.note = (notes or {}).get(name, "")
        if not control.note and name in decl.fill and name not in required:
            control.note = "不填的，登记时由系统按内容补上，之后可以更正"
        found.append(control)
    digests = [digest for control in found if control.kind == "file" for digest in control.raw or []]
    # 更正时本来就有的，没有收据。
    others = EvidenceFile.objects.filter(pk__in=[one for one in digests if one not in draft.kept])
    known = {row.pk: Kept(row.pk, plain_name(row), row.size) for row in others} if digests else {}
    known |= draft.kept
    for control in found:
        if control.kind == "file":
            control.files = [known[digest] for digest in control.raw or [] if digest in known]
    return found


def _control(name: str, decl: FieldDecl, required: bool, given: Raw, lists: Lists) -> Control:
    kind = KINDS.get(decl.type, "text")
    groups = lists.of(decl)
    if decl.type is FieldType.FLAG:
        kind, groups = "radio", [("", [("是", "是"), ("否", "否")])]
    elif decl.type is FieldType.CHOICE:
        kind = "radio" if len(decl.choices) <= FEW else "select"
    elif decl.type is FieldType.TEXT and (decl.long or (decl.max or 0) > 300):
        kind = "long"
    # 地点的说明是写给居民手机的（点地图）；这里有自己的说明。
    told = "" if kind == "place" else decl.help or ""
    control = Control(name, decl.title, kind, required, told, given, decl, groups)
    if decl.type is FieldType.FACTORS and not control.help:
        control.help = "一行写一项，如“情形：取值”"
    if kind == "rows":
        given = given if isinstance(given, list) else []
        for index in range(min(len(given) + EXTRA_ROWS, decl.max or raws.MAX_ROWS)):
            row = given[index] if index < len(given) else {}
            control.rows.append(
                [
                    _control(f"{control.html}-{index}-{column}", sub, False, row.get(column, ""), lists)
                    for column, sub in decl.columns.items()
                ]
            )
    return control
