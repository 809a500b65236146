"""读：登记、谁能对账、对方改了的、该对账而没有对的、对账的结果、要抄录的。"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case, CaseField
from jiezhi.base.casework.queries import masked_value, visible
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.queries.areas import area_paths
from jiezhi.connect.excel.changes import values_of
from jiezhi.connect.excel.models import SheetChange
from jiezhi.connect.systems.models import ReconcileItem, ReconcileNote, ReconcileRun, SystemEntry
from jiezhi.core.calendar import CHINA
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.digest import sm3_hex
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.external import CopyDecl, ExternalDecl, ListedMatter, Window, windows
from jiezhi.core.procedure.fold import ERASED

LOOKED_BACK = 60
"""该对账而没有对的，最多往回列几期。"""


@dataclass(frozen=True, slots=True)
class Register:
    """一个外部系统现在用的登记。`local` 为真是本单位改过的；`faults` 不空的不能用。"""

    decl: ExternalDecl
    entry: SystemEntry
    local: bool
    faults: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """能不能导入、对账、抄录。"""
        return bool(self.decl.matters) and not self.faults

    @property
    def digest(self) -> str:
        """内容摘要：照哪一版对的账。"""
        return sm3_hex(encode(content_of(self.decl)))

    def key_of(self, matter: str) -> str | None:
        """双方凭哪个字段认这种件；凭件号的为 None。"""
        listed = self.decl.matters[matter]
        return listed.key or definition_of(matter).matter.number_field.get(self.decl.title)


def content_of(decl: ExternalDecl) -> dict[str, Any]:
    """登记的内容（存库、求摘要用）。"""
    found: dict[str, Any] = decl.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return found


def registers() -> list[Register]:
    """全部登记，按名称。"""
    return [_register(entry) for entry in SystemEntry.objects.order_by("code")]


def register_of(code: str) -> Register:
    """一个外部系统的登记；没有 → ValidationError。"""
    entry = SystemEntry.objects.filter(code=code).first()
    if entry is None:
        known = "、".join(SystemEntry.objects.order_by("code").values_list("code", flat=True))
        raise ValidationError(f"没有登记“{code}”这个外部系统。登记了的：{known or '（还没有）'}。")
    return _register(entry)


def usable(code: str) -> Register:
    """能用的登记；没有业务模板、与业务模板不合的 → ValidationError，说明缘由。"""
    found = register_of(code)
    if found.faults:
        said = "；".join(found.faults)
        raise ValidationError(
            f"本单位改过的“{found.decl.title}”的登记与现在的业务模板不合，请系统管理员改正：{said}"
        )
    if not found.decl.matters:
        raise ValidationError(f"“{found.decl.title}”还不能导入、对账、抄录：{found.decl.why}")
    return found


def _register(entry: SystemEntry) -> Register:
    decl = ExternalDecl.model_validate(entry.local or entry.shipped)
    return Register(decl, entry, entry.local is not None, tuple(entry.faults))


def pattern_of(title: str) -> re.Pattern[str] | None:
    """这个系统的编号怎样写；没有登记的为 None。"""
    entry = SystemEntry.objects.filter(title=title).first()
    return re.compile(_register(entry).decl.number.pattern) if entry else None


def definition_of(matter: str) -> Definition:
    """业务模板的现行版本。没有公布 → UnknownMatter。"""
    return matters.definition_of(matters.current_version(matter))


def owners(register: Register, now: datetime) -> list[Officer]:
    """负责的人：登记里写在前面的岗位有人任的就是他们。"""
    for post in register.decl.owner:
        if people := registry.officers_with(post, at=now):
            return people
    return []


def may_manage(register: Register, officer: Officer, now: datetime) -> bool:
    """能不能导入、对账、看对账的结果：任登记里写的岗位，不限区域的。

    对账要把全街道的件都对上才算数，所以不按谁看得见哪件筛；结果里只有编号、状态、日期、数额、单位。
    """
    held = registry.holdings(officer.pk, now) if officer.is_active else []
    mine = [path for post, _, path in held if post in register.decl.owner]
    return any(path is None or _whole(path) for path in mine)


def _whole(path: str) -> bool:
    """这个区域就是全街道：别的区域都在它里面，或者是它的上级。"""
    return all(one.startswith(path) or path.startswith(one) for one in area_paths().values())


def require_manager(register: Register, officer: Officer | None, now: datetime) -> None:
    """不是负责的岗位 → NotAllowed；None 是系统。"""
    if officer is not None and not may_manage(register, officer, now):
        posts = "、".join(registry.post_title(post) for post in register.decl.owner)
        raise NotAllowed(f"“{register.decl.title}”的导入、对账由{posts}办")


# ---- 对方改了 ----


@dataclass(frozen=True, slots=True)
class Change:
    """对方改了的一列，给人看的。`before`、`now` 是这个人看得到的样子（敏感的打码）。"""

    row: SheetChange
    before: Any
    now: Any


def changes(register: Register, *, status: str = SheetChange.Status.WAITING) -> QuerySet[SheetChange]:
    """这个系统的表里对方改了的，新的在前；`status` 为空是全部。"""
    found = SheetChange.objects.filter(system=register.decl.title).select_related("run", "officer")
    return (found.filter(status=status) if status else found).order_by("-pk")


def shown_change(row: SheetChange) -> Change:
    """给人看的原来和现在：敏感字段打码；已依法清除的写明。"""
    if not bytes(row.sealed):
        return Change(row, ERASED, ERASED)
    before, now = values_of(row)
    decl = definition_of(row.matter).matter.fields.get(row.field)
    if decl is not None and not decl.secret:
        return Change(row, before, now)

    def hidden(value: Any) -> Any:
        if value is None:
            return None
        whole = masked_value(decl, {row.part: value} if row.part else value)
        return whole[row.part] if row.part and isinstance(whole, dict) else whole

    return Change(row, hidden(before), hidden(now))


# ---- 对账 ----


@dataclass(frozen=True, slots=True)
class Due:
    """一期还没有对的账。`late` 为真是过了该对的日子。"""

    register: Register
    window: Window
    late: bool
    people: tuple[Officer, ...]


def due(now: datetime | None = None) -> list[Due]:
    """该对账而没有对的，先到期的在前。一期要由对过的各次接得上、盖得住才算对过。"""
    moment = now or timezone.now()
    today = moment.astimezone(CHINA).date()
    found: list[Due] = []
    for register in registers():
        if not register.usable:
            continue
        spans = _spans(register)
        people = tuple(owners(register, moment))
        for window in windows(register.decl.period, register.entry.since, today)[-LOOKED_BACK:]:
            if not _covered(window, spans):
                found.append(Due(register, window, today > window.deadline, people))
    return sorted(found, key=lambda one: (one.window.deadline, one.register.decl.system))


def _spans(register: Register) -> list[tuple[date, date]]:
    rows = ReconcileRun.objects.filter(system=register.decl.system).order_by("since", "until")
    spans: list[tuple[date, date]] = []
    for since, until in rows.values_list("since", "until"):
        if spans and since <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], until))
        else:
            spans.append((since, until))
    return spans


def _covered(window: Window, spans: Iterable[tuple[date, date]]) -> bool:
    return any(since <= window.since and window.until <= until for since, until in spans)


def runs(register: Register | None = None) -> QuerySet[ReconcileRun]:
    """对过的账，新的在前。"""
    found = ReconcileRun.objects.select_related("officer").order_by("-at", "-pk")
    return found if register is None else found.filter(system=register.decl.system)


def items(run: ReconcileRun, *, kind: str = "") -> QuerySet[ReconcileItem]:
    """一次对账的各处不符，按次序。"""
    found = run.items.order_by("place")
    return found.filter(kind=kind) if kind else found


def explained(run: ReconcileRun) -> dict[str, ReconcileNote]:
    """已说明的：不符的摘要 → 最后一条说明（以前几次对账里说明过的同一处也算）。"""
    rows = ReconcileNote.objects.filter(system=run.system, mark__in=run.items.values("mark")).select_related(
        "officer"
    )
    return {row.mark: row for row in rows.order_by("pk")}


def left(run: ReconcileRun) -> dict[str, int]:
    """各类还有几处没有说明。"""
    done = set(explained(run))
    found: dict[str, int] = defaultdict(int)
    for kind, mark in run.items.values_list("kind", "mark"):
        if mark not in done:
            found[kind] += 1
    return dict(found)


# ---- 抄录 ----


def to_copy(register: Register, matter: str, officer: Officer, now: datetime) -> list[Case]:
    """这个人看得见的、到了要抄录的环节而没有抄过的，先来的在前。"""
    sheet = sheet_of(register, matter)
    rows = visible(officer, now).filter(matter=matter, state__in=sheet.when)
    rows = rows.select_related("version", "unit").defer("version__content").order_by("opened_at", "pk")
    if sheet.done == "number":
        key = register.key_of(matter)
        return list(rows.exclude(pk__in=CaseField.objects.filter(name=key).values("case")))
    meaning = sheet.done.removeprefix("means.")
    return [case for case in rows if meaning not in case.done]


def sheet_of(register: Register, matter: str) -> CopyDecl:
    """抄录单的声明；没有 → ValidationError。"""
    listed = listed_of(register, matter)
    if listed.sheet is None:
        raise ValidationError(f"“{register.decl.title}”没有声明“{matter}”的抄录单，请系统管理员在登记里写明")
    return listed.sheet


def listed_of(register: Register, matter: str) -> ListedMatter:
    """登记里的这种业务模板；没有 → ValidationError。"""
    found = register.decl.matters.get(matter)
    if found is None:
        known = "、".join(register.decl.matters)
        raise ValidationError(f"“{register.decl.title}”的登记里没有“{matter}”，有：{known}")
    return found
