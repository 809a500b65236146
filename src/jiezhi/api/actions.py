"""令牌的建立和停用。令牌只在建立时给出一次，库里只有摘要。

出错：内容不对 → ValidationError；不是系统管理员 → NotAllowed。
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jiezhi.api.models import SCOPES, ApiToken
from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import snapshot, write_record
from jiezhi.base.casework.engine.turnstile import queueing
from jiezhi.base.registry import stamps
from jiezhi.core.evidence.digest import sm3_hex

# 看得出是本平台的令牌，落在代码、日志里查得到。
MARK = "jzt_"
# 版本戳的名字：建立、停用之后换，各进程留着的随即失效。
TOKENS = "tokens"
LONGEST = 366
RECORDED = ["name", "prefix", "scopes", "officer", "expires_at"]
USED_EVERY = timedelta(minutes=10)


def create_token(
    officer: Officer,
    *,
    name: str,
    scopes: Iterable[str],
    days: int,
    acting_officer: Officer | None,
    now: datetime | None = None,
) -> tuple[ApiToken, str]:
    """给 `officer` 建一个令牌，`days` 天后到期（1 到 366）。返回登记的行和令牌本身：只有这一次看得到。"""
    moment = now or timezone.now()
    require_administrator(acting_officer, moment)
    wanted = list(dict.fromkeys(scopes))
    problems: dict[str, list[str]] = {}
    if not officer.is_active:
        problems["officer"] = ["这个账号已离岗，不能建令牌"]
    if not name.strip() or len(name.strip()) > 80:
        problems["name"] = ["请写明给哪个系统用，最多 80 字"]
    if unknown := [one for one in wanted if one not in SCOPES]:
        problems["scopes"] = [f"没有“{'、'.join(unknown)}”这种范围，有：{'、'.join(SCOPES)}"]
    if not wanted:
        problems["scopes"] = [f"至少要一种范围，有：{'、'.join(SCOPES)}"]
    if not 1 <= days <= LONGEST:
        problems["days"] = [f"有效期是 1 到 {LONGEST} 天"]
    if problems:
        raise ValidationError(problems)
    secret = MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiToken.objects.create(
            officer=officer,
            name=name.strip(),
            prefix=secret[:12],
            digest=digest_of(secret),
            scopes=wanted,
            created_at=moment,
            created_by=acting_officer,
            expires_at=moment + timedelta(days=days),
        )
        stamps.touch(TOKENS)
        new = snapshot(row, RECORDED)
        write_record("token.create", "建立接口令牌", row, acting_officer=acting_officer, now=moment, new=new)
    return row, secret


def revoke_token(
    token: ApiToken, *, reason: str, acting_officer: Officer | None, now: datetime | None = None
) -> ApiToken:
    """停用，立即生效。已经停用的原样返回。"""
    moment = now or timezone.now()
    require_administrator(acting_officer, moment)
    if not reason.strip():
        raise ValidationError({"reason": "请写明停用的原因"})
    return _revoke(token, reason, acting_officer, moment)


def _revoke(token: ApiToken, reason: str, acting_officer: Officer | None, now: datetime) -> ApiToken:
    with transaction.atomic():
        row = ApiToken.objects.select_for_update().get(pk=token.pk)
        if row.revoked_at is not None:
            return row
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        stamps.touch(TOKENS)
        write_record(
            "token.revoke",
            "停用接口令牌",
            row,
            acting_officer=acting_officer,
            now=now,
            old={"revoked_at": None},
            new={"revoked_at": now.isoformat()},
            note=reason.strip(),
        )
    return row


def revoke_of_leaver(
    *, officer: Officer, at: datetime, acting_officer: Officer | None, reason: str, **_: Any
) -> None:
    """离岗的人的令牌一并停用（同一事务）：以后返岗也不再有效，要用另建。"""
    for row in ApiToken.objects.filter(officer=officer, revoked_at=None):
        _revoke(row, f"离岗：{reason}", acting_officer, at)


def note_use(token: ApiToken, now: datetime) -> None:
    """记下最后使用的时间；约十分钟记一次，不每次都写库。"""
    if token.last_used_at is not None and now - token.last_used_at < USED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
    with queueing():  # 不排队的，别人办得多时要等几秒
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    token.last_used_at = now


def digest_of(secret: str) -> str:
    """令牌的摘要。令牌是 256 位随机数，不用加盐、不用慢散列。"""
    return sm3_hex(secret.encode())
