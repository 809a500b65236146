"""查询数预算：看的每个网址都在 tests/budgets.yaml 里有数，在演示街道上一条不差地核对。

同一页在行少的街道和行多的街道上各数一次：多了就是逐行、逐条去查了。
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone
from ruamel.yaml import YAML

from jiezhi.api.actions import create_token
from jiezhi.api.shapes import Wanted as ApiWanted
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.records import note_reads, write_record
from jiezhi.base.casework import actions, matters
from jiezhi.base.casework.models import Case, Delivery, EvidenceFile, Notice
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.receipts import receipt_code
from jiezhi.base.casework.testing import definition
from jiezhi.base.documents.models import Document, Scan
from jiezhi.base.publishing.models import Publication
from jiezhi.base.registry.models import Appointment, Area, PowerVersion, Unit
from jiezhi.base.registry.models.powers import Power, PowerStatus
from jiezhi.config.testing_addresses import NOBODY, addresses, allowed
from jiezhi.connect.hooks import actions as hooks
from jiezhi.connect.hooks.listening import lane
from jiezhi.connect.hooks.models import Attempt
from jiezhi.core.procedure.definition import Definition
from jiezhi.services.enforcement.testing import Team, performing
from jiezhi.services.promise.testing import Window
from jiezhi.web.office import lists
from jiezhi.web.office.models import SavedView
from jiezhi.web.office.testing import packs

BUDGETS = Path(__file__).resolve().parents[1] / "budgets.yaml"
TABLE: dict[str, Any] = YAML(typ="safe").load(BUDGETS.read_text(encoding="utf-8"))
PAGES: dict[str, dict[str, Any]] = TABLE["pages"]
pytestmark = pytest.mark.django_db
STALLS = "城乡建设/占道经营"
QUIET = ["service.poster"]  # 没有这种件，订了也不推
FAR = timedelta(days=300)
MOST = 25  # 件页最多几条


@dataclass
class Seen:
    """一页看到的：问了哪些语句，答复是什么。"""

    asked: list[str]
    text: str

    def more_than(self, other: Seen) -> str:
        """比另一次多问的语句，多的次数在前。"""
        extra = Counter(self.asked)
        extra.subtract(other.asked)
        return "\n".join(f"{times} 次 {said[:600]}" for said, times in extra.most_common(5) if times > 0)


@dataclass
class World:
    """演示街道上的一摊事，可以添行。"""

    desk: Any
    values: dict[str, str] = field(default_factory=dict)
    code: str = ""

    def __post_init__(self) -> None:
        desk, person = self.desk, self.desk.person
        self.clerk, self.dispatcher = person("unit_clerk", "enforcement"), person("dispatcher")
        self.supervisor, self.admin = person("supervisor"), person("admin")
        self.case = desk.report("学校门口摊档把路堵死", desk.building(2, 3), STALLS)
        self.penalty = performing(desk, Team(desk))
        self.hook = hooks.create(
            name="推给区里",
            url="https://203.0.113.9/tui",
            matters=QUIET,
            officer=self.dispatcher,
            acting_officer=self.admin,
        )
        desk.worker()
        desk.later(hours=1)
        self.case.refresh_from_db()
        desk.does(self.case, self.clerk, "签收")
        fresh = desk.report("没有分派的一件", desk.building(2, 3))
        self.add(2)
        self.values |= {
            "case": str(self.case.uid), "number": self.case.number, "penalty": str(self.penalty.uid),
            "fresh": str(fresh.uid), "area": desk.building(2, 3).grid, "hook": str(self.hook.pk),
            "publication": str(Publication.objects.latest("pk").pk), "power": "TS-2-0", "cursor": "CURSOR",
        }  # fmt: skip
        self.code = receipt_code(str(self.case.uid))

    def grow(self) -> None:
        """各样都添十几行，那一件办到两百步。"""
        self.add(15)
        while self.case.seq < 200:
            self.desk.does(self.case, self.supervisor, "催办", 督办要求=f"第{self.case.seq}次催办")

    def add(self, count: int) -> None:
        """各样都添 `count` 行。"""
        mark = f"{count}"
        self._registry(count, mark)
        self._cases(count, mark)
        self._papers(count, mark)
        self._records(count, mark)

    def _cases(self, count: int, mark: str) -> None:
        """在办的、办结的、并入的、办过许多步的。"""
        desk, place = self.desk, self.desk.building(2, 3)
        made = [desk.report(f"第{number}处摊档占道", place, STALLS) for number in range(count)]
        for number in range(count):
            told = desk.report(f"第{number}处摊档是邻区的", place, STALLS)
            desk.does(told, self.dispatcher, "不属行政机关受理，告知去处", "不在本街道", 移送到="邻区")
        for number in range(count):
            desk.report(f"没有分派的第{number}件", place)
        joined = [desk.report(f"第{number}次说学校门口摊档", place, STALLS) for number in range(count)]
        window = Window(desk)
        for _ in range(count):
            window.accepted()
        desk.worker()
        desk.later(minutes=30)
        for one in made:
            one.refresh_from_db()
            for _ in range(2):
                desk.does(one, self.supervisor, "收回重派", "再核一次归哪里管")
                desk.does(one, self.dispatcher, "派给责任单位", 承办单位="enforcement")
            desk.does(one, self.clerk, "签收")
        found = actions.merge(
            str(self.case.uid), [str(one.uid) for one in joined],
            acting_officer=self.dispatcher, reason="同一处", now=desk.now,
        )  # fmt: skip
        assert all(isinstance(one, Outcome) for one in found), found
        self.case.refresh_from_db()
        for number in range(count):
            desk.does(self.case, self.clerk, "我已到场核实", 处理前照片=[desk.photo()], 现场情况="还在")
            leader = Officer.objects.get(login=f"p{mark}-{number}")
            desk.does(self.case, self.supervisor, "领导包案", 包案领导=str(leader.pk))
        desk.worker()

    def _papers(self, count: int, mark: str) -> None:
        """文书、等归卷的扫描件、公示。"""
        desk = self.desk
        last = Document.objects.filter(case=self.penalty).latest("version", "pk")
        for number in range(count):
            last.pk, last.version, last.short = None, last.version + 1, f"F{mark}{number}"
            last._state.adding = True
            last.save()
            digest = desk.photo()
            Scan.objects.create(
                digest=digest, file=EvidenceFile.objects.get(pk=digest), page=count * 100 + number, document=last if number % 2 else None,
                result="no_code", say="没有认出二维码", officer=self.clerk, at=desk.now,
            )  # fmt: skip
        free = Case.objects.filter(publication=None)[:count]
        for number, case in enumerate(free):
            Publication.objects.create(
                case=case, source=self.penalty, category="行政处罚", number=f"云罚〔2026〕{mark}-{number}号",
                title="占道经营", party="某某", organ="云桥街道办事处", text="罚款", decided_on=desk.now.date(),
                published_at=desk.now, expires_at=desk.now + FAR,
            )  # fmt: skip

    def _registry(self, count: int, mark: str) -> None:
        """单位、人、区域、事项、业务模板。"""
        desk = self.desk
        top, post = Area.objects.get(parent=None), Appointment.objects.filter(officer=self.clerk).first().post
        power = PowerVersion.objects.filter(power__code="CF-056", status=PowerStatus.IN_FORCE).get()
        draft = PowerVersion.objects.filter(power__code="CF-056").latest("number")
        draft.status, draft.valid_from, draft.valid_to = PowerStatus.DROPPED, None, None
        like = packs().matters["service.temporary_use"].definition
        for number in range(count):
            name = f"{mark}-{number}"
            unit = Unit.objects.create(
                code=f"u{name}", name=f"科室{name}", kind="internal", path=f"/u{name}/"
            )
            person = Officer.objects.create(login=f"p{name}", name=f"人员{name}", staff_kind="established")
            Appointment.objects.create(officer=person, post=post, unit=unit, valid_from=desk.now)
            Area.objects.create(
                code=f"9{mark}{number}", name=f"网格{name}", level="grid", parent=top, path=f"{top.path}{name}/",
                depth=2,
            )  # fmt: skip
            power.pk, power.power = None, Power.objects.create(code=f"TS-{name}", status=power.status)
            power._state.adding = True
            power.save()
            draft.pk, draft.number = None, draft.number + 1
            draft._state.adding = True
            draft.save()
            changes = {"matter": f"service.like_{mark}_{number}", "title": f"像样的{name}"}
            matters.publish(_renamed(like, **changes), now=desk.now)
            changes = {"matter": f"test.like_{mark}_{number}", "title": f"来件{name}"}
            matters.publish(definition(**changes), now=desk.now)

    def _records(self, count: int, mark: str) -> None:
        """查看记录、管理记录、消息、订阅和推送日志。"""
        now = self.desk.now
        looked = [(one, {"reporter": "来件人"}, one.number) for one in (self.case, self.penalty)]
        event = self.case.events.get(seq=1)
        notice = Notice.objects.filter(officer=self.clerk).latest("pk")
        for number in range(count):
            note_reads(looked, reason="核对来件人", acting_officer=self.clerk, now=now)
            write_record(
                "officer.password", "改口令之一", self.dispatcher, acting_officer=self.dispatcher, now=now
            )
            SavedView.objects.create(
                officer=self.dispatcher, name=f"{mark}-{number}", address="open=any", created_at=now
            )
            told = {"case": self.case, "created_at": now, "text": f"您反映的事有进展{number}"}
            Notice.objects.create(delivery=notice.delivery, officer=self.clerk, **told)
            Notice.objects.create(delivery=notice.delivery, to_reporter=True, **told)
            one = hooks.create(
                name=f"推给{mark}-{number}", url="https://203.0.113.9/tui", matters=QUIET, officer=self.supervisor,
                acting_officer=self.admin,
            )  # fmt: skip
            Delivery.objects.create(kind=lane(one.pk), key=f"{mark}-{number}", not_before=now + FAR)
            Attempt.objects.create(
                subscription=self.hook, message=f"msg_{mark}_{number}", case=self.case, event=event, at=now,
                ok=False, answer="不收",
            )  # fmt: skip

    def look(self, page: dict[str, Any]) -> Seen:
        """打开一页：热身一次（业务模板、任职这些每个进程只取一回），再看第二次。"""
        client, address, headers = Client(), page["address"].format(**self.values), {}
        if "who" in page:
            officer = self.desk.person(page["who"], page.get("unit", ""))
            if scopes := page.get("scopes"):
                _, secret = create_token(
                    officer, name="查询数预算", scopes=scopes, days=9, acting_officer=self.admin
                )
                headers["Authorization"] = f"Bearer {secret}"
            else:
                client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
        if page.get("code"):
            headers["X-Query-Code"] = self.code
        if "{cursor}" in page["address"]:
            first = client.get(address.replace("size=40&cursor=CURSOR", "size=1"), headers=headers).json()
            address = address.replace("CURSOR", first["next"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lists, "PAGE", page.get("page_size", lists.PAGE))
            self._get(client, address, headers)
            with CaptureQueriesContext(connection) as found:
                text = self._get(client, address, headers)
        return Seen([one["sql"] for one in found.captured_queries], text)

    @staticmethod
    def _get(client: Client, address: str, headers: dict[str, str]) -> str:
        answer = client.get(address, headers=headers)
        data = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200, f"{address}：{answer.status_code} {data.decode()[:2000]}"
        return data.decode("utf-8", "replace")


def _renamed(like: Definition, **changes: str) -> Definition:
    """同样的业务，换个代号和名称。"""
    law = (like.statutes, like.laws, like.means)
    return Definition.build(like.matter.model_copy(update=changes), *law)


@pytest.fixture(scope="module")
def seen(
    plan: Any, desk_of: Any, django_db_blocker: Any, tmp_path_factory: Any
) -> tuple[dict[str, Seen], dict[str, Seen]]:
    """每一页在行少、行多的街道上各看一次。时间停在办公桌上，与今天是哪天无关。"""
    there = override_settings(PUBLIC_RATES={}, OUTGOING_NETWORKS=["203.0.113.0/24"])
    whole = transaction.atomic()
    whole._from_testcase = True  # type: ignore[attr-defined]  # 里面照样可以有“先提交后给”的
    with django_db_blocker.unblock(), there, whole, pytest.MonkeyPatch.context() as patch:
        desk = desk_of(plan, tmp_path_factory.mktemp("budgets"))
        patch.setattr(timezone, "now", lambda: desk.now)
        world = World(desk)
        few = {name: world.look(page) for name, page in PAGES.items()}
        world.grow()
        assert world.case.seq == 200
        many = {name: world.look(page) for name, page in PAGES.items()}
        transaction.set_rollback(True)
    return few, many


@pytest.mark.parametrize("name", PAGES)
def test_every_page_asks_exactly_its_budget(seen: Any, name: str) -> None:
    page, few = PAGES[name], seen[0][name]
    budget = page.get("postgres", page["queries"]) if connection.vendor == "postgresql" else page["queries"]
    listed = "\n".join(one[:200] for one in few.asked)
    assert len(few.asked) == budget, f"“{name}”用了 {len(few.asked)} 条查询，预算 {budget} 条：\n{listed}"


@pytest.mark.parametrize("name", PAGES)
def test_more_rows_ask_no_more(seen: Any, name: str) -> None:
    few, many = seen[0][name], seen[1][name]
    assert len(many.asked) == len(few.asked), f"“{name}”行多了就多问：\n{many.more_than(few)}"
    if mark := PAGES[name].get("rows"):
        before, after = few.text.count(mark), many.text.count(mark)
        assert 0 < before < after, f"“{name}”的行没有多起来（{before} 行、{after} 行），证明不了什么"
    else:
        assert PAGES[name]["one"], "没有行的要写明"


def test_case_pages_stay_within_what_was_asked(seen: Any) -> None:
    """题目要求的：件页不超过 25 条，办了两百步也一样。"""
    pages = [
        name for name, one in PAGES.items() if "{case}" in one["address"] or "{penalty}" in one["address"]
    ]
    assert len(pages) >= 5
    for name in pages:
        assert len(seen[1][name].asked) <= MOST, name


def test_every_address_has_a_budget(desk: Any) -> None:
    """看得的网址（认 GET 的）都从网址总表推出来：有预算，或者写明为何没有。"""
    client = Client()
    client.force_login(desk.person("admin"), backend="django.contrib.auth.backends.ModelBackend")
    every = {one.route: one for one in addresses()}
    read = {route for route, one in every.items() if "GET" in allowed(client.put(one.example()))}
    assert len(read) > 40, "网址总表没有展开"
    budgeted = {resolve(_path(page)).route for page in PAGES.values()}
    exempt: dict[str, str] = TABLE["exempt"]
    assert read - budgeted - set(exempt) == set(), "没有预算的网址"
    assert set(exempt) - read == set(), "例外里写了没有的网址"
    assert set(exempt) & budgeted == set(), "有预算的不用列在例外里"
    assert all(exempt.values())


def _path(page: dict[str, Any]) -> str:
    """一页的路，{…} 填上样子对的值。"""
    uids = dict.fromkeys(("case", "penalty", "fresh"), NOBODY)
    others = dict.fromkeys(("number", "area", "hook", "publication", "power", "cursor"), "1")
    return str(page["address"]).format(**uids, **others).partition("?")[0]


def test_every_way_of_listing_has_a_budget() -> None:
    """工作列表的每一种范围、办结情况、筛选，接口的每一个参数，都有一页预算用到。"""
    wanted = [
        lists.Wanted.read(QueryDict(page["address"].partition("?")[2]))
        for page in PAGES.values()
        if page["address"].startswith("/?")
    ]
    assert {one.scope for one in wanted} == set(lists.SCOPES)
    assert {one.open for one in wanted} == set(lists.OPEN)
    plain = lists.Wanted()
    for one in dataclasses.fields(lists.Wanted):
        if one.name != "usual":
            assert any(getattr(row, one.name) != getattr(plain, one.name) for row in wanted), one.name
    given = {
        key
        for page in PAGES.values()
        if page["address"].startswith("/api/v1/cases?")
        for key in QueryDict(page["address"].partition("?")[2])
    }
    assert given == set(ApiWanted.model_fields)
