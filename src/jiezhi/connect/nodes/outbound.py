"""要送出去的：随之发生 nodes.send、听众（每一步的消息），写成一条条内容，等着成包。

送什么：开件的填写内容（送件）、来件人后来的评价、要求重办、撤回（办理）、对来件人可说的话和办到哪里（消息）。
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from jiezhi.base.casework import matters, queries
from jiezhi.base.casework.engine.rows import case_view
from jiezhi.base.casework.extensions import Context, Step
from jiezhi.base.casework.followups import CODE, merged_under, own_words, people_to_mask
from jiezhi.base.casework.models import Case, Delivery, Event, EvidenceFile
from jiezhi.base.casework.outbox import NotYet
from jiezhi.connect import steps
from jiezhi.connect.nodes import roster
from jiezhi.connect.nodes.models import Link, OutgoingEntry, Peer
from jiezhi.core.evidence.canonical import encode
from jiezhi.core.evidence.instants import to_iso
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.fields import FieldType
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.view import CaseView
from jiezhi.core.prose.redaction import redactor

OPEN, ACT, NEWS, REFUSED, HELLO = "open", "act", "news", "refused", "hello"
Clean = Callable[[str], str]
Queued = Iterator[tuple[str, dict[str, Any]]]
# 自由填写的：不送姓名电话的节点，里面出现的也要遮。
_WORDS = (FieldType.TEXT, FieldType.ROWS, FieldType.PARTY)
# 本机才有的代号，送过去没有意义。
_LOCAL = (FieldType.OFFICER, FieldType.UNIT, FieldType.POWER)
RECEIVED, HANDLING, ANSWERED = "received", "handling", "answered"


# ---- 办理的事务里：只排上 ----


def send(context: Context) -> Queued:
    """随之发生 `nodes.send`：送内网节点；移送到某单位的，送登记为那个单位的上级节点。没有登记的什么也不做。"""
    view = context.view
    assert view is not None
    for one in roster.known(context):
        if one.kind == Peer.Kind.INSIDE:
            yield ("node.open" if view.seq == 1 else "node.act"), {"peer": one.pk}
        elif one.kind == Peer.Kind.SUPERIOR and one.trusted and one.unit and one.unit == view.unit:
            yield "node.open", {"peer": one.pk}


def listen(context: Context, step: Step) -> Queued:
    """听众：环节变了的、有话对来件人说的，可能要告诉送件来的节点；是不是它送来的，做的时候再看。"""
    assert context.definition is not None and context.view is not None
    peers = [one for one in roster.known(context) if one.opens == context.definition.id]
    if not peers:
        return
    decl = context.definition.action(step.action)
    tells = decl is not None and any(one.to in ("reporter", "followers") for one in decl.notify)
    if tells or step.opened or step.from_state != step.to_state:
        yield "node.news", {"stage": stage_of(context.definition, context.view, step.to_state, tells)}


def stage_of(definition: Definition, view: CaseView, state: str, tells: bool) -> str:
    """办到哪里，用两边都懂的话：received、handling、answered，或怎样结束的（done、withdrawn、merged、transferred）。"""
    decl = definition.matter.states[state]
    if decl.terminal:
        return decl.ended or "done"
    may_rate = any(
        "rate" in one.means and "reporter" in one.by
        for one in (definition.matter.actions[name] for name in definition.by_state[state])
    )
    if "answer" in view.done and (tells or may_rate):
        return ANSWERED
    return HANDLING if "dispatch" in view.done else RECEIVED


# ---- 提交之后：写成内容 ----


def queue_open(row: Delivery, now: datetime) -> str:
    """送件：开件时填的，件上现在的值。"""
    peer, (case, event) = _peer(row), _parts(row)
    definition = matters.definition_of(case.version)
    names = {
        name
        for action in definition.opening_actions
        for name in definition.matter.actions[action].collected()
    }
    values = {name: value for name, value in case_view(case, ()).fields.items() if name in names}
    clean = _cleaner(peer, values, case)
    data, files = _fields(definition, values, clean, secret=_private(peer))
    uid = f"{case.uid}:{event.seq}"
    _put(
        peer,
        uid,
        OPEN,
        case,
        {
            "ref": str(case.uid),
            "number": case.number,
            "office": str(settings.OFFICE_NAME),
            "at": to_iso(event.at),
            "fields": data,
            "reason": clean(steps.reason(event)),
            "files": files,
        },
        now,
    )
    Link.objects.create(peer=peer, case=case, theirs=False, ref=str(case.uid), round=uid, created_at=now)
    return f"已列入送{peer.name}的内容"


def queue_act(row: Delivery, now: datetime) -> str:
    """来件人后来办的。送件还没有列入的等一等：两条的先后不能乱。"""
    peer, (case, event) = _peer(row), _parts(row)
    link = Link.objects.filter(peer=peer, case=case, theirs=False).order_by("-pk").first()
    if link is None:
        raise NotYet("件还没有列入要送的内容")
    definition = matters.definition_of(case.version)
    decl = definition.action(event.action)
    filled = steps.filled(event)
    clean = _cleaner(peer, filled, case)
    values, files = _fields(definition, filled, clean, secret=_private(peer))
    data = {
        "round": link.round,
        "means": list(decl.means) if decl else [],
        "title": decl.title if decl else event.action,
        "at": to_iso(event.at),
        "fields": values,
        "reason": clean(steps.reason(event)),
        "files": files,
    }
    _put(peer, f"{case.uid}:{event.seq}", ACT, case, data, now)
    return f"已列入送{peer.name}的内容"


def queue_news(row: Delivery, now: datetime) -> str:
    """一步的消息：对来件人说的话和办到哪里。办理细节不送外网。"""
    case, event = _parts(row)
    told = told_in(Delivery.objects.filter(event=event, kind="notify"))
    followers = [case, *merged_under(case)]
    links = list(Link.objects.filter(case__in=followers, theirs=True).select_related("peer").order_by("pk"))
    sent = 0
    for link in links:
        stage = row.payload["stage"] if link.case_id == case.pk else _following(row.payload["stage"])
        if stage == link.stage and not told:
            continue
        own = next(one for one in followers if one.pk == link.case_id)
        _put_news(link, own, case, event, stage, told, now)
        Link.objects.filter(pk=link.pk).update(stage=stage)
        sent += 1
    return f"已列入要送的消息 {sent} 条" if sent else "不是节点送来的件，或没有新的话"


def told_in(notices: QuerySet[Delivery]) -> list[dict[str, str]]:
    """这些通知里对来件人说的话，按先后。给查询码的不算：它只对在这里登记的人有用。"""
    rows = notices.order_by("pk").values_list("payload", flat=True)
    return [one for one in rows if one["to"] in ("reporter", "followers") and CODE not in one["text"]]


def _following(stage: str) -> str:
    """并入别的件之后跟着主件走：主件自己并入、撤回，与它无关。"""
    return HANDLING if stage in ("merged", "withdrawn") else stage


def _put_news(
    link: Link, own: Case, case: Case, event: Event, stage: str, told: list[dict[str, str]], now: datetime
) -> None:
    definition = matters.definition_of(case.version)
    outside = link.peer.kind == Peer.Kind.OUTSIDE
    values: dict[str, Any] = {}
    if stage == ANSWERED:
        wanted = {
            name
            for decl in definition.matter.actions.values()
            if "answer" in decl.means
            for name in decl.collected()
        }
        values = {name: value for name, value in case_view(case, ()).fields.items() if name in wanted}
        if outside:  # 外网只放可以公开的话
            public = {name for name, decl in definition.matter.fields.items() if decl.public}
            values = {name: value for name, value in values.items() if name in public}
    clean = _cleaner(link.peer, steps.filled(event), case, own, keep=link.number)
    fields, files = _fields(definition, values, clean, secret=False, with_files=not outside)
    data = {
        "round": link.round,
        "number": own.number,
        "stage": stage,
        "state": definition.matter.states[event.to_state].title,
        "told": [clean(said) for one in told for said in own_words(one, case, [own])],
        "at": to_iso(event.at),
        "fields": fields,
        "reason": clean(steps.reason(event)) if not outside and stage == "transferred" else "",
        "files": files,
    }
    _put(link.peer, f"{case.uid}:{event.seq}:{link.pk}", NEWS, own, data, now)


def put_refusal(peer: Peer, uid: str, say: str, now: datetime) -> None:
    """告诉对方：送来的这一条没有办成，为什么。"""
    _put(peer, f"refused:{uid}"[:120], REFUSED, None, {"entry": uid, "say": say[:400]}, now)


def put_hello(peer: Peer, now: datetime) -> None:
    """重起一轮总要有一包：对方凭它知道我收到哪里，缺的重新送。"""
    _put(peer, f"hello:{peer.out_epoch}", HELLO, None, {"office": str(settings.OFFICE_NAME)}, now)


def _put(peer: Peer, uid: str, kind: str, case: Case | None, data: Mapping[str, Any], now: datetime) -> None:
    OutgoingEntry.objects.get_or_create(
        peer=peer,
        uid=uid,
        defaults={
            "kind": kind,
            "case": case,
            "sealed": encode(dict(data)).decode(),
            "files": [one["sm3"] for one in data.get("files", ())],
            "created_at": now,
        },
    )


def _parts(row: Delivery) -> tuple[Case, Event]:
    """件和那一步。件先锁住：正在依法清除的，等它清完再看内容。"""
    assert row.case_id is not None and row.event_id is not None
    case = Case.objects.select_for_update(no_key=True).get(pk=row.case_id)
    return case, Event.objects.select_related("payload").get(pk=row.event_id)


def _peer(row: Delivery) -> Peer:
    return Peer.objects.get(pk=row.payload["peer"])


def _private(peer: Peer) -> bool:
    """来件人的姓名电话送不送给它。"""
    return peer.sensitive or peer.kind == Peer.Kind.INSIDE


def _cleaner(peer: Peer, values: Mapping[str, Any], *cases: Case, keep: str = "") -> Clean:
    """送给它的文字怎样写：不送姓名电话的去标识；件的编号、本单位的电话照留，不然对不上、找不到人。"""
    if _private(peer):
        return str
    clean = redactor([party for case in cases for party in people_to_mask(case, values)])
    phone = settings.OFFICE_CONTACT.get("phone", "")
    kept = [one for one in (*(case.number for case in cases), keep, phone) if one]
    pattern = re.compile("|".join(re.escape(one) for one in sorted(kept, key=len, reverse=True)))

    def write(text: str) -> str:
        between = pattern.split(text)
        whole = [*pattern.findall(text), ""]
        return "".join(clean(part) + number for part, number in zip(between, whole, strict=True))

    return write


def _fields(
    definition: Definition, values: Mapping[str, Any], clean: Clean, *, secret: bool, with_files: bool = True
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """能送的值，和其中材料的清单（摘要、字节数、不露原名的名称、种类）。清除了的、只在本机有意义的不送。"""
    sent: dict[str, Any] = {}
    digests: list[str] = []
    for name, value in values.items():
        decl = definition.matter.fields.get(name)
        if decl is None or value in (None, ERASED) or decl.type in _LOCAL or (decl.secret and not secret):
            continue
        if decl.type is FieldType.FILE:
            if with_files:
                sent[name] = list(value)
                digests += value
            continue
        sent[name] = steps.cleaned(value, clean) if decl.type in _WORDS else value
    rows = EvidenceFile.objects.filter(pk__in=digests, erased_at=None).order_by("pk")
    files = [
        {"sm3": one.digest, "size": one.size, "name": queries.plain_name(one), "kind": one.kind}
        for one in rows
    ]
    here = {one["sm3"] for one in files}
    for name, value in sent.items():
        if isinstance(value, list) and definition.matter.fields[name].type is FieldType.FILE:
            sent[name] = [one for one in value if one in here]
    return {name: value for name, value in sent.items() if value != []}, files
