"""平台自带的办理：依法清除、重算暂定的时限、时限届满。"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import builtins, files
from jiezhi.base.casework.actions import officer_actor
from jiezhi.base.casework.engine.loading import Loaded
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import (
    CaseField,
    CaseParty,
    Clock,
    Delivery,
    Event,
    EvidenceFile,
    EvidenceUse,
    Notice,
    Payload,
)
from jiezhi.base.casework.outcome import Result, refuse
from jiezhi.base.registry import queries as registry
from jiezhi.core.calendar import REGIMES
from jiezhi.core.procedure import clockwork
from jiezhi.core.procedure.change import names_by_seq
from jiezhi.core.procedure.fold import ERASED, REASON
from jiezhi.core.procedure.view import SYSTEM

# 上层还留着的（如等人工归的扫描件）：（件的行号，序号 → 要清的字段，时刻）→ 不能再留的材料的摘要。
Eraser = Callable[[int, Mapping[int, set[str]], datetime], set[str]]
_erasers: list[Eraser] = []


def on_erase(function: Eraser) -> None:
    """登记依法清除时一并要做的；在清除的事务里做，件已锁住。同一个函数只登记一次。"""
    if function not in _erasers:
        _erasers.append(function)


def erase(
    case: str, fields: Sequence[str], *, acting_officer: Officer, reason: str, now: datetime | None = None
) -> Result:
    """依法清除一件上某些字段的全部历史值（个人信息保护法（2021）§47）：值和盐都销毁，摘要留下，链仍可验证。

    只有档案员能办，必须写明理由。清除后这些地方显示“已依法清除”。
    """
    moment = now or timezone.now()
    if not any(post == "archivist" for post, _, _ in registry.posts_of(acting_officer, moment)):
        return refuse("依法清除", "who", "“依法清除”要由档案员办理", "请转给档案员")
    if not reason.strip():
        return refuse("依法清除", "reason", "还没有写明理由", "写明清除的依据和申请")
    with transaction.atomic():
        work = Work(moment)
        work.load([case])
        loaded = work.loaded.get(case)
        if loaded is None:
            return refuse("依法清除", "no_case", "没有这件", "核对编号")
        bodies = work.bodies(case)
        known = {
            *loaded.definition.matter.fields,
            REASON,
            *(name for body in bodies for name in body["inputs"]),
        }
        unknown = [name for name in fields if name not in known]
        if unknown or not fields:
            return refuse("依法清除", "fields", "没有选要清除的内容，或选了没有的内容", "从列表中选")
        named = names_by_seq(bodies, fields)
        touched, words, digests = _strip(loaded, named, moment)
        if not touched:
            return refuse("依法清除", "fields", "这些内容没有填过，或早已清除", "核对要清除的内容")
        actor = officer_actor(acting_officer).record("archivist", None, None)
        current = [name for name in fields if loaded.view.fields.get(name) not in (None, ERASED)]
        effects = {
            "erase": touched,
            "erased_now": current,
        }
        result = work.builtin(case, "erase", actor, effects, moment, reason.strip())
        work.flush()
        _forget(loaded.row.pk, fields, words)
        for more in _erasers:
            digests |= more(loaded.row.pk, named, moment)
        _drop_files(loaded.row.pk, digests, moment)
        return result


def _strip(
    loaded: Loaded, fields: Mapping[int, set[str]], at: datetime
) -> tuple[list[dict[str, Any]], set[str], set[str]]:
    """从各条记录的内容里去掉这些字段（序号 → 那时的叫法）；返回（写进清除记录的项、去掉的文字、去掉的材料）。"""
    touched: list[dict[str, Any]] = []
    words: set[str] = set()
    digests: set[str] = set()
    mark = {"by_seq": loaded.view.seq + 1, "at": at.astimezone(clockwork.LOCAL).isoformat()}
    rows = Payload.objects.filter(event__case=loaded.row.pk).select_related("event").order_by("event__seq")
    for payload in rows:
        openings = json.loads(secrets.decrypt(bytes(payload.sealed)))
        gone = sorted(fields.get(payload.event.seq, set()) & set(openings))
        if not gone:
            continue
        item: dict[str, Any] = {"seq": payload.event.seq, "fields": gone}
        attached = {one["name"] for one in json.loads(bytes(payload.event.body))["files"]}
        for name in gone:
            value = openings.pop(name)["value"]
            payload.erased[name] = mark
            if name in attached:
                item["files"] = sorted({*item.get("files", []), *value})
                digests.update(value)
            else:
                words.update(_texts(value))
        payload.sealed = secrets.encrypt(json.dumps(openings, ensure_ascii=False))
        payload.save(update_fields=["sealed", "erased"])
        touched.append(item)
    return _strip_papers(loaded, fields, touched, digests), words, digests


def _strip_papers(
    loaded: Loaded, fields: Mapping[int, set[str]], touched: list[dict[str, Any]], digests: set[str]
) -> list[dict[str, Any]]:
    """印着这些字段的材料（文书、签回件）也一并清除：办理记录里写明了用到哪些字段。"""
    items = {item["seq"]: item for item in touched}
    rows = Event.objects.filter(case=loaded.row.pk, action__in=list(builtins.sources))
    for seq, action, data in rows.order_by("seq").values_list("seq", "action", "body"):
        body = json.loads(bytes(data))
        effects = body["effects"]
        source = builtins.sources[action](effects) or seq
        if not fields.get(source, set()) & set(effects.get("uses", [])):
            continue
        found = {item["digest"] for item in body["files"]}
        kept = EvidenceFile.objects.filter(pk__in=found, erased_at=None).values_list("pk", flat=True)
        if live := sorted(kept):
            item = items.setdefault(seq, {"seq": seq})
            item["files"] = sorted({*item.get("files", []), *live})
            digests.update(live)
    return [items[seq] for seq in sorted(items)]


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for item in value.values() for text in _texts(item)}
    return {value} if isinstance(value, str) and len(value) > 1 else set()


def _forget(case_id: int, fields: Sequence[str], words: set[str]) -> None:
    """索引和通知里抄过的也一并去掉。"""
    CaseParty.objects.filter(case=case_id, field__in=fields).delete()
    CaseField.objects.filter(case=case_id, name__in=fields).delete()
    for notice in Notice.objects.filter(Q(case=case_id) | Q(delivery__case=case_id)):
        if clean := _cleaned(notice.text, words):
            Notice.objects.filter(pk=notice.pk).update(text=clean)
    for row in Delivery.objects.filter(case=case_id, kind="notify"):
        payload = {name: _cleaned(text, words) or text for name, text in row.payload.items()}
        if payload != row.payload:
            Delivery.objects.filter(pk=row.pk).update(payload=payload)


def _cleaned(text: str, words: set[str]) -> str:
    clean = text
    for word in sorted(words, key=len, reverse=True):
        clean = clean.replace(word, ERASED)
    return clean if clean != text else ""


def _drop_files(case_id: int, digests: set[str], now: datetime) -> None:
    """别的件没有用到的材料，提交之后删去原件，连同原文件名、拍摄时间和地点。别的件也用到的，只去掉从这件来的原文件名。"""
    shared = EvidenceUse.objects.filter(file__in=digests).exclude(case=case_id).values_list("file", flat=True)
    alone = digests - set(shared)
    uses = EvidenceUse.objects.filter(file__in=digests).order_by().values("file").annotate(one=Min("pk"))
    named = EvidenceUse.objects.filter(case=case_id, pk__in=uses.values("one")).values("file")
    EvidenceFile.objects.filter(pk__in=named).update(name="")
    EvidenceFile.objects.filter(pk__in=alone).update(
        erased_at=now, name="", lon=None, lat=None, taken_at=None
    )
    for digest in alone:
        transaction.on_commit(partial(files.remove, digest))


def recompute_provisional(*, now: datetime | None = None) -> int:
    """放假安排公布后，重算暂定的时限；返回变动了几件。每件一条办理记录。"""
    moment = now or timezone.now()
    live = Clock.objects.filter(provisional=True).exclude(status="ended")
    changed = 0
    for uid in [str(one) for one in live.values_list("case__uid", flat=True).distinct()]:
        with transaction.atomic():
            changed += _recompute(uid, moment)
    return changed


def _recompute(uid: str, moment: datetime) -> int:
    work = Work(moment)
    work.load([uid])
    loaded = work.loaded[uid]
    env = work.env(loaded.definition)
    ops = []
    for clock in loaded.view.clocks:
        if not clock.live or not clock.provisional or clock.status == "paused":
            continue
        decl = loaded.definition.matter.clocks.get(clock.name)
        regime = clockwork.regime_of(loaded.definition, decl) if decl else REGIMES["office"]
        found = clockwork.due_of(
            clock.started_at,
            clock.limit,
            regime,
            env,
            favours=bool(decl and decl.protects),
            pauses=tuple((a, b) for a, b in clock.pauses if b),
            extensions=clock.extensions,
        )
        if datetime.fromisoformat(found["due"]) == clock.due_at and found.get("provisional", False):
            continue
        ops.append(clockwork.operation("due", clock, moment) | found)
    if not ops:
        return 0
    actor: Mapping[str, str] = SYSTEM.record(None, None, None)
    work.builtin(uid, "recompute_clock", actor, {"clocks": ops}, moment)
    work.flush()
    return 1
