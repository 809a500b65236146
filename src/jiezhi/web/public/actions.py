"""公开页面自己的写操作；来件、办理走 services/residents，不在这里。"""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session


def sweep(now: datetime) -> None:
    """删去到期的会话：查过进度的居民不登录，会话到期也没有别人来删。"""
    Session.objects.filter(expire_date__lt=now).delete()
