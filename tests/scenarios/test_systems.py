"""主办系统与对账（K5）：热线天天导、天天对；处罚案件抄到省平台、回填案号、按月对得出漏录瞒录；公示按文号对。"""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from docx import Document as read_docx

from jiezhi.base.accounts.models import SensitiveRead
from jiezhi.base.casework import queries as casework
from jiezhi.base.casework.models import Case, Event
from jiezhi.connect.systems import actions, copying, importing, queries, reconciling
from jiezhi.connect.systems.models import ReconcileRun
from jiezhi.connect.systems.testing import copy_bytes
from jiezhi.connect.systems.tests.sheets import CASES, ORDERS, case, order, table
from jiezhi.services.enforcement.testing import Team, deciding, decision, served
from jiezhi.web.office.testing import packs

NOTICES = ["决定书文号", "公示状态", "决定日期", "公示日期"]


@pytest.fixture(autouse=True)
def registered(desk: Any) -> None:
    """随包的登记，四天前公布的。"""
    actions.publish_from(packs(), desk.now - timedelta(days=4))


@pytest.fixture
def clerk(desk: Any) -> Any:
    """热线专员。"""
    return desk.person("hotline_clerk")


@pytest.fixture
def team(desk: Any) -> Team:
    return Team(desk)


def brings(
    desk: Any, who: Any, *rows: dict[str, Any], system: str = "hotline", headers: list[str] = ORDERS
) -> Any:
    """从对方平台导出一张表，导进来。"""
    found = importing.import_sheet(
        system, table(headers, *rows), acting_officer=who, now=desk.now, name="导出.xlsx"
    )
    desk.worker()
    return found


def checks(
    desk: Any, who: Any, since: date, until: date, *rows: dict[str, Any], system: str = "hotline",
    headers: list[str] = ORDERS,
) -> ReconcileRun:  # fmt: skip
    """拿对方的清单对一期的账。"""
    return reconciling.reconcile(
        system, table(headers, *rows), since, until, acting_officer=who, now=desk.now, name="清单.xlsx"
    )


def said(run: ReconcileRun) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    return [
        (one.kind, one.number or one.ours, [(d["title"], d["there"], d["here"]) for d in one.details])
        for one in queries.items(run)
    ]


def hot(desk: Any, number: str, **changes: Any) -> dict[str, Any]:
    building = desk.building(2, 3)
    return order(number, 地址=building.label, 诉求类别="占道经营", 标题="学校门口占道经营", **changes)


