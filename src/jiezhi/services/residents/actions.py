"""居民不用登录能办的：来件、传照片、凭编号和查询码查自己那一件并办其中的一步。办理都走 casework 的门。"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.posts import ADMIN
from jiezhi.base.casework import actions, files, matters, slips
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.base.casework.outcome import Refused, Result, refuse
from jiezhi.base.casework.receipts import case_with_code
from jiezhi.base.casework.reminders import remind
from jiezhi.base.registry import queries as registry
from jiezhi.core.procedure import interpreter
from jiezhi.core.procedure.actions import ActionDecl
from jiezhi.core.procedure.base import Call
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import Actor, Plan, Refusal, Request
from jiezhi.services.residents.models import CodeMiss

RESIDENT = Actor("reporter")
# 只按来访的地址限，编号不锁：不然谁都能把别人的编号试到锁住，本人反而查不了。
# 查询码 50 位（32 的 10 次方，约 1.1×10^15）。一个地址一小时最多试错 30 次，对准一个编号猜中的机会是
# 30 / 1.1×10^15 ≈ 2.7×10^-14；一万个地址一起猜一整年（10,000 × 30 × 8,760 ≈ 2.6×10^9 次）也只有 2.3×10^-6。
# 同一出口的居民（社区服务站、一栋楼）合用这 30 次，放宽是怕老人抄错；查对了的不算。
WINDOW = timedelta(hours=1)
TRIES = 30
# 全站一小时试错到这么多次，多半是有人在乱试：写运行记录、提醒系统管理员，不拒任何人。
ALARM = 1000
FORGET = timedelta(days=1)
OFFICE = "office"

logger = logging.getLogger(__name__)


class CodeRefused(Exception):
    """编号或查询码不对，或者试得太多了。`wait` 是还要等多久；不用等的为 None。"""

    def __init__(self, say: str, wait: timedelta | None = None) -> None:
        super().__init__(say)
        self.wait = wait


def find(number: str, code: str, *, address: str, now: datetime | None = None) -> Case:
    """凭编号和查询码找自己那一件。

    `address` 是来人的网络地址（可信代理之后的真地址），只用来数试错次数（存的是摘要）。编号不对、查询码不对说
    同一句话。出错：CodeRefused。对了的不写库。
    """
    moment = now or timezone.now()
    mark = _mark(address)
    wait = _locked(mark, moment)
    if wait is not None:
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        raise CodeRefused(f"试错的次数太多了，请 {minutes} 分钟后再试；查询码在登记成功时给过", wait)
    found = case_with_code(number, code)
    if found is None:
        with transaction.atomic():
            _missed("address", mark, moment)
            count = _missed(OFFICE, OFFICE, moment)
        if count == ALARM:
            _alarm(moment)
        raise CodeRefused("编号或查询码不对，请核对后再试；查询码在登记成功时给过")
    return found


def _mark(address: str) -> str:
    return secrets.blind_index("residents.address", address) or "-"


def _locked(mark: str, now: datetime) -> timedelta | None:
    rows = CodeMiss.objects.filter(kind="address", mark=mark, count__gte=TRIES, first_at__gt=now - WINDOW)
    first = rows.values_list("first_at", flat=True).first()
    return first + WINDOW - now if first is not None else None


def _missed(kind: str, mark: str, now: datetime) -> int:
    """记一次，返回这段时间里第几次。加一在库里做，几个进程合在一起数。在事务里调用。"""
    mine = CodeMiss.objects.filter(kind=kind, mark=mark)
    if not mine.filter(first_at__gt=now - WINDOW).update(count=F("count") + 1) and not mine.update(
        count=1, first_at=now
    ):
        CodeMiss.objects.filter(first_at__lt=now - FORGET).delete()
        try:
            with transaction.atomic():
                CodeMiss.objects.create(kind=kind, mark=mark, first_at=now)
        except IntegrityError:  # 另一个进程刚记了第一次
            mine.update(count=F("count") + 1)
    return mine.values_list("count", flat=True).get()


def _alarm(now: datetime) -> None:
    text = (
        f"一小时里查询码试错到了 {ALARM} 次，多半是有人在乱试编号。猜中的机会极小，没有拒绝任何人；"
        "请看前面代理的访问记录，把乱试的地址挡掉。"
    )
    logger.warning("查询码试错：%s", text)
    key = f"residents.codes:{now:%Y-%m-%dT%H:%M}"
    remind(key, to=registry.officers_with(ADMIN, at=now), title="有人在乱试查询码", text=text, now=now)


def receive_photo(upload: BinaryIO, name: str, *, now: datetime | None = None) -> tuple[EvidenceFile, str]:
    """收下居民传的一张照片，返回登记的行和收据。只收照片；收据是随后用它的唯一凭据。出错：FileRefused。

    盘快满了先不收居民的（NoRoom），剩下的留给办件。
    """
    files.check_room(settings.RESIDENT_MIN_FREE_BYTES)
    row = files.store(upload, name, kind="photo", acting_officer=None, now=now or timezone.now())
    return row, slips.give("", row.digest)


def online(definition: Definition, work: Work) -> list[str]:
    """这份业务模板里现在可以网上登记的开件动作：模板写了 online、这台机器上条件成立、来件人能办。

    列出来的和收下来的都看它。`work` 只用来问条件，什么也不写。
    """
    found = []
    for name in definition.opening_actions:
        decl = definition.matter.actions[name]
        request = Request(name, RESIDENT, work.now, work.now)
        env = work.env(definition, request)
        if (
            decl.online is not None
            and definition.matter.host_system is None
            and all(env.call(Call(name=one), None, {}) for one in decl.online.needs)
            and isinstance(interpreter.plan(definition, None, request, env, probe=True), Plan)
        ):
            found.append(name)
    return found


def report(matter: str, action: str = "", *, inputs: Mapping[str, Any], key: str | None = None) -> Result:
    """居民来件。`inputs` 里的照片写收据；`key` 是请求标识，同一标识同一内容再来不另开一件。"""
    try:
        definition = matters.definition_of(matters.current_version(matter))
    except matters.UnknownMatter as error:
        return refuse(matter, "unknown_matter", str(error), "从可以网上登记的业务里选")
    can = online(definition, Work(timezone.now()))
    opening = action or next(iter(can), "")
    if opening not in can:
        return refuse(definition.matter.title, "unknown_matter", "这项业务不能在网上登记", "到街道窗口办理")
    handed = slips.accept(definition.matter.fields, inputs, officer=None)
    if handed.problems:
        return Refused(Refusal(opening, definition.matter.actions[opening].title, handed.problems))
    return actions.open_case(matter, opening, actor=RESIDENT, inputs=handed.inputs, key=key)


def act(
    case: Case, action: str, *, inputs: Mapping[str, Any], reason: str = "", key: str | None = None
) -> Result:
    """来件人办自己那一件的一步：评价、要求重办、撤回……，照业务模板。`case` 须是 `find` 找到的。"""
    definition: Definition = matters.definition_of(case.version)
    decl = definition.action(action)
    if decl is None or not _mine(decl):
        return refuse(action, "unknown_action", "没有这个办理动作", "从查到的进度里列出的选")
    handed = slips.accept(definition.matter.fields, inputs, officer=None)
    if handed.problems:
        return Refused(Refusal(action, decl.title, handed.problems))
    return actions.act(str(case.uid), action, actor=RESIDENT, inputs=handed.inputs, reason=reason, key=key)


def _mine(decl: ActionDecl) -> bool:
    return RESIDENT.kind in decl.by
