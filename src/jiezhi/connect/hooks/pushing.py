"""推送：主线程备好一批的正文和签名，线程里逐条发出去，回来一批一起记日志。

连续没有送到的越等越久，多了就暂停、告诉管理员。一条没有送到，这一趟后面的就不发了。
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jiezhi.base.accounts.posts import ADMIN
from jiezhi.base.casework import outgoing
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.models import Case, Delivery, Event
from jiezhi.base.casework.reminders import remind
from jiezhi.base.casework.settling import BACKOFF, BACKOFF_MAX, Later
from jiezhi.base.registry import queries as registry
from jiezhi.connect import calling
from jiezhi.connect.hooks import actions, content, signing
from jiezhi.connect.hooks.models import Attempt, Subscription
from jiezhi.core.evidence import encode
from jiezhi.core.evidence.instants import to_iso

# 连续没有送到多少次就暂停：等的时间是 1、2、4……60 分钟，十次大约四小时。
PAUSE_AFTER = 10
SHOWN = 200
ASLEEP = timedelta(days=1)
GONE = 410  # 对方明说不再收了
UNSEEN = "绑定的人员看不见这件，没有推送"


@dataclass(frozen=True, slots=True)
class Load:
    """备好要发的一次；`unseen` 写明不该推的缘由，不发，只记日志。"""

    subscription: int
    message: str
    url: str
    body: bytes
    headers: dict[str, str]
    started: datetime
    event: int | None
    by_hand: bool
    unseen: str = ""


def prepare(rows: Sequence[Delivery], now: datetime) -> list[Load | Later | str | Exception]:
    """备好一个订阅的一批：正文和签名；现在不能推的说明为什么。

    绑定的人离岗了，先攒着，告诉管理员，改绑之后接着送。看得见看不见是这一刻的，备好就发（见 couriers）。
    """
    one = Subscription.objects.select_related("officer").get(pk=int(rows[0].kind.partition(".")[2]))
    if (stopped := _stopped(one, now)) is not None:
        return [stopped] * len(rows)
    keys = {row.case_id for row in rows if row.case_id is not None}
    # 限指定人员的件谁也不推：推出去就出了“指定人员”。
    visible = casework.visible(one.officer, now).filter(confidential=False)
    seen = visible.select_related("version").only(*content.NEEDED).in_bulk(keys)
    # 先取件再取办理记录：写好的正文按件的链头留着，这样其间清除了的不会记到清除之后的名下。
    steps = Event.objects.select_related("payload").in_bulk({row.event_id for row in rows} - {None})
    unseen = Case.objects.only("uid").in_bulk(keys - seen.keys())
    return [_load(one, row, steps, seen, unseen, now) for row in rows]


def _stopped(one: Subscription, now: datetime) -> Later | str | None:
    if one.status == Subscription.Status.CLOSED:
        return "订阅已撤销，不再推送"
    if one.status == Subscription.Status.PAUSED:
        return Later(f"订阅已暂停：{one.why}", at=now + ASLEEP)
    if not (one.officer.is_active and registry.appointments_of(one.officer, now).exists()):
        _tell_of_leaving(one, now)
        return Later(f"绑定的人员{one.officer.name}已离岗，改绑之后接着送", at=now + ASLEEP)
    return None


def _load(
    one: Subscription,
    row: Delivery,
    steps: Mapping[int, Event],
    seen: Mapping[int, Case],
    unseen: Mapping[int, Case],
    now: datetime,
) -> Load | Exception:
    again = bool(row.payload.get("again"))
    event: int | None = None
    try:
        if row.payload.get("test"):
            message, body = f"msg_test_{row.pk}", _test(one, now)
        else:
            pk, event = row.case_id, row.event_id
            assert pk is not None and event is not None
            case = seen.get(pk) or unseen[pk]
            message = content.message_of(steps[event], case, one.pk)
            if pk not in seen:
                return Load(one.pk, message, "", b"", {}, now, event, again, unseen=UNSEEN)
            body = content.body_of(steps[event], case)
        keys = [one.secret]
        if one.old_until is not None and now < one.old_until:
            keys.append(one.old_secret)
        headers = signing.headers(keys, message, now, body)
        return Load(one.pk, message, one.url, body, headers, now, event, again)
    except Exception as error:  # 一条备不成，不连累同一批的
        return error


def _test(one: Subscription, now: datetime) -> bytes:
    return encode({"type": "test", "timestamp": to_iso(now), "data": {"subscription": one.name}})


def carry(loads: Sequence[Load]) -> Iterator[tuple[Load, calling.Answer]]:
    """逐条发出去，共用一条连接；有一条没有送到就不再发。在线程里，不碰数据库。"""
    with calling.Line() as line:
        for load in loads:
            if load.unseen:
                yield load, calling.Answer(None, 0, error=load.unseen)
                continue
            answer = line.post(load.url, load.body, load.headers)
            yield load, answer
            if not _arrived(answer):
                return


def _arrived(answer: calling.Answer) -> bool:
    return answer.status is not None and 200 <= answer.status < 300


def record(
    rows: Sequence[Delivery], now: datetime, brought: Sequence[tuple[Load, calling.Answer]]
) -> list[str | Later]:
    """记下这一批。在事务里。"""
    keys = {load.subscription for load, _ in brought}
    ones = {one.pk: one for one in Subscription.objects.select_for_update().filter(pk__in=keys)}
    Attempt.objects.bulk_create(
        _attempt(row, load, answer) for row, (load, answer) in zip(rows, brought, strict=True)
    )
    return [
        _result(ones[load.subscription], row, load, answer, now)
        for row, (load, answer) in zip(rows, brought, strict=True)
    ]


def _attempt(row: Delivery, load: Load, answer: calling.Answer) -> Attempt:
    ok = _arrived(answer)
    return Attempt(
        subscription_id=load.subscription,
        message=load.message,
        case_id=row.case_id,
        event_id=load.event,
        at=load.started,
        by_hand=load.by_hand,
        ok=ok,
        status=answer.status,
        millis=answer.millis,
        error="" if ok else _problem(answer)[:300],
        answer=answer.text[:SHOWN],
    )


def _result(
    one: Subscription, row: Delivery, load: Load, answer: calling.Answer, now: datetime
) -> str | Later:
    if load.unseen:
        return load.unseen
    if not _arrived(answer):
        return _failed(one, row, load, answer, now)
    if one.failures:
        one.failures, one.failed_at = 0, None
        one.save(update_fields=["failures", "failed_at"])
    return f"已送到（{answer.status}）"


def _problem(answer: calling.Answer) -> str:
    if answer.status is not None and 300 <= answer.status < 400:
        return f"对方答复 {answer.status}，要转到别的网址：不跟随，请改成最终的地址"
    return answer.error or f"对方答复 {answer.status}"


def _failed(one: Subscription, row: Delivery, load: Load, answer: calling.Answer, now: datetime) -> Later:
    # 同时在外面的几条一起没有送到，只算一次。
    if one.failed_at is None or load.started > one.failed_at:
        one.failures += 1
        one.failed_at = now
        one.save(update_fields=["failures", "failed_at"])
    why = _problem(answer)
    if one.status == Subscription.Status.ACTIVE and (one.failures >= PAUSE_AFTER or answer.status == GONE):
        why = f"连续 {one.failures} 次没有送到，最后一次：{why}"
        actions.pause(one, why=why[:200], acting_officer=None, now=now)
        one.refresh_from_db()
        _tell_administrators(one, row, why, now)
        return Later(why, at=now + ASLEEP)
    outgoing.postpone(row.kind, now + _wait(one.failures - 1))
    return Later(f"没有送到：{why}", at=now + _wait(max(row.attempts, one.failures - 1)))


def _wait(times: int) -> timedelta:
    return min(BACKOFF * 2 ** min(times, 10), BACKOFF_MAX)


def _tell_of_leaving(one: Subscription, now: datetime) -> None:
    """一周说一次，改绑了就不再说。"""
    text = (
        f"网络推送“{one.name}”绑定的{one.officer.name}已离岗，要推的先攒着，攒了七天的不再送。"
        f"请用 jiezhi hooks change {one.pk} --officer 改绑到接手的人，攒下的会接着送。"
    )
    remind(
        f"hooks.left:{one.pk}:{one.officer_id}:{now:%G-%V}",
        to=registry.officers_with(ADMIN, at=now), title="网络推送停了", text=text[:400], now=now,
    )  # fmt: skip


def _tell_administrators(one: Subscription, row: Delivery, why: str, now: datetime) -> None:
    text = f"网络推送“{one.name}”已暂停：{why}。对方修好之后用 jiezhi hooks resume 恢复，积下的会接着送。"
    remind(
        f"hooks.paused:{one.pk}:{row.pk}:{now.isoformat()}",
        to=registry.officers_with(ADMIN, at=now), title="网络推送停了", text=text[:400], now=now,
    )  # fmt: skip
