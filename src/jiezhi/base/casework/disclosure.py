"""看件上保密的内容：一份材料能不能直接给、要不要先写明原因；写明原因的先提交查看记录，再给。

页面和接口用同一套。`reveal_field`、`record_reading` 的调用者须已确认此人看得到这件。
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import note_reads
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, Event, EvidenceFile
from jiezhi.base.casework.queries import case_for, definition_of, evidence_names, evidence_of, plain_name
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.core.procedure import interpreter
from jiezhi.core.procedure.change import doers
from jiezhi.core.procedure.view import Request

# 查询码不是字段：它不存在库里。这样写，与哪个字段都不重名。
CODE = "query-code"


@dataclass(frozen=True, slots=True)
class Held:
    """件上的一份材料。`secret` 为真的要先写明原因；`fields` 是它所在的字段。"""

    file: EvidenceFile
    name: str
    secret: bool
    fields: tuple[str, ...]


def file_for(officer: Officer, uid: str, digest: str) -> tuple[Case, Held] | None:
    """他看得见的一件和上面的一份材料；看不见这件、没有用在这一件上、已依法清除的为 None。

    只要有一处不保密，就不用写明原因。
    """
    case = case_for(officer, uid)
    uses = list(evidence_of(case).filter(file=digest, file__erased_at=None)) if case is not None else []
    if case is None or not uses:
        return None
    declared = definition_of(case).matter.fields
    fields = tuple(dict.fromkeys(use.field for use in uses))
    if all(name not in declared or declared[name].secret for name in fields):
        # 保密的材料，文件名也可能有内容。
        return case, Held(uses[0].file, plain_name(uses[0].file), True, fields)
    return case, Held(uses[0].file, evidence_names(uses)[digest], False, fields)


def reveal_field(
    case: Case, name: str, *, reason: str, acting_officer: Officer, now: datetime | None = None
) -> Any:
    """查看件上一个敏感字段的明文。先提交一条查看记录，再返回明文；记录写不成就不给看。

    不能在别的事务里调用（RuntimeError）。没有这个字段、不是敏感字段 → KeyError；原因太短 → ValidationError。
    """
    decl = definition_of(case).matter.fields[name]
    if not decl.secret:
        raise KeyError(name)
    record_reading(case, name, decl.title, reason=reason, acting_officer=acting_officer, now=now)
    return case_view(case, ()).fields.get(name)


def record_reading(
    case: Case, name: str, title: str, *, reason: str, acting_officer: Officer, now: datetime | None = None
) -> None:
    """记下谁因何查看了这件的哪一项，提交之后才返回。原因太短 → ValidationError；已离岗 → NotAllowed。"""
    require_active(acting_officer)
    if len(reason.strip()) < MIN_REASON:
        raise ValidationError({"reason": f"请写明查看原因，至少 {MIN_REASON} 个字"})
    with transaction.atomic(durable=True):
        note_reads(
            [(case, {name: title}, case.number)],
            reason=reason,
            acting_officer=acting_officer,
            now=now or timezone.now(),
        )


def may_tell_code(
    case: Case, officer: Officer, now: datetime, bodies: Iterable[Mapping[str, Any]] | None = None
) -> bool:
    """能不能看查询码、抄给来件人：登记得了这种件的岗位。办过答复的人不行：查询码能替来件人评价。

    `bodies` 是件上全部办理记录的内容，从旧到新，调用者手上有的给了就不再查。换过版的，照含义认办过的步骤：
    动作换了代号，以前答复过的人还是答复过。
    """
    definition = definition_of(case)
    if definition.matter.reported_by is None:
        return False
    request = Request("", officer_actor(officer), now, now)
    env = Work(now).env(definition, request)
    if not interpreter.available(definition, None, request, env):
        return False
    if bodies is None:
        rows = Event.objects.filter(case=case).order_by("seq").values_list("body", flat=True)
        bodies = [json.loads(bytes(body)) for body in rows]
    return str(officer.pk) not in doers(bodies, "answer")


def tell_code(case: Case, *, reason: str, acting_officer: Officer, now: datetime | None = None) -> str:
    """看一件的查询码，抄给来件人本人：先提交一条查看记录，再返回。

    不由他看 → NotAllowed；原因太短 → ValidationError。不能在别的事务里调用（RuntimeError）。
    """
    if not may_tell_code(case, acting_officer, now or timezone.now()):
        raise NotAllowed("查询码由登记这种件的岗位抄给来件人本人；办过答复的人不能看")
    record_reading(case, CODE, "查询码", reason=reason, acting_officer=acting_officer, now=now)
    return receipt_code(str(case.uid))
