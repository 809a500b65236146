"""订阅的全部写操作：只有系统管理员能办，每个都写管理记录。出错：ValidationError（按字段说明）、NotAllowed。"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import apply_changes, snapshot, write_record
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Delivery, MatterVersion
from jiezhi.base.registry import stamps
from jiezhi.connect import calling
from jiezhi.connect.hooks import listening, signing
from jiezhi.connect.hooks.content import message_of
from jiezhi.connect.hooks.models import Attempt, Subscription

CHOICES = ("matters", "actions", "means", "states")
CHANGEABLE = ("name", "url", "officer", *CHOICES)
RECORDED = ["name", "host", "officer", *CHOICES, "status"]
# 换密钥之后旧的再用多久：两边不必同一刻换。
OVERLAP = timedelta(hours=24)
# 等了这么久还没有送出去的不再送；日志留多久。
GIVE_UP = timedelta(days=7)
KEEP_LOG = timedelta(days=180)
BATCH = 500
BY_HAND = "by_hand"
"""手动重发、试推的，在内容里记着排入的时刻。"""


def create(
    *,
    name: str,
    url: str,
    officer: Officer,
    acting_officer: Officer | None,
    matters: Sequence[str] = (),
    actions: Sequence[str] = (),
    means: Sequence[str] = (),
    states: Sequence[str] = (),
    secret: str = "",
    now: datetime | None = None,
) -> Subscription:
    """新订阅。`officer` 是绑定的人员：只推他看得见的件。筛选空的是都要；`actions` 和 `means` 合着算，符合一样就推。

    不给 `secret` 就新造一把，从返回的 `secret` 取来交给接收方。
    """
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    chosen = {"matters": matters, "actions": actions, "means": means, "states": states}
    one = Subscription(
        name=name.strip(),
        officer=officer,
        secret=secret or signing.new_secret(),
        created_at=now,
        **{key: list(dict.fromkeys(value)) for key, value in chosen.items()},
    )
    _set_url(one, url)
    _check(one)
    with transaction.atomic():
        one.save(force_insert=True)
        stamps.touch(listening.STAMP)
        write_record(
            "hook.create",
            "新增推送订阅",
            one,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(one, RECORDED),
        )
    return one


def change(
    one: Subscription, *, acting_officer: Officer | None, now: datetime | None = None, **changes: Any
) -> Subscription:
    """改名称、地址、绑定的人员、筛选。改成什么从下一步办理起算，已经排上的照新的地址送；改绑了人，攒下的马上接着送。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    with transaction.atomic():
        one = _locked(one)
        url = changes.pop("url", None)
        before = one.host
        changed, old, new = apply_changes(
            one,
            {key: list(dict.fromkeys(value)) if key in CHOICES else value for key, value in changes.items()},
        )
        if url is not None and url.strip() != one.url:
            _set_url(one, url)
            changed, old, new = [*changed, "url", "host"], {**old, "host": before}, {**new, "host": one.host}
        if not changed:
            return one
        _check(one)
        one.save(update_fields=changed)
        stamps.touch(listening.STAMP)
        if "officer" in changed and one.status == Subscription.Status.ACTIVE:
            _waiting(one).update(not_before=now)
        write_record(
            "hook.change", "修改推送订阅", one, acting_officer=acting_officer, now=now, old=old, new=new
        )
    return one


def pause(
    one: Subscription, *, why: str, acting_officer: Officer | None, now: datetime | None = None
) -> Subscription:
    """暂停：要推的先攒着，恢复之后接着送，攒了七天的不再送。`acting_officer` 为 None 是系统因连续没有送到而停。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if not why.strip():
        raise ValidationError({"why": "请写明暂停的缘由"})
    return _turn(one, Subscription.Status.PAUSED, "hook.pause", "暂停推送订阅", why, acting_officer, now)


def resume(one: Subscription, *, acting_officer: Officer | None, now: datetime | None = None) -> Subscription:
    """恢复：攒下的马上接着送。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    with transaction.atomic():
        one = _turn(one, Subscription.Status.ACTIVE, "hook.resume", "恢复推送订阅", "", acting_officer, now)
        _waiting(one).update(not_before=now)
    return one


def close(
    one: Subscription, *, why: str, acting_officer: Officer | None, now: datetime | None = None
) -> Subscription:
    """撤销：不再推，攒下的也不送；不能恢复。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    return _turn(one, Subscription.Status.CLOSED, "hook.close", "撤销推送订阅", why, acting_officer, now)


def _turn(
    one: Subscription,
    status: Subscription.Status,
    code: str,
    title: str,
    why: str,
    acting_officer: Officer | None,
    now: datetime,
) -> Subscription:
    with transaction.atomic():
        one = _locked(one)
        if one.status == status:
            return one
        old = {"status": one.status, "failures": one.failures}
        one.status, one.why, one.failures, one.failed_at = status, why.strip()[:200], 0, None
        one.save(update_fields=["status", "why", "failures", "failed_at"])
        stamps.touch(listening.STAMP)
        new = {"status": str(status)}
        write_record(code, title, one, acting_officer=acting_officer, now=now, old=old, new=new, note=why)
    return one


def rotate_secret(
    one: Subscription, *, acting_officer: Officer | None, now: datetime | None = None
) -> Subscription:
    """换密钥：新的立即用，旧的再用 24 小时（两个签名都带着），新的从返回的 `secret` 取来交给接收方。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    with transaction.atomic():
        one = _locked(one)
        one.old_secret, one.old_until, one.secret = one.secret, now + OVERLAP, signing.new_secret()
        one.save(update_fields=["secret", "old_secret", "old_until"])
        write_record("hook.rotate", "换推送密钥", one, acting_officer=acting_officer, now=now)
    return one


