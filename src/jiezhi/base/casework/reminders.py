"""不说某一件的消息：到期没有对账、推送停了、有人乱试查询码。排入后续发送，由 worker 写成各人的消息。"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Delivery, Notice

KIND = "remind"


def remind(key: str, *, to: Iterable[Officer], title: str, text: str, link: str = "", now: datetime) -> bool:
    """给这些人各发一条；`link` 是点开去本系统的哪一页（以 / 开头）。同一 `key` 只发一次，返回是不是新排的。

    没有人可发的不排，等有了人再叫就发得出。
    """
    people = sorted({officer.pk for officer in to})
    if not people:
        return False
    if link and (not link.startswith("/") or link.startswith(("//", "/\\"))):
        raise ValueError(f"去处要是本系统的网址：{link}")
    payload = {"to": people, "title": title[:80], "text": text, "link": link[:200]}
    _, fresh = Delivery.objects.get_or_create(
        key=f"{KIND}:{key}"[:160], defaults={"kind": KIND, "payload": payload, "not_before": now}
    )
    return fresh


def _write(row: Delivery, now: datetime) -> str:
    told = row.payload
    people = Officer.objects.filter(pk__in=told["to"], is_active=True).values_list("pk", flat=True)
    made = Notice.objects.bulk_create(
        Notice(
            delivery=row,
            officer_id=pk,
            title=told["title"],
            link=told["link"],
            text=told["text"],
            created_at=now,
        )
        for pk in people
    )
    return f"已通知 {len(made)} 人"


def register() -> None:
    """登记这一种后续发送；`AppConfig.ready()` 里调用。"""
    outbox.handler(KIND, _write)
