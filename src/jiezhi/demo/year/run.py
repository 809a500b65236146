"""建一年的件：先建街道，再拨着钟走完一年，最后小结、核验。"""

from __future__ import annotations

import random
import resource
import sys
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction

from jiezhi.base.accounts.models import AdminRecord, Officer
from jiezhi.base.accounts.records import write_record
from jiezhi.base.casework import bundles
from jiezhi.base.casework.bundles import Shared, Unreadable
from jiezhi.base.casework.integrity import check_case, verify_database
from jiezhi.base.casework.models import Case
from jiezhi.base.registry import queries as registry
from jiezhi.core.calendar import CHINA
from jiezhi.demo.certificates import issue_certificates
from jiezhi.demo.install import install_street
from jiezhi.demo.pictures import store_picture
from jiezhi.demo.plan import StreetPlan
from jiezhi.demo.street import build_street
from jiezhi.demo.year.drive import Driver
from jiezhi.demo.year.people import Town
from jiezhi.demo.year.plan import LEAST, starts
from jiezhi.demo.year.rhythm import Year
from jiezhi.demo.year.summary import Summary, summarise

MARK = "demo.year"
PRELUDE = timedelta(days=60)
"""这一年之前多久建街道、登记证件。"""
SAMPLE = 300
SHOTS = {"scene": 24, "before": 40, "after": 40, "paper": 24}
"""各种照片画几张；各件从中取用，不是一件一张。"""

OnDay = Callable[[int, int, date], None]


class YearRefused(ValueError):
    """不能在这个库里建；话里说明缘由和怎么办。"""


@dataclass(frozen=True)
class Made:
    """建成的。`steps` 是这一次办了几步，`stuck` 是没有办成的（应当没有）。"""

    summary: Summary
    steps: int
    seconds: float
    stuck: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """小结，给人看的几行。"""
        yield from self.summary.lines()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
            1024 if sys.platform != "darwin" else 1024**2
        )
        rate = self.steps / self.seconds if self.seconds else 0
        yield f"这一次办了 {self.steps} 步，用时 {self.seconds:.0f} 秒，每秒 {rate:.0f} 步；内存最多 {peak} MB。"
        if self.stuck:
            yield f"有 {len(self.stuck)} 件没有照经过办成：{self.stuck[0]}"


def make_year(
    *,
    cases: int,
    seed: int,
    until: date | None = None,
    now: datetime | None = None,
    on_day: OnDay = lambda *_: None,
) -> Made:
    """建到 `until`（不给就是 `now`，都按北京时间）为止的一年，`cases` 件。断过的再来一次就从断的那天接着建。

    库里要是空的，或者是同一种子没有建完的。否则、件数不够每种经过一件、日子在将来 → YearRefused。
    """
    moment = (now or datetime.now(CHINA)).astimezone(CHINA)
    if cases < LEAST:
        raise YearRefused(f"至少 {LEAST} 件：每种业务、每种经过各要一件。请写 --cases {LEAST} 或更多")
    if until is not None and until > moment.date():
        raise YearRefused("只能建到今天为止：请把 --until 写成今天或以前的日子")
    began = clock.monotonic()
    plan = build_street()
    end = _opened(plan, cases, seed, until, moment)
    first = end.date() - timedelta(days=364)
    year = Year(first, end.date(), random.Random(f"weather:{seed}"), registry.day_table())
    before = datetime.combine(first, time(9), CHINA) - PRELUDE
    shots = {
        kind: [store_picture(kind, number, now=before) for number in range(count)]
        for kind, count in SHOTS.items()
    }
    town = Town(plan, year, random.Random(f"town:{seed}"), shots)
    driver = Driver(starts(town, cases, seed), end, f"year:{seed}:")
    days = (end.date() - driver.first).days + 1
    driver.run(lambda day: on_day((day - driver.first).days + 1, days, day))
    return Made(summarise(end), driver.done, clock.monotonic() - began, tuple(driver.stuck))


def _opened(plan: StreetPlan, cases: int, seed: int, until: date | None, moment: datetime) -> datetime:
    """建街道（已经建了的就认一认），返回这一年到什么时刻为止。"""
    mark = AdminRecord.objects.filter(action=MARK).order_by("-pk").first()
    if mark is not None:
        end = datetime.fromisoformat(mark.new["until"])
        if (mark.new["seed"], mark.new["cases"]) != (seed, cases) or until not in (None, end.date()):
            raise YearRefused(
                f"这个库里建的是种子 {mark.new['seed']}、{mark.new['cases']} 件、到 {end:%Y-%m-%d} 的一年：照原来的写就接着建，"
                "要建别的请换一个空库（JIEZHI_HOME）"
            )
        return end
    if Officer.objects.exists():
        raise YearRefused("库里已有人员，不能建演示的一年：请换一个空库（JIEZHI_HOME）")
    end = (
        moment
        if until in (None, moment.date())
        else datetime.combine(until or moment.date(), time(18), CHINA)
    )
    before = datetime.combine(end.date() - timedelta(days=364), time(9), CHINA) - PRELUDE
    with transaction.atomic():
        install_street(now=before, cases=False)
        issue_certificates(plan, before)
        new = {"seed": seed, "cases": cases, "until": end.isoformat()}
        write_record(MARK, "建演示的一年", Case, acting_officer=None, now=before, new=new)
    return end


def checked(*, whole: bool, seed: int = 0) -> tuple[list[str], str]:
    """核验：全库，或抽一些件逐件重放。返回（不符之处，一句结果）。"""
    if whole:
        report = verify_database()
        faults = [str(fault) for fault in report.faults]
        counts = "，".join(f"{name} {number}" for name, number in report.counts.items())
        return faults, f"核验全库：{counts}。用时 {report.seconds:.0f} 秒。{_verdict(faults)}"
    keys = sorted(Case.objects.values_list("pk", flat=True))
    picked = random.Random(f"sample:{seed}").sample(keys, min(SAMPLE, len(keys)))
    shared, faults = Shared(), []
    for bundle in bundles.stream(Case.objects.filter(pk__in=picked)):
        if isinstance(bundle, Unreadable):
            faults.append(f"{bundle.number}：读不出")
        else:
            faults += [str(fault) for fault in check_case(bundle, shared).faults]
    return (
        faults,
        f"抽 {len(picked)} 件逐件重放、核对。{_verdict(faults)}（全库核验：jiezhi verify --database）",
    )


def _verdict(faults: list[str]) -> str:
    return f"发现 {len(faults)} 处不符" if faults else "全部相符"