def resend(attempt: Attempt, *, acting_officer: Officer | None, now: datetime | None = None) -> Delivery:
    """照日志里的一条手动重发：消息标识不变，对方收到过的认得出。正文照办理记录重写，清除过的就不再有。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if attempt.event_id is None:
        raise ValidationError({"attempt": "这一条是试推，不用重发；再试推一次即可"})
    if attempt.subscription.status == Subscription.Status.CLOSED:
        raise ValidationError({"attempt": "订阅已撤销，不能重发"})
    with transaction.atomic():
        row = Delivery.objects.create(
            case_id=attempt.case_id,
            event_id=attempt.event_id,
            kind=listening.lane(attempt.subscription_id),
            key=f"webhook:again:{attempt.pk}:{now.timestamp():.6f}",
            payload={"again": attempt.pk, BY_HAND: now.isoformat()},
            not_before=now,
        )
        write_record(
            "hook.resend",
            "手动重发推送",
            attempt.subscription,
            acting_officer=acting_officer,
            now=now,
            note=attempt.message,
        )
    return row


def test(one: Subscription, *, acting_officer: Officer | None, now: datetime | None = None) -> Delivery:
    """试推一条没有内容的，看对方收不收得到。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    key = f"webhook:test:{one.pk}:{now.timestamp():.6f}"
    return Delivery.objects.create(
        kind=listening.lane(one.pk), key=key, payload={"test": True, BY_HAND: now.isoformat()}, not_before=now
    )


def sweep(now: datetime) -> bool:
    """每天一次：等了七天还没有送出去的不再送（留一条日志，可以手动重发），一百八十天以前的日志删去。

    手动重发的、试推的，从排入那一刻算七天。日志只有元数据，留存不少于六个月。
    """
    waiting = Delivery.objects.filter(kind__startswith=f"{listening.KIND}.", done_at=None)
    waiting = waiting.select_related("case", "event")
    by_hand = [row for row in waiting.filter(payload__has_key=BY_HAND) if _stale(row, now)]
    old = waiting.filter(event__recorded_at__lt=now - GIVE_UP).exclude(payload__has_key=BY_HAND)
    rows = [*by_hand, *old[:BATCH]][:BATCH]
    with transaction.atomic():
        Attempt.objects.bulk_create(_given_up(row, now) for row in rows if row.event is not None)
        keys = [row.pk for row in rows]
        Delivery.objects.filter(pk__in=keys).update(done_at=now, result="等了七天没有送出去，不再送")
    Attempt.objects.filter(at__lt=now - KEEP_LOG).delete()
    return len(rows) == BATCH


def _stale(row: Delivery, now: datetime) -> bool:
    return datetime.fromisoformat(row.payload[BY_HAND]) < now - GIVE_UP


def _given_up(row: Delivery, now: datetime) -> Attempt:
    subscription = int(row.kind.partition(".")[2])
    assert row.event is not None and row.case is not None
    return Attempt(
        subscription_id=subscription,
        message=message_of(row.event, row.case, subscription),
        case_id=row.case_id,
        event_id=row.event_id,
        at=now,
        ok=False,
        error="等了七天没有送出去，不再送；确要送的手动重发",
    )


def _waiting(one: Subscription) -> Any:
    return Delivery.objects.filter(kind=listening.lane(one.pk), done_at=None)


def _locked(one: Subscription) -> Subscription:
    row = Subscription.objects.select_for_update().get(pk=one.pk)
    if row.status == Subscription.Status.CLOSED:
        raise ValidationError({"status": "订阅已撤销，不能再改；要用请新建一个"})
    return row


def _set_url(one: Subscription, url: str) -> None:
    try:
        one.url = calling.check_url(url)
    except calling.Blocked as blocked:
        raise ValidationError({"url": str(blocked)}) from blocked
    one.host = httpx.URL(one.url).netloc.decode()[:260]


def _check(one: Subscription) -> None:
    problems: dict[str, str] = {}
    if not one.name:
        problems["name"] = "请写名称，说明推给谁"
    elif Subscription.objects.filter(name=one.name).exclude(pk=one.pk).exists():
        problems["name"] = f"已有叫“{one.name}”的订阅，请换一个名称"
    if not one.officer.is_active:
        problems["officer"] = "绑定的人员已离岗，请换一位在岗的"
    if not signing.is_secret(one.secret):
        problems["secret"] = "密钥要写成 whsec_ 加 base64，24 到 64 字节；不写就由系统新造"
    _check_filters(one, problems)
    if problems:
        raise ValidationError(problems)


def _check_filters(one: Subscription, problems: dict[str, str]) -> None:
    """筛选里写的要真有：写错一个字就永远推不出来。"""
    current = {row.matter: row for row in MatterVersion.objects.filter(is_current=True)}
    if unknown := [name for name in one.matters if name not in current]:
        problems["matters"] = f"没有公布过的业务模板：{'、'.join(unknown)}"
        return
    known: dict[str, set[str]] = {"actions": set(), "means": set(), "states": set()}
    for name in one.matters or current:
        definition = matters.definition_of(current[name])
        known["actions"] |= set(definition.matter.actions)
        known["means"] |= {word for decl in definition.matter.actions.values() for word in decl.means}
        known["states"] |= set(definition.matter.states)
    titles = {"actions": "动作", "means": "法律含义", "states": "环节"}
    for key, names in known.items():
        if unknown := [name for name in getattr(one, key) if name not in names]:
            problems[key] = f"这些业务模板里没有这样的{titles[key]}：{'、'.join(unknown)}"