def test_a_week_of_the_hotline(desk: Any, clerk: Any) -> None:
    """每天导一遍全表：不多一件；热线退回、办结的跟着走；答复抄回去；一天不缺地对账，最后全部相符。"""
    worker = desk.person("unit_clerk", "enforcement")
    first, second = "12345-2026-080301", "12345-2026-080302"
    desk.at(8, 3, 11)
    found = brings(desk, clerk, hot(desk, first), hot(desk, second))
    assert found.reports["hotline.order"].opened == 2
    one, two = Case.objects.get(number=first), Case.objects.get(number=second)
    assert one.unit_id == "enforcement" and one.fields["hotline_state"] == "办理中"

    # 第二天：同一张表又来，热线改了时限，来电人补充了标题
    desk.at(8, 4, 9)
    for each in (one, two):
        desk.does(each, worker, "签收")
    rows = [
        hot(desk, first, 热线时限="2026-08-12 18:00"),
        hot(desk, second) | {"标题": "学校门口和后门占道经营"},
    ]
    report = brings(desk, clerk, *rows).reports["hotline.order"]
    assert (report.opened, report.changed, report.followed) == (0, 1, 1)
    one.refresh_from_db()
    assert one.fields["hotline_due"].startswith("2026-08-12") and desk.steps(one)[-1] == "跟着热线平台更新"
    (change,) = queries.changes(queries.usable("hotline"))
    shown = queries.shown_change(change)
    assert (shown.before, shown.now) == ("学校门口占道经营", "学校门口和后门占道经营")
    assert actions.adopt([change], acting_officer=clerk, reason="热线来电补充", now=desk.now).ok
    two.refresh_from_db()
    assert two.title == "学校门口和后门占道经营" and desk.steps(two)[-1] == "更正登记"

    # 答复，印抄录单抄回热线，登记抄过了
    desk.at(8, 5, 10)
    for each in (one, two):
        desk.does(each, worker, "答复", 答复内容="摊档已经劝离，每天放学安排人值守", 已联系来电人=True)
    waiting = queries.to_copy(queries.usable("hotline"), "hotline.order", clerk, desk.now)
    assert [each.number for each in waiting] == [first, second]
    data = copy_bytes("hotline", "hotline.order", acting_officer=clerk, now=desk.now)
    assert len(read_docx(io.BytesIO(data)).tables) == 2
    results = copying.mark_copied(
        "hotline", "hotline.order", {first: "", second: ""}, acting_officer=clerk, now=desk.now
    )
    assert all(result.ok for _, result in results)
    assert queries.to_copy(queries.usable("hotline"), "hotline.order", clerk, desk.now) == []

    # 热线回访：一件满意办结，一件不满意退回重办
    desk.at(8, 6, 9)
    replied = {"答复时间": "2026-08-05 10:20", "承办单位": "街道执法中队"}
    rows = [
        hot(desk, first, 热线时限="2026-08-12 18:00", 工单状态="已办结", 办结时间="2026-08-06 08:00")
        | replied,
        hot(desk, second, 工单状态="退回重办") | replied | {"标题": "学校门口和后门占道经营"},
    ]
    assert sorted(brings(desk, clerk, *rows).led) == [first, second]
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.state, two.state) == ("closed", "handling") and "重办" in two.tags
    seqs = (one.seq, two.seq, Event.objects.count())
    assert brings(desk, clerk, *rows).led == []
    assert (Case.objects.get(pk=one.pk).seq, Case.objects.get(pk=two.pk).seq, Event.objects.count()) == seqs

    # 对账：名称不同的单位记进登记，办结日期差一天是热线那边的事，说明缘由
    unit = one.unit.name
    run = checks(desk, clerk, date(2026, 8, 3), date(2026, 8, 4), *rows)
    wrong = {number: details for _, number, details in said(run)}
    assert ("承办单位", "街道执法中队", unit) in wrong[first]
    assert ("答复日期", "2026-08-05", "（还没有）") in wrong[second], "退回重办的，原答复不算"
    for item in queries.items(run):
        reconciling.explain(item, "平台的单位名称没有更新", acting_officer=clerk, now=desk.now)
    assert queries.left(run) == {}
    fixed = [row | {"承办单位": unit} for row in rows]
    fixed[1] |= {"答复时间": ""}
    clean = checks(desk, clerk, date(2026, 8, 3), date(2026, 8, 6), *fixed)
    assert clean.conclusion == "本期对方 2 件，本单位 2 件，全部相符。"
    desk.same(one, two)


def test_what_nobody_reconciled_is_owed(desk: Any, clerk: Any) -> None:
    """登记的第二天起欠一天账；对过的不欠。"""
    entry = queries.register_of("hotline").entry
    desk.at(8, 3, 9)
    owed = [one for one in queries.due(desk.now) if one.register.decl.system == "hotline"]
    assert owed and owed[0].window.since >= entry.since and owed[-1].window.since == date(2026, 8, 2)
    assert clerk in owed[0].people and owed[0].late and not owed[-1].late
    checks(desk, clerk, entry.since, date(2026, 8, 3))
    assert not [one for one in queries.due(desk.now) if one.register.decl.system == "hotline"]


def decided(desk: Any, team: Team, **more: Any) -> Case:
    """作出了处罚决定的一件。"""
    found = deciding(desk, team)
    return desk.does(found, team.head, "作出处罚决定", **decision(desk, **more))


