"""时限的到期怎样算、变动怎样写。clockwork、clockstart 共用。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from jiezhi.core.calendar import (
    CHINA,
    REGIMES,
    Annual,
    ClockError,
    Duration,
    Regime,
    due,
    due_before,
    parse_duration,
)
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import ClockDecl
from jiezhi.core.procedure.view import ClockView, Env

LOCAL = CHINA
EVERY = "every."
DATE = "date."
# 工作日表管得到的年份；之外的日期算不出期限。
FIRST_YEAR, LAST_YEAR = 1971, 2098


class Uncountable(ValueError):
    """期限算不出来；消息是给人看的中文。"""


def regime_of(definition: Definition, clock: ClockDecl) -> Regime:
    """这个时限按哪部法律数日子。"""
    citation = definition.citation(clock.basis)
    return REGIMES[clock.regime or (citation.regime if citation else "office")]


def due_of(
    start: datetime,
    limit: str,
    regime: Regime,
    env: Env,
    *,
    favours: bool = False,
    pauses: tuple[tuple[datetime, datetime], ...] = (),
    extensions: tuple[str, ...] = (),
) -> dict[str, Any]:
    """算到期时刻，写成 op 里的 due 和 provisional。算不出来抛 Uncountable。"""
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise Uncountable(f"日期 {start.year} 年超出能计算的范围")
    try:
        found = due(
            start,
            parse_duration(limit),
            regime,
            env.table,
            favours_party=favours,
            pauses=pauses,
            extensions=tuple(plain(parse_duration(item)) for item in extensions),
        )
    except (ClockError, OverflowError) as error:
        raise Uncountable(str(error)) from error
    result: dict[str, Any] = {"due": found.at.astimezone(LOCAL).isoformat()}
    if found.provisional:
        result["provisional"] = True
    return result


def plain(value: Duration | Annual) -> Duration:
    if isinstance(value, Annual):
        raise Uncountable("延长要写多少日，不能写每年几月几日")
    return value


def keys(decl: ClockDecl, merged: Mapping[str, Any], env: Env) -> list[str]:
    """这个时限按哪些当事人各算一个；不按当事人的只有一个空标识。"""
    return [""] if decl.per is None else _party_keys(decl.per, merged, env)


def awaited(decl: ClockDecl, merged: Mapping[str, Any], env: Env) -> list[str]:
    """必须都起算过的当事人标识（among）；没有写 among 的为空。"""
    return [] if decl.among is None else _party_keys(decl.among, merged, env)


def _party_keys(source: str, merged: Mapping[str, Any], env: Env) -> list[str]:
    value = merged.get(source.removeprefix("field."))
    items = value if isinstance(value, list) else [value]
    return [env.party_key(item) for item in items if item]


def started_by(definition: Definition, meanings: Iterable[str]) -> set[str]:
    """从这些含义（或者那份文书的送达）起算的保护期。"""
    starts = {f"{kind}.{meaning}" for meaning in meanings for kind in ("means", "served")}
    clocks = definition.matter.clocks
    return {name for name, clock in clocks.items() if clock.protects and starts & set(clock.from_)}


def moment(value: Any) -> datetime | None:
    """字段里的日期或时刻 → 时刻；只有日期的取当天零时（北京时间）。没有值为 None，年份离谱抛 Uncountable。"""
    if not value:
        return None
    text = str(value)
    found = (
        datetime.combine(date.fromisoformat(text), time.min, LOCAL)
        if len(text) == 10
        else datetime.fromisoformat(text)
    )
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Uncountable(f"日期 {found.year} 年超出能计算的范围")
    return found


def given(decl: ClockDecl, merged: Mapping[str, Any], start: datetime) -> dict[str, Any] | None:
    """主办系统给的到期，写成 op 里的 due；没有给、给的不晚于起算的为 None。

    只有日子（北京时间零时）的算到那天完。这样的 op 不写 limit。
    """
    found = moment(merged.get(decl.due.removeprefix("field."))) if decl.due else None
    if found is None:
        return None
    local = found.astimezone(LOCAL)
    if local.time() == time.min:
        local += timedelta(days=1)
    return {"due": local.isoformat()} if local > start else None


def keyed(op: dict[str, Any], key: str, number: int) -> dict[str, Any]:
    """给变动补上当事人标识和轮次（缺省的不写）。"""
    if key:
        op["key"] = key
    if number > 1:
        op["round"] = number
    return op


def operation(kind: str, clock: ClockView, at: datetime, **extra: str) -> dict[str, Any]:
    """一项时限变动；`kind` 为 pause、resume、extend、end、void、due。"""
    op = {"op": kind, "clock": clock.name, "at": at.astimezone(LOCAL).isoformat(), **extra}
    return keyed(op, clock.key, clock.round)


def day(clock: ClockView) -> str:
    """到期时刻给人看的写法。"""
    local = clock.due_at.astimezone(LOCAL)
    if local.time() == time.min:
        return f"{local.month}月{local.day}日零时"
    return f"{local.month}月{local.day}日{local:%H:%M}"


def before(end: datetime, duration: Duration, regime: Regime, table: Any) -> datetime:
    """到期前 `duration` 的时刻（临期提醒用）。`end` 是不含在内的终点。"""
    return due_before(end, duration, regime, table).at
