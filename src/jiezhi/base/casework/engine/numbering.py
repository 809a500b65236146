"""编号：每个单位、每种、每年各自连续；在办理的同一事务里取，取了就是发出，不跳号、不重号。

号段的行锁着取号；租出去的一段（NumberLease）不在这里发，由现场用掉之后随办理带来，在这里核对、登记。
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import connection

from jiezhi.base.casework.engine import fastsql
from jiezhi.base.casework.engine.identity import number_scope
from jiezhi.base.casework.models import NumberIssue, NumberLease, NumberSeries
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import SequenceDecl
from jiezhi.core.procedure.view import CaseView, Plan, Request

CASE = "case"
CASE_FORMAT = SequenceDecl(title="件号", reset="year", format="{year}-{n:06}")
_MARK = re.compile(r"\{n(?::0(\d+))?\}")


def case_prefix(matter: str) -> str:
    """没有声明编号的业务模板，件号前面的一段。"""
    return f"{matter.upper().replace('.', '-')}-"


def place(
    matter: str, name: str, sequence: SequenceDecl, at: datetime, scope: Mapping[str, str]
) -> tuple[str, str]:
    """（号段，编号样式）。`at` 决定年份（北京时间）；样式里只剩 {n} 没有填。"""
    year = at.astimezone(LOCAL).year
    parts = [matter, name, *(scope.get(word, "") for word in sequence.per if word != "matter")]
    if sequence.reset == "year":
        parts.append(str(year))
    pattern = sequence.format
    for word, value in {"year": str(year), "matter": matter, **scope}.items():
        pattern = pattern.replace("{" + word + "}", value)
    return "/".join(parts), pattern


def written(pattern: str, n: int) -> str:
    """第 `n` 号的写法。"""
    return _MARK.sub(lambda mark: str(n).zfill(int(mark[1] or 0)), pattern)


def number_in(pattern: str, text: str) -> int | None:
    """`text` 是这个样式的第几号；不是这个样式的为 None。"""
    mark = _MARK.search(pattern)
    if mark is None:
        return None
    middle = text[mark.start() : len(text) - len(pattern) + mark.end()]
    n = int(middle) if re.fullmatch(r"[0-9]{1,9}", middle) else None
    return n if n is not None and written(pattern, n) == text else None


def advance(key: str, count: int = 1) -> int:
    """号段往前 `count` 个，返回最后一个的序号；号段的行锁到事务结束。"""
    table = NumberSeries._meta.db_table
    with connection.cursor() as cursor:
        # 一条语句完成“没有就建、有就加、取回”，两个数据库都支持。
        cursor.execute(
            f'INSERT INTO {table} ("key", "last") VALUES (%s, %s) '
            f'ON CONFLICT ("key") DO UPDATE SET "last" = {table}."last" + %s RETURNING "last"',
            [key, count, count],
        )
        return int(cursor.fetchone()[0])


class Counter:
    """一次事务里的取号：每个号段只锁一次，用完一起写回。"""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._last: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._issued: list[tuple[str, NumberIssue]] = []

    def take(
        self,
        definition: Definition,
        request: Request,
        uid: str,
        outcome: Plan,
        view: CaseView | None,
    ) -> dict[str, str] | str:
        """取这一步要的全部号：字段 → 号（件号的键是 case），发给件 `uid`；主办系统在外面的，件号沿用它的。

        `view` 为 None 是开件。取不成返回一句中文，此前取的由调用者退回。
        """
        matter = definition.matter
        wanted = {name: key for name, key in outcome.decl.number.items() if name != CASE}
        found: dict[str, str] = {}
        if view is None and matter.host_system:
            found[CASE] = str(request.origin.get("number", "")).strip()
            if not found[CASE]:
                return f"还没有{matter.host_system}的编号"
        elif view is None:
            wanted = {CASE: outcome.decl.number.get(CASE, CASE), **wanted}
        idle = sorted(set(request.leased) - set(wanted))
        if idle:
            return f"这一步不取“{'、'.join(idle)}”的号，不能带租用的号"
        unit = outcome.effects.get("unit", view.unit if view else None)
        fields = {**(view.fields if view else {}), **outcome.values}
        for target, name in wanted.items():
            sequence = matter.sequences.get(name, CASE_FORMAT)
            prefix = "" if name in matter.sequences else case_prefix(matter.matter)
            key, pattern = place(
                matter.matter, name, sequence, request.at, number_scope(sequence, unit, fields)
            )
            if target not in request.leased:
                n = self._take(key)
                text = written(pattern, n)
            else:
                text = request.leased[target].removeprefix(prefix)
                claimed = self._claim(key, text, request)
                if isinstance(claimed, str):
                    return claimed
                n = claimed
            row = NumberIssue(series_id=key, n=n, text=text, issued_at=self.now)
            self._issued.append((uid, row))
            found[target] = prefix + text
        return found

    def _claim(self, key: str, text: str, request: Request) -> int | str:
        """租用的号可不可以用：在办理人名下、没有归还、事情发生时没有过期、没有用过；可以则返回序号。"""
        who = int(request.actor.id) if request.actor.id.isdigit() else 0
        for lease in NumberLease.objects.select_for_update().filter(series=key, officer=who):
            n = number_in(lease.pattern, text)
            if n is None or not lease.first <= n <= lease.last:
                continue
            if lease.returned_at is not None:
                return f"“{text}”所在的租段已经归还，没有用的号都作废了"
            if not lease.leased_at <= request.at < lease.valid_until:
                until = lease.valid_until.astimezone(LOCAL)
                return f"“{text}”所在的租段有效到 {until:%Y-%m-%d %H:%M}，事情发生时不在有效期内"
            used = any(row.series_id == key and row.n == n for _, row in self._issued)
            if used or NumberIssue.objects.filter(series=key, n=n).exists():
                return f"“{text}”已经用过或作废，一个号只能用一次"
            return n
        return f"“{text}”不在您名下的租段里"

    def _take(self, key: str) -> int:
        if key not in self._last:
            self._last[key] = self._first[key] = advance(key)
        else:
            self._last[key] += 1
        return self._last[key]

    def mark(self) -> tuple[dict[str, int], int]:
        """记下取到了哪里；`undo` 用。"""
        return dict(self._last), len(self._issued)

    def undo(self, mark: tuple[dict[str, int], int]) -> None:
        """退回到 `mark` 的时候：之后取的号没有发出，下次接着取。"""
        last, issued = mark
        self._last = {key: last.get(key, self._first[key] - 1) for key in self._last}
        del self._issued[issued:]

    def flush(self, case_id: Callable[[str], int | None]) -> None:
        """把号段写回，登记发出的号；`case_id` 由全局标识得件的主键。"""
        for key, last in self._last.items():
            if last != self._first[key]:
                NumberSeries.objects.filter(pk=key).update(last=last)
        for uid, row in self._issued:
            row.case_id = case_id(uid)
        fastsql.insert([row for _, row in self._issued])
        self._issued = []