def test_a_penalty_copied_numbered_and_reconciled(desk: Any, team: Team) -> None:
    found = decided(desk, team)
    served(desk, team, found, "处罚决定书")
    register = queries.usable("enforcement")
    chief = team.chief
    assert [one.pk for one in queries.to_copy(register, "enforcement.penalty", chief, desk.now)] == [found.pk]

    # 抄录单：打码的人人能印；全文要写理由，先记查看记录
    pages = read_docx(
        io.BytesIO(copy_bytes("enforcement", "enforcement.penalty", acting_officer=chief, now=desk.now))
    )
    (page,) = [{row.cells[0].text: row.cells[1].text for row in one.rows} for one in pages.tables]
    assert list(page)[:3] == ["本单位案号", "案由", "案件来源"] and page["当事人"].startswith("云*")
    assert page["罚款金额"] == "90000.00" and page["决定书文号"] == found.fields["decision_number"]
    assert team.one.name in page["承办人员"]
    data = copy_bytes(
        "enforcement", "enforcement.penalty", acting_officer=chief, now=desk.now, reason="录入省平台"
    )
    text = str(
        [[cell.text for row in one.rows for cell in row.cells] for one in read_docx(io.BytesIO(data)).tables]
    )
    assert "云桥小星星托育有限公司" in text
    assert set(SensitiveRead.objects.values_list("case_number", "reason")) == {(found.number, "录入省平台")}

    # 省平台的清单来了：凭文号认出这一件，回填案号；平台上另有一件这边没有
    number = "粤云执案〔2026〕15号"
    listed = case(
        number, 案件状态="送达执行", 立案日期=day_of(found, "file"), 决定书文号=found.fields["decision_number"],
        决定日期=found.fields["decided_on"], 罚款金额="80000", 承办单位=found.unit.name, 本单位案号="",
    )  # fmt: skip
    unknown = case("粤云执案〔2026〕16号", 案件状态="已结案", 立案日期="2026-08-06")
    opened = Case.objects.filter(matter="enforcement.penalty").count()
    assert brings(desk, chief, listed, unknown, system="enforcement", headers=CASES).entered == [found.number]
    assert brings(desk, chief, listed, unknown, system="enforcement", headers=CASES).entered == []
    found.refresh_from_db()
    assert found.fields["province_number"] == number and "登记省平台案号" in desk.steps(found)
    assert Case.objects.filter(matter="enforcement.penalty").count() == opened, "一件也没有多"
    assert queries.to_copy(register, "enforcement.penalty", chief, desk.now) == []

    # 对账：漏录的、瞒录的、数额不一样的，件件点得出来；不改任何一件
    missing = decided(desk, team, 不是同一违法行为的说明="另一处场所，另行查处")
    before = Event.objects.count()
    run = checks(
        desk, chief, date(2026, 8, 1), date(2026, 9, 1), listed, unknown, system="enforcement", headers=CASES
    )
    assert said(run) == [
        ("那边有这边没有", "粤云执案〔2026〕16号", [("日期", "2026-08-06", "")]),
        ("这边有那边没有", missing.number, [("缘由", "", "还没有登记对方的编号")]),
        ("两边都有而不一样", number, [("罚款金额", "80000元", "90000元")]),
    ]
    assert Event.objects.count() == before
    # 热线专员对不了执法的账
    with pytest.raises(Exception, match="由执法队负责人办"):
        checks(
            desk,
            desk.person("hotline_clerk"),
            date(2026, 8, 1),
            date(2026, 9, 1),
            system="enforcement",
            headers=CASES,
        )
    desk.same(found)


def day_of(found: Case, meaning: str) -> str:
    """最近一次做这个含义的日子。"""
    matter = casework.definition_of(found).matter
    names = [name for name, one in matter.actions.items() if meaning in one.means]
    return f"{Event.objects.filter(case=found, action__in=names).latest('seq').at:%Y-%m-%d}"


def test_publicity_is_met_by_the_decision_number(desk: Any, team: Team) -> None:
    """公示平台没有自己的编号：双方凭决定书文号认件；公布之后要抄过去。"""
    found = decided(desk, team)
    review = Case.objects.get(parent=found, matter="publishing.review")
    desk.does(
        review, team.publisher, "审查完毕", 是否具有一定社会影响=True, 当事人有没有未成年人=False,
        是否涉及国家秘密=False, **{"是否涉及商业秘密、个人隐私": False},
        公开的题名=review.fields["public_title"], 公开的当事人=review.fields["public_party"],
        公开的内容=review.fields["public_text"],
    )  # fmt: skip
    desk.does(review, team.publisher, "公布")
    decision_number, today = found.fields["decision_number"], f"{desk.now:%Y-%m-%d}"
    waiting = queries.to_copy(queries.usable("publicity"), "publishing.review", team.publisher, desk.now)
    assert [one.pk for one in waiting] == [review.pk]
    options = {"acting_officer": team.publisher, "now": desk.now}
    ((_, marked),) = copying.mark_copied("publicity", "publishing.review", {review.number: ""}, **options)
    assert (
        marked.ok
        and queries.to_copy(queries.usable("publicity"), "publishing.review", team.publisher, desk.now) == []
    )
    row = {
        "决定书文号": decision_number,
        "公示状态": "公示中",
        "决定日期": found.fields["decided_on"],
        "公示日期": today,
    }
    since, until = date(2026, 8, 1), date(2026, 9, 1)

    def run(*rows: dict[str, Any]) -> ReconcileRun:
        return checks(desk, team.publisher, since, until, *rows, system="publicity", headers=NOTICES)

    assert run(row).conclusion.endswith("全部相符。")
    assert said(run()) == [("这边有那边没有", decision_number, [])]
    gone = run(row | {"公示状态": "已撤下"})
    assert said(gone) == [("两边都有而不一样", decision_number, [("状态", "已撤下", "公示中")])]
