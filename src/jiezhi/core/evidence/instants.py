"""时刻的写法：带时区的 ISO 8601；写出时一律用北京时间（+08:00）。"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991; evidence is newer


def to_iso(at: datetime) -> str:
    """An aware datetime as Beijing time to the second, e.g. 2026-11-22T09:30:00+08:00.

    Raises ValueError when the datetime has no time zone.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError("时刻必须带时区")
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def from_iso(text: object) -> datetime:
    """The aware datetime a text stands for. Raises ValueError when it is not one."""
    if type(text) is not str:
        raise ValueError("时刻应是文字")
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError("时刻没有时区")
    return at


def in_words(at: datetime) -> str:
    """For people: 2026年11月22日09时30分05秒 (Beijing time)."""
    local = at.astimezone(BEIJING)
    return f"{local:%Y}年{local.month}月{local.day}日{local:%H}时{local:%M}分{local:%S}秒"


def span_in_words(span: timedelta) -> str:
    """For people: 2天3小时 (whole hours, at least 1小时 when shorter)."""
    hours = max(1, int(span.total_seconds() // 3600))
    days, rest = divmod(hours, 24)
    return (f"{days}天" if days else "") + (f"{rest}小时" if rest or not days else "")
