"""写：按名册登记证件。逐张与在页面上登记走同一个门。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework.actions import Entry, act_many
from jiezhi.base.casework.outcome import Result, refuse
from jiezhi.services.qualification.queries import BAR, MATTER

#: 名册的列 → 字段；前面的是正式叫法，后面的是认得的别的叫法。
COLUMNS: dict[str, tuple[str, ...]] = {
    "holder": ("姓名", "持证人", "登录名"),
    "kind": ("证件种类", "种类", "证件类型"),
    "number": ("证件编号", "证号", "编号", "执法证号"),
    "issuer": ("发证机关", "发证单位"),
    "valid_from": ("有效期起", "发证日期", "起始日期"),
    "valid_to": ("有效期止", "有效期至", "截止日期"),
    "reviewed_on": ("最近年审日", "年审日期"),
    "first_review": ("初次从事法制审核",),
}


@dataclass(frozen=True, slots=True)
class Line:
    """名册的一行和它的结果。"""

    row: int
    result: Result


def import_roster(
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    acting_officer: Officer | None,
    now: datetime,
    dry_run: bool = False,
) -> list[Line]:
    """登记名册：`rows` 是（表里的行号，字段 → 值），holder 可以是姓名或登录名，日期写成 YYYY-MM-DD。

    同一种、同一编号的证件只登记一次。逐行给结果，有问题的不影响别的行；法律职业资格先登记，审核资格要查它。
    """
    people: dict[str, list[Officer]] = {}
    for person in Officer.objects.filter(is_active=True):
        people.setdefault(person.name, []).append(person)
        people.setdefault(person.login, []).append(person)
    refused: list[Line] = []
    entries: list[tuple[int, Entry]] = []
    ordered = sorted(rows, key=lambda item: item[1].get("kind") != BAR)
    for row, values in ordered:
        found = list(dict.fromkeys(people.get(str(values.get("holder") or ""), ())))
        if len(found) != 1:
            what = "没有在岗的" if not found else "有几位同名的"
            say = f"{what}“{values.get('holder') or ''}”，请改写登录名"
            refused.append(Line(row, refuse("登记证件", "holder", say, "核对姓名")))
            continue
        inputs = {name: value for name, value in values.items() if value not in (None, "")}
        inputs["holder"] = str(found[0].pk)
        key = f"certificate:{inputs.get('kind', '')}:{inputs.get('number', '')}"
        entries.append((row, Entry(matter=MATTER, action="issue", inputs=inputs, key=key[:120])))
    results = _open([entry for _, entry in entries], acting_officer, now, dry_run)
    done = [Line(row, result) for (row, _), result in zip(entries, results, strict=True)]
    return sorted([*refused, *done], key=lambda line: line.row)


def _open(entries: list[Entry], officer: Officer | None, now: datetime, dry_run: bool) -> list[Result]:
    bars = [entry for entry in entries if entry.inputs.get("kind") == BAR]
    with transaction.atomic():
        # 分两次：审核资格要查得到库里的法律职业资格。
        results = act_many(bars, acting_officer=officer, now=now)
        results += act_many(entries[len(bars) :], acting_officer=officer, now=now)
        if dry_run:
            transaction.set_rollback(True)
    return results
