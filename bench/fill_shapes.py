"""样板的样子：一件在各表里有哪些行，抄的时候哪些列要换。给 fill.py 用。"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

TABLES = (
    "casework_case", "casework_caserole", "casework_casefield", "casework_caseparty", "casework_casetext",
    "casework_clock", "casework_clockentry", "casework_event", "casework_payload", "casework_evidencefile",
    "casework_evidenceuse",
)  # fmt: skip
# 各业务在一年里占的份数；没有写的一份。
SHARES = {"hotline.order": 450, "report.snapshot": 350, "online.message": 80}
# 照样板逐行抄的；件和文字另外造。
COPIED = tuple(table for table in TABLES if table not in ("casework_case", "casework_casetext"))
TIMES = frozenset(
    [
        "at",
        "recorded_at",
        "started_at",
        "due_at",
        "warn_at",
        "ended_at",
        "fired_at",
        "uploaded_at",
        "taken_at",
    ]
)
Row = list[Any]


@dataclass
class Sample:
    """一件样板。`rows`：表 → 各行的（样子，要换的列）；要换的是（第几列，换成什么，附带的）。`day` 是来件那天。"""

    matter: str
    day: date
    live: bool
    case: dict[str, Any]
    rows: dict[str, list[tuple[Row, list[tuple[int, str, Any]]]]]
    sizes: dict[str, int]
    files: int
    weight: float
    definition: Any


def read_samples(connection: Any, columns: dict[str, list[str]], rng: random.Random) -> list[Sample]:
    """读出库里的样板；`columns` 是各表要抄的列。"""
    from jiezhi.base.casework import matters
    from jiezhi.base.casework.models import Case

    cases = list(Case.objects.select_related("version").filter(parent=None))
    counts = Counter((case.matter, case.closed_at is None) for case in cases)
    found = []
    for case in cases:
        rows = {table: _rows(connection, columns, table, case) for table in TABLES}
        live = case.closed_at is None
        weight = SHARES.get(case.matter, 1) / counts[(case.matter, live)] * rng.expovariate(1)
        files = {row["digest"]: n for n, row in enumerate(rows["casework_evidencefile"])}
        places = {
            key: {row["id"]: n for n, row in enumerate(rows[f"casework_{key}"])} for key in ("event", "clock")
        }
        found.append(
            Sample(
                matter=case.matter,
                day=case.opened_at.date(),
                live=live,
                case=rows["casework_case"][0],
                rows={
                    table: [_marked(table, row, files, places, case) for row in rows[table]]
                    for table in COPIED
                },
                sizes={table: len(rows[table]) for table in TABLES},
                files=len(files),
                weight=weight,
                definition=matters.definition_of(case.version),
            )
        )
    return found


def _rows(connection: Any, columns: dict[str, list[str]], table: str, case: Any) -> list[dict[str, Any]]:
    where, order = '"case_id" = %s', '"id"'
    if table == "casework_case":
        where = '"id" = %s'
    elif table in ("casework_payload", "casework_clockentry"):
        where = "event_id IN (SELECT id FROM casework_event WHERE case_id = %s)"
        order = "event_id"
    elif table == "casework_evidencefile":
        where = "digest IN (SELECT file_id FROM casework_evidenceuse WHERE case_id = %s)"
        order = "digest"
    elif table == "casework_casefield":
        where += " AND name <> '#unique'"  # “同时只能有一件”的标记，抄了就重了
    if table == "casework_clockentry" and case.closed_at is not None:
        return []  # 办结的件不抄时限流水
    names = columns[table]
    listed = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {listed} FROM {table} WHERE {where} ORDER BY {order}", [case.pk])
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _marked(
    table: str,
    row: dict[str, Any],
    files: dict[str, int],
    places: dict[str, dict[int, int]],
    case: Any,
) -> tuple[Row, list[tuple[int, str, Any]]]:
    """一行和它要换的列。"""
    marks: list[tuple[int, str, Any]] = []
    for at, (name, value) in enumerate(row.items()):
        if name in ("id", "case_id", "place"):
            marks.append((at, name, table))
        elif name in ("event_id", "clock_id"):
            marks.append((at, name, places[name[:-3]][value]))
        elif name in ("file_id", "digest") and table.startswith("casework_evidence"):
            marks.append((at, "file", files[value]))
        elif name == "body":
            marks.append((at, "body", bytes(value).split(str(case.uid).encode())))
        elif name in TIMES and value is not None:
            marks.append((at, "time", value))
        elif table == "casework_caseparty" and name in ("index", "tail") and case.matter in SHARES:
            marks.append((at, "party", (row["kind"], name == "tail", value)))
    return [None if name == "key" and table == "casework_event" else one for name, one in row.items()], marks
