"""分派规则：哪条管、并列怎样、改了以后当时的理由还查得到。"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework import actions as door
from jiezhi.base.casework.testing import START
from jiezhi.base.registry import actions as registry
from jiezhi.base.registry.models import Unit
from jiezhi.services.dispatch import actions
from jiezhi.services.dispatch.models import Rule
from jiezhi.services.dispatch.queries import rule_history, rules_at
from jiezhi.services.dispatch.routing import Router, patterns, route, suggest_from_history
from jiezhi.services.dispatch.tests.town import GRID1, GRID2, LAMP, NOISE, SOUTH, Street

DAY = timedelta(days=1)


def rule(street: Street, category: str, unit: str, area: str | None = None, **more: Any) -> Rule:
    return actions.create_rule(
        category=category,
        unit=Unit.objects.get(code=unit),
        area=street.areas[area] if area else None,
        acting_officer=None,
        now=more.pop("now", START),
        **more,
    )


def path(street: Street, code: str) -> str:
    return street.areas[code].path


def test_patterns_from_fine_to_coarse() -> None:
    assert patterns("a/b") == ["a/b", "a/b/*", "a/*", "*"]


def test_most_specific_rule_wins(street: Street) -> None:
    rule(street, "*", "civil")
    rule(street, "城乡建设/*", "law")
    rule(street, LAMP, "out_urban", note="市政管养协议")
    rule(street, "城乡建设/*", "station", SOUTH)
    whole = route(LAMP, path(street, "990101001002"), at=START)
    assert (whole.unit, whole.automatic) == ("out_urban", False)
    assert (
        "城乡建设/市政设施" in whole.because
        and "区城管局承办" in whole.because
        and "市政管养协议" in whole.because
    )
    # 区域比类别更要紧：南岸社区的件先由本社区办
    assert route(LAMP, path(street, GRID1), at=START).unit == "station"
    assert "南岸社区" in route(LAMP, path(street, GRID1), at=START).because
    assert route("城乡建设/绿化", path(street, "990101001002"), at=START).unit == "law"
    assert route("城乡建设", at=START).unit == "law"
    assert route("城乡建设管理", at=START).unit == "civil"  # 只是字头相同，不是它的下级
    assert route("别的", at=START).unit == "civil"


def test_matter_then_priority_decide(street: Street) -> None:
    rule(street, NOISE, "law", priority=5)
    rule(street, NOISE, "civil", matter="test.report")
    assert route(NOISE, "", "test.report", START).unit == "civil"
    assert route(NOISE, "", "other.matter", START).unit == "law"
    rule(street, NOISE, "station", priority=9)
    assert route(NOISE, "", "other.matter", START).unit == "station"


def test_tie_is_never_automatic_and_lists_both(street: Street) -> None:
    rule(street, NOISE, "law", automatic=True)
    assert route(NOISE, at=START).automatic
    rule(street, NOISE, "civil", automatic=True)
    found = route(NOISE, at=START)
    assert (found.unit, found.automatic) == ("", False)
    assert [one.unit for one in found.choices] == ["law", "civil"]
    assert "综合执法队、公共服务办" in found.because and "请分拨员选定" in found.because


def test_nothing_fits(street: Street) -> None:
    assert route("", at=START).unit == "" and "还没有定类别" in route("", at=START).because
    assert "没有适用于“没人管”的分派规则" in route("没人管", at=START).because


def test_without_category_only_the_rule_for_all_applies_and_never_by_itself(street: Street) -> None:
    rule(street, NOISE, "law", automatic=True)
    assert route("", at=START).unit == "" and "还没有定类别" in route("", at=START).because
    rule(street, "*", "civil", automatic=True)
    found = route(" ", path(street, GRID1), at=START)
    assert (found.unit, found.automatic) == ("civil", False)
    assert "全街道的各类件由公共服务办承办" in found.because
    assert route("别的", at=START).automatic  # 有类别的照旧自动派出
    rule(street, "*", "station", SOUTH)
    assert route("", path(street, GRID1), at=START).unit == "station"


def test_closed_unit_gets_nothing(street: Street) -> None:
    rule(street, NOISE, "out_urban")
    rule(street, "*", "civil")
    assert route(NOISE, at=START).unit == "out_urban"
    registry.change_unit(street.outside, is_active=False, acting_officer=None, now=START)
    assert route(NOISE, at=START).unit == "civil"


def test_changed_rule_leaves_the_old_one_for_old_reports(street: Street) -> None:
    one = rule(street, NOISE, "law")
    fresh = actions.change_rule(
        one, unit=street.office.other, reason="机构改革", acting_officer=None, now=START + 10 * DAY
    )
    assert route(NOISE, at=START + 9 * DAY).unit == "law"
    assert route(NOISE, at=START + 10 * DAY).unit == "civil"
    record = rule_history(fresh).get()
    assert (
        record.old["rule"] == one.pk
        and record.old["unit"] == str(street.office.unit.pk)
        or record.old["unit"]
    )
    assert (record.note, record.title) == ("机构改革", "修改分派规则")
    assert [row.pk for row in rules_at(START + 11 * DAY)] == [fresh.pk]
    same = actions.change_rule(fresh, priority=0, reason="没有变", acting_officer=None, now=START + 11 * DAY)
    assert same.pk == fresh.pk and Rule.objects.count() == 2


def test_ended_rule_and_rule_for_later(street: Street) -> None:
    one = rule(street, NOISE, "law")
    later = rule(street, LAMP, "law", valid_from=START + 5 * DAY)
    assert route(LAMP, at=START + DAY).unit == "" and route(LAMP, at=START + 5 * DAY).unit == "law"
    actions.end_rule(one, reason="不再归队里", acting_officer=None, now=START + DAY)
    actions.end_rule(later, reason="没有用上", acting_officer=None, now=START + DAY)
    assert route(NOISE, at=START).unit == "law" and route(NOISE, at=START + DAY).unit == ""
    assert route(LAMP, at=START + 9 * DAY).unit == ""
    with pytest.raises(ValidationError, match="已经停用"):
        actions.change_rule(one, priority=1, reason="再用", acting_officer=None, now=START + 2 * DAY)
    again = rule(street, NOISE, "law", now=START + 3 * DAY)
    assert again.pk != one.pk and route(NOISE, at=START + 3 * DAY).unit == "law"


def test_who_may_keep_rules(street: Street, person: Callable[..., Any]) -> None:
    given = {"category": NOISE, "unit": street.office.unit, "now": START}
    with pytest.raises(NotAllowed, match="系统管理员或分拨员"):
        actions.create_rule(acting_officer=street.office.clerk, **given)
    made = actions.create_rule(acting_officer=street.office.dispatcher, **given)
    assert AdminRecord.objects.get(action="dispatch.rule.create").officer == street.office.dispatcher
    with pytest.raises(NotAllowed):
        actions.end_rule(made, reason="试试", acting_officer=street.office.chief, now=START)


@pytest.mark.parametrize("category", ["", "城乡*", "/城乡", "城乡//市容", "城乡 建设", "*/市容", "城乡/"])
def test_category_must_be_written_properly(street: Street, category: str) -> None:
    with pytest.raises(ValidationError):
        rule(street, category, "law")
    assert not Rule.objects.exists()


def test_same_rule_twice_is_refused(street: Street) -> None:
    rule(street, NOISE, "law", SOUTH)
    with pytest.raises(ValidationError, match="与此相同"):
        rule(street, NOISE, "law", SOUTH)
    rule(street, NOISE, "law", GRID1)


ROWS = [
    {"category": "城乡建设", "subcategory": "市容环境", "unit": "综合执法队", "automatic": "是"},
    {"category": NOISE, "unit": "law", "area": "南岸社区", "note": "先由队里看"},
    {"category": LAMP, "unit": "区城管局", "priority": 2},
]


def test_import_then_import_again_changes_only_what_changed(street: Street) -> None:
    first = actions.import_rules(
        ROWS, reason="2026 年派单表", acting_officer=street.office.dispatcher, now=START
    )
    assert (first.created, first.changed, first.ended, first.same) == (3, 0, 0, 0)
    assert route("城乡建设/市容环境", at=START).automatic
    assert route(NOISE, path(street, GRID2), at=START).unit == "law" and route(NOISE, at=START).unit == ""
    second = [{**ROWS[0], "automatic": "否"}, ROWS[1]]
    result = actions.import_rules(second, reason="调整", acting_officer=None, replace=True, now=START + DAY)
    assert (result.created, result.changed, result.ended, result.same) == (0, 1, 1, 1)
    assert not route("城乡建设/市容环境", at=START + DAY).automatic
    assert route("城乡建设/市容环境", at=START).automatic
    assert route(LAMP, at=START + DAY).unit == ""
    record = AdminRecord.objects.filter(action="dispatch.rule.import").first()
    assert record is not None and record.new["changed"][0]["automatic"] is False and record.note == "调整"


def test_import_names_every_problem_and_takes_nothing(street: Street) -> None:
    bad = [
        *ROWS,
        {"category": "城乡*", "unit": "law"},
        {"category": NOISE, "unit": "没有的队", "area": "西岸社区"},
        {"category": "", "unit": "", "automatic": "也许", "priority": "高"},
        ROWS[0],
    ]
    with pytest.raises(ValidationError) as error:
        actions.import_rules(bad, reason="试", acting_officer=None, now=START)
    said = "\n".join(error.value.messages)
    for words in (
        "第 4 行",
        "没有“没有的队”",
        "没有“西岸社区”",
        "缺少承办单位",
        "也许",
        "高",
        "缺少类别",
        "第 7 行",
    ):
        assert words in said
    assert not Rule.objects.exists()


def test_import_says_which_rows_tie(street: Street) -> None:
    rows = [{"category": NOISE, "unit": "law"}, {"category": NOISE, "unit": "civil"}]
    result = actions.import_rules(rows, reason="试", acting_officer=None, now=START)
    assert len(result.ties) == 1 and NOISE in result.ties[0] and "人工选定" in result.ties[0]


def test_router_asks_the_database_twice_however_many_reports(
    street: Street, django_assert_num_queries: Callable[..., Any]
) -> None:
    rule(street, NOISE, "law")
    route(NOISE, at=START)
    with django_assert_num_queries(2):  # 版本戳、在用单位
        router = Router()
        assert {router.route(NOISE, at=START).unit for _ in range(100)} == {"law"}


def closed(street: Street, unit: str, count: int, spot: dict[str, str], day: int = 0) -> None:
    """一批办结的件：派给 unit、答复、办结。"""
    office = street.office
    clerk = office.clerk
    for number in range(count):
        case = street.report(f"噪声 {unit} {number}", category=NOISE, spot=spot, now=START + day * DAY)
        for action, who, inputs, after in (
            ("dispatch", office.dispatcher, {"to_unit": unit}, 1),
            ("answer", clerk, {"reply": "已经上门处理"}, 2),
            ("close", office.dispatcher, {}, 12),
        ):
            moment = START + (day + after) * DAY
            result = door.act(case.uid, action, acting_officer=who, inputs=inputs, now=moment)
            assert result.ok, str(result)


def test_history_suggests_who_answered_before(
    street: Street, django_assert_num_queries: Callable[..., Any]
) -> None:
    here, there = {"address": "河畔路12号"}, {"address": "江滨大道1号"}
    closed(street, "law", 4, here)
    assert suggest_from_history(NOISE, path(street, GRID1), now=START + 15 * DAY) is None  # 不足 5 件
    closed(street, "law", 1, there)
    with django_assert_num_queries(2):
        found = suggest_from_history(NOISE, path(street, GRID1), now=START + 15 * DAY)
    assert found is not None and (found.unit, found.automatic) == ("law", False)
    assert "测试街道" in found.because and "5 件由综合执法队答复" in found.because  # 网格里不足，看全街道
    closed(street, "law", 1, here)
    near = suggest_from_history(NOISE, path(street, GRID1), now=START + 15 * DAY)
    assert near is not None and "南岸社区第一网格" in near.because
    assert suggest_from_history(NOISE, path(street, GRID1), now=START + 400 * DAY) is None  # 一年以前的不算
    assert suggest_from_history(LAMP, path(street, GRID1), now=START + 15 * DAY) is None


def test_history_counts_the_unit_that_answered_not_the_one_that_returned(
    street: Street, person: Callable[..., Any]
) -> None:
    office = street.office
    other = person("wang.gong", "unit_clerk", office.other)
    for number in range(5):
        case = street.report(f"退过的 {number}", category=NOISE)
        steps = (
            ("dispatch", office.dispatcher, {"to_unit": "law"}, ""),
            ("return", office.clerk, {}, "不属本队"),
            ("dispatch", office.dispatcher, {"to_unit": "civil"}, ""),
            ("answer", other, {"reply": "已经办好了"}, ""),
        )
        for hour, (action, who, inputs, reason) in enumerate(steps, start=1):
            moment = START + timedelta(hours=hour)
            result = door.act(case.uid, action, acting_officer=who, inputs=inputs, reason=reason, now=moment)
            assert result.ok, str(result)
        assert door.act(case.uid, "close", acting_officer=office.dispatcher, now=START + 9 * DAY).ok
    found = suggest_from_history(NOISE, now=START + 10 * DAY)
    assert found is not None and found.unit == "civil"
