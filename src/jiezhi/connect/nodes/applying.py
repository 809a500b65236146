"""照次序办收到的：一条一个事务，办成、记下“办过了”、往前推一条一起提交，断电重来不丢不重。

都走同一个门：外网送来的以来件人的身份办，上级送来的作外部机关的行为登记；办不成的记下缘由、告诉对方，不挡后面的。
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, DataError, transaction

from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome, Refused, Result
from jiezhi.connect.nodes import items, outbound
from jiezhi.connect.nodes.items import Item
from jiezhi.connect.nodes.models import Arrival, Incoming, Link, OutgoingEntry, Peer
from jiezhi.core.parcels import Entry, Parcel
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.view import Actor

log = logging.getLogger(__name__)

ROUND = 50
# 对方没有办成的，居民只看得到其中一句；缘由留在 OutgoingEntry.refused，给工作人员看。
NOT_YET = "街道还没有收下，工作人员正在处理，编号不变"
STILL = "街道没有办成撤回，街道仍在办理，编号不变"
UNDONE = "您刚才提的这一项街道没有办成，件办到哪里以查到的为准；问题还在的，可以要求重新办理"
ELSEWHERE = "对方没有办成，缘由请系统管理员用 jiezhi nodes status 看"
# 各种节点许送什么：外网的机器被人占了，也只能报事和替来件人评价。
ALLOWED: dict[str, frozenset[str]] = {
    Peer.Kind.OUTSIDE: frozenset({outbound.OPEN, outbound.ACT, outbound.REFUSED}),
    Peer.Kind.SUBORDINATE: frozenset({outbound.OPEN, outbound.REFUSED}),
    Peer.Kind.INSIDE: frozenset({outbound.NEWS, outbound.REFUSED}),
    Peer.Kind.SUPERIOR: frozenset({outbound.NEWS, outbound.REFUSED}),
}
# 来件人能办的：送来别的含义的不办。
REPORTERS = frozenset({"rate", "rework", "reopen", "withdraw", "close", "note"})
# 对方办到哪里 ↔ 本机登记它的动作带什么含义；没有合适的就登记一句话（note）。
STAGES: dict[str, tuple[str, ...]] = {
    "received": ("sign",),
    "handling": ("dispatch",),
    "answered": ("answer",),
    "done": ("close",),
    "transferred": ("return", "close"),
    "withdrawn": ("close",),
    "void": ("close",),
}


_CHINESE, _ENGLISH = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]+ [a-z]+")


@dataclass(frozen=True, slots=True)
class Told:
    """一条办得怎样。"""

    outcome: str
    say: str = ""
    case: Case | None = None


DONE, REFUSED, NOTED = Arrival.Outcome.DONE, Arrival.Outcome.REFUSED, Arrival.Outcome.NOTED


def apply_waiting(now: datetime, *, limit: int = ROUND) -> int:
    """办收到的，最多 `limit` 条，返回办了几条。某个节点的一包出错只停这个节点的，下次从那一条接着办。"""
    count = 0
    stuck: set[int] = set()
    rows = Incoming.objects.filter(applied_at=None).select_related("peer").order_by("peer", "epoch", "seq")
    for row in rows:
        peer = row.peer
        contiguous = row.epoch < peer.in_epoch or (row.epoch == peer.in_epoch and row.seq <= peer.in_seq)
        if row.peer_id in stuck or not contiguous:
            continue
        try:
            parcel = Parcel.from_json(row.sealed.encode())
            while count < limit and _next(row.pk, parcel, now):
                count += 1
        except Exception as error:  # 记下缘由，别的节点照办
            log.exception("节点 %s 的第 %s 号包没有办成", peer.code, row.seq)
            Incoming.objects.filter(pk=row.pk).update(trouble=f"没有办成，稍后再试：{why(error)}")
            stuck.add(row.peer_id)
        if count >= limit:
            break
    return count


def _next(pk: int, parcel: Parcel, now: datetime) -> bool:
    """办下一条；没有了就收尾，返回假。"""
    with transaction.atomic():
        row = Incoming.objects.select_for_update(of=("self",)).select_related("peer").get(pk=pk)
        if row.applied_at is not None:
            return False
        if row.done >= row.count:
            _let_go(row)
            Incoming.objects.filter(pk=pk).update(applied_at=now, trouble="")
            return False
        entry = parcel.entries[row.done]
        brought = frozenset(one.sm3 for one in parcel.files)
        if not Arrival.objects.filter(peer=row.peer, uid=entry.uid).exists():
            told = handle(Item(row, entry, brought, now))
            Arrival.objects.create(
                peer=row.peer,
                uid=entry.uid,
                kind=entry.kind.replace("\0", "")[:12],
                parcel=row,
                case=told.case,
                outcome=told.outcome,
                say=told.say[:400],
                at=now,
            )
            if told.outcome == REFUSED and entry.kind in (outbound.OPEN, outbound.ACT):
                outbound.put_refusal(row.peer, entry.uid, told.say, now)
        Incoming.objects.filter(pk=pk).update(done=row.done + 1)
    return True


def _let_go(row: Incoming) -> None:
    """随包来的材料不用再替它留着；还有没有办成的、等人再办的，接着留。"""
    if not row.arrivals.filter(outcome=REFUSED).exists():
        row.files.all().delete()


def handle(one: Item) -> Told:
    """办一条。在事务里；办不成的是返回值，办到一半的退回去。"""
    peer, entry = one.peer, one.entry
    if not one.storable():
        return Told(REFUSED, "内容里有空字符，存不下")
    if entry.kind == outbound.HELLO:
        return Told(NOTED)
    if entry.kind not in ALLOWED[peer.kind]:
        return Told(REFUSED, f"{peer.get_kind_display()}不能送“{entry.kind[:40]}”这种内容")
    do = {outbound.OPEN: _open, outbound.ACT: _act, outbound.NEWS: _news, outbound.REFUSED: _refused}
    try:
        with transaction.atomic():
            return do[entry.kind](one)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, DataError) as error:
        # DataError：长短、大小存不下的，PostgreSQL 才报。
        log.warning("节点 %s 送来的 %s 内容不成样", peer.code, entry.uid[:120], exc_info=True)
        return Told(REFUSED, f"内容不成样：{why(error)}")


def why(error: Exception) -> str:
    """出了什么错，用中文说；原文另进日志。"""
    if isinstance(error, KeyError) and error.args and type(error.args[0]) is str:
        return f"缺“{error.args[0][:40]}”这一项".replace("\0", "")
    if isinstance(error, DataError):
        return "有太长、太大而存不下的"
    if isinstance(error, DatabaseError):
        return "读写库出错"
    if isinstance(error, OSError):
        return "读写材料出错"
    said = str(error).replace("\0", "")
    return said[:300] if _CHINESE.search(said) and not _ENGLISH.search(said) else "写法不对"


def _locked(pk: int) -> Case:
    """先锁住再看它到了哪一步：别人同时在办的，等他办完。"""
    return Case.objects.select_for_update(of=("self",)).select_related("version").get(pk=pk)


# ---- 送来的件 ----


def _open(one: Item) -> Told:
    peer, data = one.peer, one.data
    if not peer.opens:
        return Told(
            REFUSED, f"节点“{peer.code}”没有写明来件开成什么，请系统管理员用 jiezhi nodes change 写明"
        )
    try:
        definition = matters.definition_of(matters.current_version(peer.opens))
    except matters.UnknownMatter as error:
        return Told(REFUSED, str(error))
    who = "reporter" if peer.kind == Peer.Kind.OUTSIDE else "import"
    action = next(
        (name for name in definition.opening_actions if who in definition.matter.actions[name].by), None
    )
    if action is None:
        return Told(REFUSED, f"“{definition.matter.title}”不接受{peer.get_kind_display()}送来的件")
    inputs, lost = items.inputs(one, definition, action, data["fields"])
    given: dict[str, Any] = {
        "actor": Actor("reporter") if who == "reporter" else Actor("import", name=peer.name),
        "at": one.at(),
        "now": one.now,
        "key": one.key,
        "origin": one.origin(),
        "reason": str(data.get("reason", "")),
    }
    result = actions.open_case(peer.opens, action, inputs=inputs, **given)
    if isinstance(result, Refused):
        # 选填的栏目两边不一样（类别、代码表）：去掉再开，来件不能因此收不下。
        optional = set(definition.matter.actions[action].collected()) - set(
            definition.matter.actions[action].required()
        )
        wrong = {item.field for item in result.refusal.missing if item.code == "input"} & optional
        if wrong:
            lost += [definition.matter.fields[name].title for name in sorted(wrong)]
            inputs = {name: value for name, value in inputs.items() if name not in wrong}
            result = actions.open_case(peer.opens, action, inputs=inputs, **given)
    if isinstance(result, Refused):
        return Told(REFUSED, str(result))
    case = Case.objects.get(uid=result.uid)
    Link.objects.get_or_create(
        peer=peer,
        theirs=True,
        round=one.entry.uid,
        defaults={
            "case": case,
            "ref": one.text("ref", 40),
            "number": one.text("number", 80),
            "created_at": one.now,
        },
    )
    return Told(DONE, f"没有采用的栏目：{'、'.join(lost)}" if lost else "", case)


# ---- 来件人后来办的 ----


def _act(one: Item) -> Told:
    peer, data = one.peer, one.data
    links = Link.objects.filter(peer=peer, theirs=True, round=one.text("round", 120))
    link = links.select_related("case").first()
    if link is None:
        return Told(REFUSED, "没有收下过这一件")
    case = _locked(link.case_id)
    definition = matters.definition_of(case.version)
    means = frozenset(data["means"])
    title = str(data.get("title", ""))[:40]
    if not means or not means <= REPORTERS:
        return Told(REFUSED, f"“{title}”不是来件人能办的", case)
    action = _matching(definition, case.state, means)
    if action is None:
        state = definition.matter.states[case.state].title
        return Told(REFUSED, f"{case.number} 现在是“{state}”，不能办“{title}”", case)
    inputs, lost = items.inputs(one, definition, action, data["fields"])
    result = actions.act(
        str(case.uid),
        action,
        actor=Actor("reporter"),
        inputs=inputs,
        reason=str(data.get("reason", "")),
        at=one.at(case.changed_at),
        now=one.now,
        key=one.key,
        origin=one.origin(),
    )
    return _told(result, case, lost)


def _matching(definition: Definition, state: str, means: frozenset[str]) -> str | None:
    """现在来件人能办的动作里，含义正好是这些的；没有就取含义最少的、包含这些的那一个（不止一个不猜）。"""
    candidates = [
        (name, frozenset(definition.matter.actions[name].means))
        for name in definition.by_state.get(state, ())
        if "reporter" in definition.matter.actions[name].by
    ]
    exact = [name for name, found in candidates if found == means]
    wider = [name for name, found in candidates if found > means]
    chosen = exact or wider
    return chosen[0] if len(chosen) == 1 else None


def _told(result: Result, case: Case, lost: list[str]) -> Told:
    if isinstance(result, Outcome):
        return Told(DONE, f"没有采用的栏目：{'、'.join(lost)}" if lost else "", case)
    return Told(REFUSED, str(result), case)


# ---- 对方办到哪里 ----


def _news(one: Item) -> Told:
    data = one.data
    links = Link.objects.filter(peer=one.peer, theirs=False, round=one.text("round", 120))
    link = links.select_related("case").first()
    if link is None:
        return Told(NOTED, "没有送过这一件")
    case = _locked(link.case_id)
    number = str(data.get("number", ""))[:80]
    if number and link.number != number:
        Link.objects.filter(pk=link.pk).update(number=number)
    newest = Link.objects.filter(peer=one.peer, theirs=False, case=case).latest("pk")
    if newest.pk != link.pk:
        return Told(NOTED, "这一件后来又送过一次，以后一次的为准", case)
    told = "\n".join(map(str, data["told"]))
    if number:
        told = told.replace(number, case.number)
    fields = {**data["fields"], "outside_number": number, "news": told or str(data["state"])}
    return _register(one, case, str(data["stage"]), fields, told or str(data.get("reason", "")))


def _refused(one: Item) -> Told:
    """对方说我送的一条没有办成：缘由记在那一条上，件上只登记一句固定的话。"""
    found = OutgoingEntry.objects.filter(peer=one.peer, uid=one.text("entry", 120))
    sent = found.select_related("case").first()
    if sent is None:
        return Told(NOTED, "没有送过这一条")
    say = str(one.data["say"])[:400]
    OutgoingEntry.objects.filter(pk=sent.pk).update(refused=say)
    if sent.case is None:
        return Told(NOTED, say)
    words = ELSEWHERE
    if one.peer.kind == Peer.Kind.INSIDE:
        withdrawn = sent.sealed and "withdraw" in json.loads(sent.sealed).get("means", ())
        words = NOT_YET if sent.kind == outbound.OPEN else STILL if withdrawn else UNDONE
    return _register(one, _locked(sent.case.pk), "", {"news": words}, words)


def _register(one: Item, case: Case, stage: str, fields: Mapping[str, Any], words: str) -> Told:
    """照对方办到哪里，在本机的件上登记；没有合适的动作就登记一句话，一句话也登记不了的只记在这里。"""
    definition = matters.definition_of(case.version)
    for meaning in (*STAGES.get(stage, ()), "note"):
        action = next(
            (
                name
                for name in definition.by_state.get(case.state, ())
                if "import" in definition.matter.actions[name].by
                and meaning in definition.matter.actions[name].means
            ),
            None,
        )
        if action is None:
            continue
        inputs, _ = items.inputs(one, definition, action, fields)
        inputs = {name: value for name, value in inputs.items() if value not in ("", [])}
        result = actions.act(
            str(case.uid),
            action,
            actor=Actor("import", name=one.peer.name),
            inputs=inputs,
            reason=words if definition.matter.actions[action].reason else "",
            at=one.at(case.changed_at) if "at" in one.data else None,
            now=one.now,
            key=one.key,
            origin=one.origin() if "at" in one.data else None,
        )
        return _told(result, case, [])
    return Told(NOTED, f"此刻没有要登记的：{words}"[:400], case)


def retry(arrival: Arrival, now: datetime) -> Arrival:
    """没有办成的再办一次（补了业务模板、代码表之后）。内容已清掉的 → ValueError。"""
    with transaction.atomic():
        row = Incoming.objects.select_related("peer").get(pk=arrival.parcel_id)
        arrival = Arrival.objects.select_for_update().get(pk=arrival.pk)
        if arrival.outcome != REFUSED:
            return arrival
        value = json.loads(row.sealed) if row.sealed else {"entries": [], "files": []}
        entry = next((Entry.from_value(one) for one in value["entries"] if one["id"] == arrival.uid), None)
        if entry is None or not entry.data:
            raise ValueError("内容已经清掉，不能再办；请对方重新送")
        told = handle(Item(row, entry, frozenset(one["sm3"] for one in value["files"]), now))
        arrival.outcome, arrival.say, arrival.at = told.outcome, told.say[:400], now
        arrival.case = told.case or arrival.case
        arrival.save(update_fields=["outcome", "say", "at", "case"])
        if row.applied_at is not None:
            _let_go(row)
    return arrival
