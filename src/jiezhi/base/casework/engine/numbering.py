"""编号：每个单位、每种、每年各自连续；在办理的同一事务里取，取了就是发出，不跳号、不重号。"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import connection

from jiezhi.base.casework.engine import fastsql
from jiezhi.base.casework.models import NumberIssue, NumberSeries
from jiezhi.core.procedure.clockwork import LOCAL
from jiezhi.core.procedure.matter import SequenceDecl

_CASE_FORMAT = SequenceDecl(title="件号", reset="year", format="{year}-{n:06}")
_MARK = re.compile(r"\{n(?::0(\d+))?\}")


class Counter:
    """一次事务里的取号：每个号段只锁一次，用完一起写回。"""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._last: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._issued: list[tuple[str, NumberIssue]] = []

    def case_number(self, matter: str, at: datetime, uid: str) -> str:
        """没有声明编号的业务模板用的件号。"""
        return f"{matter.upper().replace('.', '-')}-" + self.issue(matter, "case", _CASE_FORMAT, at, {}, uid)

    def issue(
        self, matter: str, name: str, sequence: SequenceDecl, at: datetime, scope: Mapping[str, str], uid: str
    ) -> str:
        """取下一个号。`at` 决定年份（北京时间）；`scope` 是单位、渠道、栏目（按它们分号段时）；`uid` 发给哪件。"""
        year = at.astimezone(LOCAL).year
        parts = [matter, name, *(scope.get(word, "") for word in sequence.per if word != "matter")]
        if sequence.reset == "year":
            parts.append(str(year))
        key = "/".join(parts)
        n = self._take(key)
        text = _MARK.sub(lambda mark: str(n).zfill(int(mark[1] or 0)), sequence.format)
        for word, value in {"year": str(year), "matter": matter, **scope}.items():
            text = text.replace("{" + word + "}", value)
        self._issued.append((uid, NumberIssue(series_id=key, n=n, text=text, issued_at=self.now)))
        return text

    def _take(self, key: str) -> int:
        if key not in self._last:
            table = NumberSeries._meta.db_table
            with connection.cursor() as cursor:
                # 一条语句完成“没有就建、有就加一、取回”，两个数据库都支持。
                cursor.execute(
                    f'INSERT INTO {table} ("key", "last") VALUES (%s, 1) '
                    f'ON CONFLICT ("key") DO UPDATE SET "last" = {table}."last" + 1 RETURNING "last"',
                    [key],
                )
                self._last[key] = self._first[key] = int(cursor.fetchone()[0])
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
