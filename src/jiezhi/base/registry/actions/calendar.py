"""工作日表。"""

from collections.abc import Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts.authority import require_administrator
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.registry import stamps
from jiezhi.base.registry.models import CalendarDay, CalendarYear, DayKind
from jiezhi.core.calendar.daytable import FIRST_YEAR, LAST_YEAR


def set_calendar_days(
    days: Mapping[date, str | None],
    *,
    acting_officer: Officer | None,
    note: str = "",
    announce_year: int | None = None,
    source: str = "",
    now: datetime | None = None,
) -> None:
    """改工作日表：日期 → workday 工作日、rest 休息日、holiday 节假日；None 为取消改动、恢复原样。

    给了 `announce_year` 就同时登记这一年的放假安排已公布，须写明依据的通知 `source`;只给与周一至周五不同的
    日子即可。
    """
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    problems: list[str] = []
    for day, kind in days.items():
        if kind is not None and kind not in DayKind.values:
            problems.append(f"{day}：没有“{kind}”这种日子，应为工作日、休息日或节假日")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            problems.append(f"{day}：工作日表只排到 {FIRST_YEAR} 年至 {LAST_YEAR} 年")
        if announce_year is not None and day.year not in (announce_year, announce_year - 1):
            problems.append(f"{day}：不在 {announce_year} 年的安排之内")
    if announce_year is not None:
        if not FIRST_YEAR <= announce_year <= LAST_YEAR:
            problems.append(f"工作日表只排到 {FIRST_YEAR} 年至 {LAST_YEAR} 年")
        if not source.strip():
            problems.append("请写明依据的通知，如“国办发明电〔2030〕12 号”")
    elif not days:
        problems.append("请至少改一天")
    if problems:
        raise ValidationError({"days": problems})
    with transaction.atomic():
        known = {row.date: row for row in CalendarDay.objects.select_for_update().filter(date__in=list(days))}
        old = {day.isoformat(): row.kind for day, row in known.items()}
        for day, kind in days.items():
            row = known.get(day)
            if kind is None:
                if row is not None:
                    row.delete()
            elif row is None:
                CalendarDay.objects.create(date=day, kind=kind, note=note.strip()[:100])
            else:
                row.kind, row.note = kind, note.strip()[:100]
                row.save(update_fields=["kind", "note"])
        new = {day.isoformat(): kind for day, kind in days.items()}
        if announce_year is not None:
            CalendarYear.objects.update_or_create(
                year=announce_year, defaults={"announced": True, "source": source.strip()}
            )
            new["announced"] = str(announce_year)
        stamps.touch(stamps.CALENDAR)
        write_record(
            "calendar.change",
            "改工作日表",
            CalendarDay,
            acting_officer=acting_officer,
            now=now,
            old=old,
            new=new,
            note=source.strip() or note.strip(),
        )
