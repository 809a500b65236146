"""写：公布、撤回、到期撤下。只由业务模板里“随之发生”排入的后续发送来办（见 review.py），重来不会做两遍。"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from jiezhi.base.casework.models import Case
from jiezhi.base.publishing.models import Publication
from jiezhi.core.prose.redaction import leaks

Status = Publication.Status


class NotFit(ValueError):
    """还不能公开：内容里还有不该公开的。消息逐处说明，不写出原值。"""


def publish(case: Case, content: Mapping[str, Any], *, now: datetime) -> Publication:
    """公布一件公开审查的结果；已经公布过的原样返回，撤回、撤下过的不会再公布。

    `content`：category、number、title、party、organ、text、decided_on（日期）、expires_at（带时区的时刻，
    ISO 8601）。内容里还有号码、门牌的抛 NotFit，什么也不写。谁公开的记在公开审查件的办理记录里，这里
    不另存。
    """
    problems = leaks("\n".join(str(content[key]) for key in ("title", "party", "text")), [])
    if problems:
        raise NotFit(f"还不能公开：{'；'.join(problems)}")
    row, _ = Publication.objects.get_or_create(
        case=case,
        defaults={
            "source_id": case.parent_id,
            "category": content["category"],
            "number": content["number"],
            "title": content["title"][:200],
            "party": content["party"][:200],
            "organ": content["organ"],
            "text": content["text"],
            "decided_on": date.fromisoformat(content["decided_on"]),
            "published_at": now,
            "expires_at": datetime.fromisoformat(content["expires_at"]),
        },
    )
    return row


def withdraw(case: Case, reason: str, *, now: datetime) -> bool:
    """撤回并说明理由：删去内容，只留文号和理由。返回这次有没有撤。"""
    return _end(case, Status.WITHDRAWN, reason, now)


def take_down(case: Case, *, now: datetime) -> bool:
    """公示期满撤下：删去内容。返回这次有没有撤。"""
    return _end(case, Status.TAKEN_DOWN, "", now)


def _end(case: Case, status: str, reason: str, now: datetime) -> bool:
    shown = Publication.objects.filter(case=case, status=Status.SHOWN)
    return bool(shown.update(status=status, reason=reason[:400], ended_at=now, title="", party="", text=""))
