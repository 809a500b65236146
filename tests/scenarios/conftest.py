"""情景测试的街道：演示街道（五个社区、四十个网格、六十人、派单表）加上公布的业务模板，每个文件建一次。

`desk` 用科室的话办件：人按岗位找，动作写按钮上的字，填的内容写栏目名。
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from PIL import Image

from jiezhi.base.accounts.models import Officer
from jiezhi.base.archive.actions import make_checkpoint, write_case_package
from jiezhi.base.casework import actions, files, outbox, queries, replay
from jiezhi.base.casework.models import Case, Clock, Event, Notice
from jiezhi.base.casework.outcome import Outcome, Refused, Result
from jiezhi.connect.excel import actions as excel
from jiezhi.connect.excel.queries import ImportReport
from jiezhi.connect.excel.tests import build
from jiezhi.core.evidence import verify_package
from jiezhi.core.procedure.view import Actor
from jiezhi.demo.certificates import issue_certificates
from jiezhi.demo.install import install_street
from jiezhi.demo.plan import BuildingPlan, StreetPlan
from jiezhi.web.office.testing import packs, publish_packs

LOCAL = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 8, 3, 9, 0, tzinfo=LOCAL)
RESIDENT = Actor("reporter")
Who = Officer | Actor


class Desk:
    """一张办公桌：时间由它拨，人从街道里找，事从唯一的门办。"""

    def __init__(self, plan: StreetPlan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.now = MONDAY
        self.resident = RESIDENT
        self.colours = iter(range(1, 250))

    # ---- 时间 ----

    def at(self, month: int, day: int, hour: int = 9, minute: int = 0, *, year: int = 2026) -> datetime:
        """拨到这一刻（北京时间）；不许往回拨。"""
        moment = datetime(year, month, day, hour, minute, tzinfo=LOCAL)
        assert moment >= self.now, "时间不倒流"
        self.now = moment
        return moment

    def later(self, **span: float) -> datetime:
        """过一会儿。"""
        self.now += timedelta(**span)
        return self.now

    def worker(self) -> None:
        """worker 做到没有事可做：到期的时限、后续发送。"""
        for _ in range(20):
            fired = outbox.fire_clocks(self.now)
            drained = outbox.drain(self.now)
            assert drained.failed == 0
            if not fired and not drained.done:
                return
        raise AssertionError("后续发送做不完")

    # ---- 人和地点 ----

    def person(self, post: str, unit: str = "", nth: int = 0) -> Officer:
        """任某岗的第几个人。"""
        return Officer.objects.get(login=self.plan.holders(post, unit)[nth].login)

    def keeper(self, building: BuildingPlan) -> Officer:
        """管这栋楼的网格员。"""
        return Officer.objects.get(login=self.plan.keepers(building.grid)[0].login)

    def building(self, community: int = 1, grid: int = 1) -> BuildingPlan:
        """第几个社区第几网格里的一栋楼。"""
        code = f"{self.plan.street.code}{community:03}{grid:03}"
        return next(one for one in self.plan.buildings if one.grid == code)

    def photo(self) -> str:
        """拍一张照片传上来，得到它的摘要；每张不同。"""
        stream = io.BytesIO()
        Image.new("RGB", (40, 30), (next(self.colours), 80, 120)).save(stream, "JPEG")
        stream.seek(0)
        return files.store(stream, "现场.jpg", kind="photo", acting_officer=None, now=self.now).pk

    # ---- 办 ----

    def report(
        self, content: str, building: BuildingPlan, category: str = "", who: Who = RESIDENT, **more: Any
    ) -> Case:
        """居民拍照报事。"""
        inputs = {
            "content": content,
            "spot": {"lon": str(building.lon), "lat": str(building.lat)},
            "photos": [self.photo()],
            "reporter": {"name": "林小燕", "phone": "13800138001"},
            **({"category": category} if category else {}),
            **more,
        }
        result = actions.open_case("report.snapshot", "report", inputs=inputs, now=self.now, **_by(who))
        assert isinstance(result, Outcome), str(result)
        return Case.objects.get(uid=result.uid)

    def does(self, case: Case, who: Who, title: str, reason: str = "", **values: Any) -> Case:
        """办成一步，刷新件。"""
        result = self.tries(case, who, title, reason, **values)
        assert isinstance(result, Outcome), str(result)
        case.refresh_from_db()
        return case

    def refused(self, case: Case, who: Who, title: str, reason: str = "", **values: Any) -> str:
        """办不成；返回说的话。件上什么也没有变。"""
        before = (case.seq, bytes(case.head))
        result = self.tries(case, who, title, reason, **values)
        assert isinstance(result, Refused), f"竟然办成了“{title}”"
        case.refresh_from_db()
        assert (case.seq, bytes(case.head)) == before
        assert all(item.say and item.remedy for item in result.refusal.missing), "没有说明怎么办"
        return str(result)

    def tries(self, case: Case, who: Who, title: str, reason: str = "", **values: Any) -> Result:
        """办一步，不管成不成。"""
        name, inputs = self._named(case, title, values)
        return actions.act(str(case.uid), name, inputs=inputs, reason=reason, now=self.now, **_by(who))

    def _named(self, case: Case, title: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        definition = queries.definition_of(case)
        found = [name for name, one in definition.matter.actions.items() if one.title == title]
        assert len(found) == 1, f"叫“{title}”的动作有 {len(found)} 个"
        fields = {one.title: name for name, one in definition.matter.fields.items()}
        return found[0], {fields[key]: value for key, value in values.items()}

    def buttons(self, case: Case, officer: Officer) -> dict[str, bool]:
        """这个人在件页面上看到的按钮：字 → 现在办得了没有。"""
        matter = queries.definition_of(case).matter
        return {
            matter.actions[name].title: not hasattr(found, "missing")
            for name, found in queries.available(case, officer, now=self.now)
        }

    def imports(self, matter: str, who: Officer, *rows: list[Any]) -> ImportReport:
        """导入一张表。"""
        run = excel.start_import(
            matter, build.table(*rows), name="来表.xlsx", acting_officer=who, now=self.now
        )
        return excel.run_import(run, now=self.now)

    # ---- 看 ----

    def steps(self, case: Case) -> list[str]:
        """办过的步骤（按钮上的字）。"""
        return [line.title for line in queries.timeline(case)]

    def told(self, case: Case, officer: Officer | None = None) -> list[str]:
        """给某人（不写是来件人）的通知，从旧到新。"""
        rows = Notice.objects.filter(case=case, officer=officer, to_reporter=officer is None)
        return list(rows.order_by("pk").values_list("text", flat=True))

    def clock(self, case: Case, title: str, round_number: int = 1) -> Clock:
        """件上的一个时限。"""
        matter = queries.definition_of(case).matter
        name = next(name for name, one in matter.clocks.items() if one.title == title)
        return Clock.objects.get(case=case, name=name, round=round_number)

    def running(self, case: Case) -> set[str]:
        """声明过的、在走的时限（定日子、周期性的内部时限不算）。"""
        matter = queries.definition_of(case).matter
        rows = Clock.objects.filter(case=case).exclude(status="ended").values_list("name", flat=True)
        return {matter.clocks[name].title for name in rows if name in matter.clocks}

    def last(self, case: Case) -> Event:
        """最后一条办理记录。"""
        return Event.objects.filter(case=case).latest("seq")

    # ---- 收尾 ----

    def same(self, *cases: Case) -> None:
        """从办理记录重放，与库里的件逐列相同。"""
        for case in cases:
            assert replay.differences(Case.objects.get(pk=case.pk)) == []

    def package(self, case: Case, who: Officer) -> Any:
        """做成案卷包，离开数据库也验得过；返回验证的结果。"""
        make_checkpoint(now=self.now)
        path = self.folder / f"{case.number}.zip"
        write_case_package(case, path, acting_officer=who, now=self.now, reveal=True, reason="情景测试归档")
        report = verify_package(path)
        assert report.ok, report.faults
        assert report.facts["events"] == report.facts["covered_to"] == case.seq
        return report


def _by(who: Who) -> dict[str, Any]:
    return {"acting_officer": who} if isinstance(who, Officer) else {"actor": who}


@pytest.fixture(scope="module")
def plan(django_db_setup: None, django_db_blocker: Any) -> Iterator[StreetPlan]:
    """演示街道，一个文件建一次；每个测试在其上各开一层事务。"""
    with django_db_blocker.unblock(), transaction.atomic():
        publish_packs(MONDAY - timedelta(days=30))
        found = install_street(now=MONDAY - timedelta(days=30), cases=False, packs=packs())
        issue_certificates(found, MONDAY - timedelta(days=30))
        yield found
        transaction.set_rollback(True)


@pytest.fixture(scope="session")
def desk_of() -> type[Desk]:
    """一个文件只摆一次桌子的，自己摆。"""
    return Desk


@pytest.fixture
def desk(plan: StreetPlan, db: None, tmp_path: Path) -> Desk:
    return Desk(plan, tmp_path)
