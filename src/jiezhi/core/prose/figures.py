"""金额和日期在公文里的写法。"""

from __future__ import annotations

from datetime import date, datetime

from jiezhi.core.calendar import CHINA, last_day_of, whole_day

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def yuan(fen: int) -> str:
    """分 → `5000元`、`12.50元`；没有角分的不写小数。"""
    whole, cents = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    return f"{sign}{whole}元" if not cents else f"{sign}{whole}.{cents:02}元"


def capital(fen: int) -> str:
    """分 → 金额大写，如 `伍仟元整`、`壹拾贰元伍角整`、`壹万零伍拾元零叁分`。

    负数、超过一万万亿 → ValueError。
    """
    whole, cents = divmod(fen, 100)
    if fen < 0 or whole >= 10**16:
        raise ValueError("这个金额写不成大写")
    jiao, last = divmod(cents, 10)
    text = _whole(whole) + "元" if whole or not cents else ""
    if not cents:
        return text + "整"
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif whole:
        text += "零"
    return text + (_DIGITS[last] + "分" if last else "整")


def _whole(number: int) -> str:
    if not number:
        return "零"
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text, gap = "", False
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            gap = bool(text)
            continue
        # 上一段空着，或这一段不足千位：中间要有“零”。
        if text and (gap or group < 1000):
            text += "零"
        text += _group(group) + _GROUPS[index]
        gap = False
    return text


def _group(number: int) -> str:
    text, gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return text


def day_words(day: date) -> str:
    """日期 → `2026年8月1日`（年份全称、不编虚位）。"""
    return f"{day.year}年{day.month}月{day.day}日"


def moment_words(moment: datetime) -> str:
    """时刻（带时区）→ 北京时间 `2026年8月1日9时30分`。"""
    there = moment.astimezone(CHINA)
    return f"{day_words(there)}{there.hour}时{there.minute:02}分"


def short_day(day: date, this_year: int) -> str:
    """日期 → `8月1日`；不是 `this_year` 年的带年份。"""
    return f"{day.month}月{day.day}日" if day.year == this_year else day_words(day)


def due_words(due_at: datetime, now: datetime | None = None) -> str:
    """到期时刻（不含在内的终点，带时区）→ 还能办的最后一天；按小时的写到分。

    不给 `now` 是公文的写法（年份全称）；给了的今年不写年份。件页面、文书、通知都从这里取，三处的日子一样。
    """
    if whole_day(due_at):
        last = last_day_of(due_at)
        return short_day(last, now.astimezone(CHINA).year) if now else day_words(last)
    if now is None:
        return moment_words(due_at)
    there = due_at.astimezone(CHINA)
    return f"{short_day(there.date(), now.astimezone(CHINA).year)} {there:%H:%M}"
