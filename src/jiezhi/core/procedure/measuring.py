"""用时：两个办理之间隔了多久。由办理记录折叠算出，不另存；今年的放假安排改了，重算即得。

怎样取一段：
- 第一次 `from` 起，到其后第一次 `to` 止；还没有 `to`，之后再来的 `from` 不算（退回重派不重新起算）。
- 收尾的那一步被作废（返工清掉了它的法律含义，或办结后重新打开），这一段就没有完：仍从原来的起点走到下一次 `to`。
  作废之后又有新的 `from`（如重新派单），从新的 `from` 起另算一段。
- 有几段的，以最后完成的一段为准：重新办理的用时取代原来的。新的一段没有完成之前，没有作废的上一段仍然算数。
- 一步同时是起点又是终点：有一段在走就收尾，没有就是用时为零的一段；起止写的是同一件事时，量的是相邻两次的间隔。
补录的时刻早于起点的，终点按起点算：用时不为负；在走的一段随 `now` 只增不减。

首日不计：工作日、日数的是起点那天之后、到终点那天为止有几天（北京时间）；小时、工作小时按分钟数，零头舍去。
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jiezhi.core.calendar import CHINA, DayTable
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.tracking import END, EventRef, parse_event


@dataclass(frozen=True, slots=True)
class Measured:
    """一项用时。

    value     多少个整的单位（单位见声明的 unit）；没有起算过为 None;
    minutes   单位是小时、工作小时时的总分钟数，其余为 None;
    started_at、ended_at  这一段的起止；在走的没有止；
    running   还在走，value 是算到 `now` 的。
    """

    value: int | None = None
    minutes: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    running: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    """一段。`kept` 是收尾那一步的法律含义：它们作废，这一段就没有完。"""

    start: datetime
    end: datetime | None = None
    kept: frozenset[str] = frozenset()
    voided: bool = False

    @property
    def complete(self) -> bool:
        return self.end is not None and not self.voided


def measure(
    definition: Definition, bodies: Iterable[Mapping[str, Any]], table: DayTable, now: datetime
) -> dict[str, Measured]:
    """业务模板声明的各项用时：代号 → Measured，按声明的次序。

    `bodies` 是一件的办理记录内容（规范内容，从旧到新）；`table` 是工作日表；`now` 带时区，算在走的那一段。
    起止写法不对的（校验器会报）当作没有起算。日期超出工作日表抛 ValueError。
    """
    events = list(bodies)
    found: dict[str, Measured] = {}
    for name, decl in definition.matter.measures.items():
        start, end = parse_event(decl.from_), parse_event(decl.to)
        span = _last(definition, events, start, end) if start and end else None
        found[name] = _counted(span, decl.unit, table, now) if span else Measured()
    return found


def _last(
    definition: Definition, events: Iterable[Mapping[str, Any]], start: EventRef, end: EventRef
) -> _Span | None:
    span: _Span | None = None
    complete: _Span | None = None
    for body in events:
        at = datetime.fromisoformat(body["at"])
        if complete and _undone(complete, body, end):
            if span is complete:
                span = replace(complete, voided=True)
            complete = None
        starts, ends = _matches(definition, body, start), _matches(definition, body, end)
        if ends and span and not span.complete and not (starts and span.voided):
            span = complete = _ended(span, at, body)
            if start == end:
                span = _Span(at)
        elif starts and (span is None or span.end is not None):
            span = _Span(at)
            if ends and start != end:
                span = complete = _ended(span, at, body)
    return complete or span


def _ended(span: _Span, at: datetime, body: Mapping[str, Any]) -> _Span:
    return _Span(span.start, max(span.start, at), frozenset(body["effects"].get("done", ())))


def _undone(span: _Span, body: Mapping[str, Any], end: EventRef) -> bool:
    effects = body["effects"]
    cleared = frozenset(effects.get("cleared", ()))
    if end.kind in ("means", "served") and end.name != END:
        return end.name in cleared
    reopened = effects.get("closed") is False
    return bool(span.kept & cleared) or (reopened and (end.kind == "state" or end.name == END))


def _matches(definition: Definition, body: Mapping[str, Any], ref: EventRef) -> bool:
    """这条办理记录是不是 `ref` 说的那件事。"""
    effects = body["effects"]
    match ref.kind:
        case "open":
            return body["from"] is None
        case "means":
            return bool(effects.get("closed")) if ref.name == END else ref.name in effects.get("done", ())
        case "action":
            return bool(body["action"] == ref.name)
        case "state":
            return bool(body["to"] == ref.name and body["from"] != ref.name)
        case "served":
            action = definition.action(body["action"])
            return action is not None and ref.name in action.serves
        case _:
            return False  # 日期字段没有“发生”的一步


def _counted(span: _Span, unit: str, table: DayTable, now: datetime) -> Measured:
    ended = span.end if span.complete else None
    until = max(span.start, ended or now)
    first, last = span.start.astimezone(CHINA).date(), until.astimezone(CHINA).date()
    minutes: int | None = None
    match unit:
        case "工作日":
            value = table.workdays_between(first, last)
        case "日":
            value = (last - first).days
        case "小时":
            minutes = int((until - span.start).total_seconds()) // 60
            value = minutes // 60
        case _:
            minutes = (table.office_position(until) - table.office_position(span.start)) // 60_000_000
            value = minutes // 60
    return Measured(value, minutes, span.start, ended, ended is None)
