"""真实数据试用之二：分派规则、导入留言表和答复表、后续发送、重复导入。"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from zoneinfo import ZoneInfo

import python_calamine
from django.db.models import F, QuerySet
from trial_common import MESSAGES, REPLIES, Figures, database_size, say, timed

from jiezhi.assist.classify import facts
from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import outbox
from jiezhi.base.casework.models import Case, CaseField, Clock, Delivery, Event
from jiezhi.base.registry import queries as registry
from jiezhi.base.registry.models import Area
from jiezhi.connect.excel import actions, queries
from jiezhi.connect.excel.models import ImportRow, ImportRun
from jiezhi.services.dispatch import actions as dispatch

MATTER = "online.message"
LIMIT = 10
"""答复时限，工作日（业务模板的默认值）。"""
UNITS = {
    "城乡建设": "construction",
    "环境保护": "enforcement",
    "交通运输": "enforcement",
    "教育文体": "public_service",
    "劳动和社会保障": "public_service",
    "商贸旅游": "economy",
    "卫生计生": "public_service",
}
"""七个一级类别 → 演示街道里管得着的科室。"""
FALLBACK = "party_office"
CHINA = ZoneInfo("Asia/Shanghai")


def rules(now: datetime) -> Figures:
    """七条可以自动派出的，一条管其余、只作建议的。"""
    rows = [{"category": name, "unit": unit, "automatic": "是"} for name, unit in UNITS.items()]
    rows.append({"category": "*", "unit": FALLBACK, "automatic": "否"})
    done = dispatch.import_rules(rows, reason="真实数据试用", acting_officer=None, now=now)
    return {"automatic": len(UNITS), "fallback": 1, "created": done.created, "ties": len(done.ties)}


def importer() -> Officer:
    """演示街道里能登记热线、留言的人。"""
    return registry.officers_with("hotline_clerk")[0]


def load(data: Path, name: str, layout: str, now: datetime, *, dry_run: bool = False) -> Figures:
    """导一张表，返回行数、各种结果、用时。"""
    officer = importer()
    shown = "试导" if dry_run else "导入"
    told = 0

    def step(done: int, total: int) -> None:
        nonlocal told
        if done - told >= 1000 or done == total:
            told = done
            say(f"{shown} {Path(name).name}：{done}/{total}")

    with timed() as watch:
        run = actions.start_import(
            MATTER, data / name, layout=layout, acting_officer=officer, now=now, dry_run=dry_run
        )
        report = actions.run_import(run, progress=step, now=now, prepare=(facts.prefetch,))
    assert report.status == ImportRun.Status.DONE, report.status
    opened = ImportRow.objects.filter(run=run, outcome=ImportRow.Outcome.OPENED)
    return {
        "run": run.pk,
        "rows": report.rows,
        "opened": report.opened,
        "repeated": report.repeated,
        "refused": report.refused,
        "skipped": report.skipped,
        "kinds": list(report.kinds),
        "warned": opened.exclude(note="").count(),
        "warnings": _kinds(opened),
        "notes": len(report.notes),
        "seconds": watch.seconds,
        "rate": report.rows / watch.seconds,
        "size": database_size(),
    }


def _kinds(rows: QuerySet[ImportRow]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for (note,) in rows.exclude(note="").values_list("note"):
        counts.update(queries._VALUE.sub("…", part) for part in note.split("；"))
    return counts.most_common(6)


def suggested(run: int) -> Figures:
    """一次导入开的件：几件有了类别建议、定到哪一级区域、补出了地点。"""
    mine = ImportRow.objects.filter(run=run, case__isnull=False).values("case")
    cases = Case.objects.filter(matter=MATTER, uid__in=mine)
    levels = dict(Area.objects.values_list("code", "level"))
    rows = list(cases.values_list("pk", "area_id", "fields"))
    return {
        "cases": len(rows),
        "category": sum(bool(fields.get("category")) for _, _, fields in rows),
        "by_category": Counter(fields.get("category") or "" for _, _, fields in rows),
        "levels": Counter(levels.get(area or "", "") for _, area, _ in rows),
        "spot": sum(bool(fields.get("spot")) for _, _, fields in rows),
        "unit": Counter(fields.get("to_unit") or "" for _, _, fields in rows),
    }


def drain(now: datetime) -> Figures:
    """做后续发送，直到没有该做的；另记做成的自动派单、没有自动派的缘由。"""
    before = Delivery.objects.count()
    newest = (
        Delivery.objects.filter(done_at__isnull=False).order_by("-pk").values_list("pk", flat=True).first()
    )
    waiting = outbox.waiting(now).count()
    done = failed = 0
    with timed() as watch:
        while outbox.waiting(now).exists():
            round_ = outbox.drain(now, limit=500)
            done, failed = done + round_.done, failed + round_.failed
            if done % 2000 < 500:
                say(f"后续发送：做完 {done}，没做成 {failed}")
    results: Counter[str] = Counter()
    for kind, result in Delivery.objects.filter(pk__gt=newest or 0).values_list("kind", "result"):
        results[f"{kind} {queries._VALUE.sub('…', result).partition('(')[0]}"] += 1
    return {
        "waiting": waiting,
        "followed": Delivery.objects.count() - before,
        "done": done,
        "failed": failed,
        "left": Delivery.objects.filter(done_at=None).count(),
        "seconds": watch.seconds,
        "rate": done / watch.seconds,
        "size": database_size(),
        "results": results.most_common(),
        "dispatched": Event.objects.filter(action="auto_dispatch", case__matter=MATTER).count(),
        "handling": Case.objects.filter(matter=MATTER, state="handling").count(),
        "waiting_person": Case.objects.filter(matter=MATTER, state="new").count(),
    }


def answers(data: Path, run: int, now: datetime) -> Figures:
    """答复表导入的件：办结时间对不对、答复用了几个工作日、时限怎样。"""
    sheet = _sheet_times(data / REPLIES)
    opened = dict(ImportRow.objects.filter(run=run, case__isnull=False).values_list("number", "case"))
    moments: dict[str, dict[str, datetime]] = {}
    recorded: set[datetime] = set()
    rows = Event.objects.filter(case__matter=MATTER, action__in=("receive", "past_answer", "past_close"))
    for number, action, at, when in rows.values_list("case__number", "action", "at", "recorded_at"):
        if number in opened:
            moments.setdefault(number, {})[action] = at
            recorded.add(when)
    closed = dict(Case.objects.filter(matter=MATTER, state="closed").values_list("number", "closed_at"))
    true = sum(
        (found["receive"], found["past_answer"], found["past_close"], closed.get(number))
        == (*sheet[number], sheet[number][1], sheet[number][1])
        for number, found in moments.items()
    )
    table = registry.day_table()
    local = [
        (one["receive"].astimezone(CHINA).date(), one["past_answer"].astimezone(CHINA).date())
        for one in moments.values()
    ]
    days = [table.workdays_between(*pair) for pair in local]
    clocks = Clock.objects.filter(case__matter=MATTER, name="handle", case__closed_at__isnull=False)
    ended = clocks.filter(status="ended")
    late = set(ended.filter(ended_at__gte=F("due_at")).values_list("case__number", flat=True))
    apart = [
        pair
        for number, pair, day in zip(moments, local, days, strict=True)
        if (number in late) != (day > LIMIT)
    ]
    return {
        "cases": len(moments),
        "apart": len(apart),
        "apart_at_rest": sum(not table.is_workday(answered) for _, answered in apart),
        "closed": sum(number in closed for number in moments),
        "true_dates": true,
        "recorded_now": recorded == {now},
        "median": median(days),
        "ninth": quantiles(days, n=10)[-1],
        "most": max(days),
        "over": sum(day > LIMIT for day in days),
        "same_day": sum(day <= 0 for day in days),
        "unsure": sum(table.provisional_between(*pair) for pair in local),
        "clocks": clocks.count(),
        "running": clocks.exclude(status="ended").count(),
        "overdue": len(late),
        "provisional": clocks.filter(provisional=True).count(),
        "years": Counter(str(pair[0].year) for pair in local),
    }


def _sheet_times(path: Path) -> Mapping[str, tuple[datetime, datetime]]:
    """编号 → （留言时间、答复时间），另一段程序直接从表里读，好与导入的对。"""
    book = python_calamine.load_workbook(path)
    rows = book.get_sheet_by_name(book.sheet_names[0]).to_python()
    head = [str(cell) for cell in rows[0]]
    at = [head.index(name) for name in ("留言编号", "留言时间", "答复时间")]
    return {
        str(int(row[at[0]])): (_moment(row[at[1]]), _moment(row[at[2]]))  # type: ignore[arg-type]
        for row in rows[1:]
    }


def _moment(cell: object) -> datetime:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=CHINA)
    day, _, clock = str(cell).strip().partition(" ")
    year, month, date = map(int, day.replace("-", "/").split("/"))
    hour, minute, second = [*map(int, clock.split(":")), 0, 0, 0][:3] if clock else (0, 0, 0)
    return datetime(year, month, date, hour, minute, second, tzinfo=CHINA)


def again(data: Path, now: datetime) -> Figures:
    """两张表再导一遍：不应多出一件、一条办理记录、一条后续发送。"""
    before = _counts()
    found: Figures = {"before": before}
    for name, layout in ((MESSAGES, "messages"), (REPLIES, "replied")):
        found[name] = load(data, name, layout, now)
    found["after"] = _counts()
    found["same"] = found["after"] == before
    return found


def _counts() -> dict[str, int]:
    return {
        "件": Case.objects.count(),
        "办理记录": Event.objects.count(),
        "后续发送": Delivery.objects.count(),
        "时限": Clock.objects.count(),
        "筛选值": CaseField.objects.count(),
    }
