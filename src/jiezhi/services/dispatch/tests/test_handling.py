"""来件、定位、派单、退回、上报、合并：用科室里的话写的情景。"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import actions as door
from jiezhi.base.casework import outbox
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case, CaseParty, Event, Notice
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.base.casework.testing import START
from jiezhi.base.registry.models import Unit
from jiezhi.services.dispatch import actions, resolve
from jiezhi.services.dispatch.models import Rule
from jiezhi.services.dispatch.session import prefetch
from jiezhi.services.dispatch.tests.town import GRID1, GRID2, LAMP, NOISE, SOUTH, Street

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def rule(street: Street, category: str, unit: str, area: str | None = None, **more: Any) -> Rule:
    return actions.create_rule(
        category=category,
        unit=Unit.objects.get(code=unit),
        area=street.areas[area] if area else None,
        acting_officer=None,
        now=START,
        **more,
    )


def said(result: object) -> str:
    assert isinstance(result, Refused), result
    return str(result)


def row(case: Outcome) -> Case:
    return Case.objects.get(uid=case.uid)


def fields(case: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = row(case).fields
    return found


def system(case: Outcome, action: str, hours: int = 1) -> Any:
    return door.act(case.uid, action, acting_officer=None, now=START + hours * HOUR)


def test_report_is_placed_as_it_is_registered(street: Street) -> None:
    case = row(street.report("路灯不亮", spot={"lon": "114.0149", "lat": "22.5033"}))
    assert (case.area_id, case.area_path) == (GRID2, street.areas[GRID2].path)


def test_spot_is_filled_from_the_words_when_left_out(street: Street) -> None:
    case = street.report("路灯不亮", content="河畔路12号3栋门口的灯黑了一周")
    assert fields(case)["spot"]["lon"] == "114.0052000"
    assert (row(case).area_id, row(case).cell is not None) == (GRID1, True)
    nowhere = street.report("路灯不亮", content="没说在哪里")
    assert "spot" not in fields(nowhere) and row(nowhere).area_id == "990101001"


def test_manual_dispatch_shows_the_suggestion(street: Street) -> None:
    rule(street, LAMP, "out_urban")
    case = street.report("路灯不亮", category=LAMP, spot={"address": "河畔路12号"})
    result = actions.dispatch_case(case.uid, "law", acting_officer=street.office.dispatcher, now=START + HOUR)
    assert result.ok, str(result)
    found = fields(case)
    assert (found["to_unit"], found["suggested"]) == ("law", "out_urban")


def test_automatic_dispatch_only_when_the_rule_says_so(street: Street) -> None:
    rule(street, NOISE, "law", automatic=True)
    rule(street, LAMP, "out_urban")
    noisy = street.report("半夜施工", category=NOISE, sure=True)
    assert system(noisy, "auto").ok
    assert row(noisy).unit_id == "law"
    lamp = street.report("路灯不亮", category=LAMP, sure=True)
    assert "由分拨员派单" in said(system(lamp, "auto"))
    nothing = street.report("不知道什么事")
    assert "由分拨员派单" in said(system(nothing, "auto"))
    unsure = street.report("半夜施工", category=NOISE, sure=False)
    assert "由分拨员派单" in said(system(unsure, "auto"))
    rule(street, NOISE, "civil", automatic=True)
    tied = street.report("半夜施工", category=NOISE)
    assert "由分拨员派单" in said(system(tied, "auto"))


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        (None, True),
        (True, True),
        (False, False),
        ("否", False),
        ("是", True),
        (95, True),
        (79, False),
        (0, False),
    ],
)
def test_sure_reads_confidence_as_flag_or_number(street: Street, confidence: Any, expected: bool) -> None:
    from jiezhi.base.casework.engine.work import Work

    rule(street, NOISE, "law", automatic=True)
    context = Context(Work(START), None, {"category": NOISE}, None, START)
    assert resolve.sure(context, NOISE, confidence) is expected
    assert resolve.sure(context, "", confidence) is False


def test_community_rule_follows_the_place(street: Street) -> None:
    rule(street, NOISE, "law", automatic=True)
    rule(street, NOISE, "station", SOUTH, automatic=True)
    south = street.report("半夜施工", category=NOISE, spot={"address": "河畔路12号"})
    north = street.report("半夜施工", category=NOISE, spot={"address": "江滨大道1号"})
    assert system(south, "auto").ok and system(north, "auto").ok
    assert (row(south).unit_id, row(north).unit_id) == ("station", "law")


def test_return_and_dispatch_again_with_reasons(street: Street) -> None:
    office = street.office
    case = street.report("路灯不亮")
    assert actions.dispatch_case(case.uid, "law", acting_officer=office.dispatcher, now=START + HOUR).ok
    blank = actions.return_case(case.uid, reason=" ", acting_officer=office.clerk, now=START + 2 * HOUR)
    assert "退回的理由" in said(blank)
    stranger = actions.return_case(
        case.uid, reason="不归我", acting_officer=office.stranger, now=START + 2 * HOUR
    )
    assert "责任单位的科室经办人" in said(stranger)
    back = actions.return_case(
        case.uid, reason="路灯由区城管局管养", acting_officer=office.clerk, now=START + 2 * HOUR
    )
    assert back.ok and (row(case).state, row(case).unit_id) == ("new", None)
    again = actions.dispatch_case(
        case.uid, "out_urban", acting_officer=office.dispatcher, now=START + 3 * HOUR, reason="按退回意见改派"
    )
    assert again.ok and row(case).unit_id == "out_urban"
    assert [one.action for one in Event.objects.filter(case__uid=case.uid).order_by("seq")] == [
        "register", "dispatch", "return", "dispatch",
    ]  # fmt: skip


def test_dispatch_needs_the_right_state_and_a_known_case(street: Street) -> None:
    office = street.office
    case = street.report("路灯不亮")
    assert actions.dispatch_case(case.uid, "law", acting_officer=office.dispatcher, now=START + HOUR).ok
    twice = actions.dispatch_case(case.uid, "civil", acting_officer=office.dispatcher, now=START + HOUR)
    assert "现在是“办理中”" in said(twice)
    for uid in ("不是标识", "00000000-0000-7000-8000-000000000000"):
        lost = actions.dispatch_case(uid, "law", acting_officer=office.dispatcher, now=START)
        assert "没有这件" in said(lost)
    other = street.report("半夜施工")
    wrong = actions.dispatch_case(other.uid, "没有的单位", acting_officer=office.dispatcher, now=START + HOUR)
    assert "不是在用的单位" in said(wrong)


def test_choosing_a_unit_for_a_rule_made_dispatch_is_refused(street: Street) -> None:
    rule(street, NOISE, "law", automatic=True)
    case = street.report("半夜施工", category=NOISE)
    refused = actions.dispatch_case(case.uid, "civil", acting_officer=None, now=START + HOUR)
    assert "按规则定单位" in said(refused)
    assert actions.dispatch_case(case.uid, acting_officer=None, now=START + HOUR).ok
    assert row(case).unit_id == "law"


def test_escalation_climbs_the_tree(street: Street) -> None:
    rule(street, LAMP, "station", SOUTH)
    rule(street, LAMP, "out_urban")
    chief = street.office.dispatcher
    case = street.report("路灯不亮", category=LAMP, spot={"address": "河畔路12号"})
    assert actions.dispatch_case(case.uid, "station", acting_officer=chief, now=START + HOUR).ok
    no_reason = actions.escalate(case.uid, reason="", acting_officer=chief, now=START + 2 * HOUR)
    assert "理由" in said(no_reason)
    for hours, expected in ((2, "street"), (3, "out_urban"), (4, "out_urban")):
        result = actions.escalate(
            case.uid, reason="本级没有权限", acting_officer=chief, now=START + hours * HOUR
        )
        assert result.ok and row(case).unit_id == expected  # 到了区级单位就到头了


def test_unit_without_parent_escalates_to_the_street(street: Street) -> None:
    case = street.report("路灯不亮")
    assert actions.dispatch_case(
        case.uid, "law", acting_officer=street.office.dispatcher, now=START + HOUR
    ).ok
    assert actions.escalate(
        case.uid, reason="要街道协调", acting_officer=street.office.clerk, now=START + DAY
    ).ok
    assert row(case).unit_id == "street"


def test_merging_keeps_every_reporter_informed(street: Street) -> None:
    office = street.office
    people = [{"name": "田阿姨", "phone": "13800000001"}, {"name": "方先生", "phone": "13800000002"}]
    master = street.report("路灯不亮", reporter=people[0])
    joined = street.report("路灯坏了", reporter=people[1])
    results = door.merge(
        master.uid, [joined.uid], acting_officer=office.dispatcher, reason="同一盏路灯", now=START + HOUR
    )
    assert all(result.ok for result in results), [str(result) for result in results]
    assert row(joined).merged_into == row(master)
    assert CaseParty.objects.filter(case=row(joined), kind="phone").count() == 1  # 凭自己的电话仍查得到
    assert actions.dispatch_case(master.uid, "law", acting_officer=office.dispatcher, now=START + 2 * HOUR).ok
    answered = door.act(
        master.uid, "answer", acting_officer=office.clerk, inputs={"reply": "灯泡已经换好"}, now=START + DAY
    )
    assert answered.ok
    outbox.drain(START + DAY)
    told = {one.case_id: one.text for one in Notice.objects.filter(to_reporter=True)}
    assert set(told) == {row(master).pk, row(joined).pk}
    assert all("灯泡已经换好" in text for text in told.values())
    assert f"{joined.number} 已并入 {master.number}" in told[row(joined).pk]
    stopped = actions.dispatch_case(joined.uid, "law", acting_officer=office.dispatcher, now=START + DAY)
    assert "已并入" in said(stopped)


def test_names_are_registered_once_and_titled() -> None:
    for table, names in (
        (extensions.resolvers, ("dispatch.area", "dispatch.area_or_street", "dispatch.unit", "dispatch.up")),
        (extensions.facts, ("dispatch.spot", "dispatch.unit")),
        (extensions.conditions, ("dispatch.sure",)),
    ):
        assert set(names) <= set(table) and all(extensions.titles[name] for name in names)
    resolve.register()


def test_import_of_many_does_not_ask_per_row(
    street: Street, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    rule(street, NOISE, "law", automatic=True)
    spots = [{"address": "河畔路12号"}, {"doorplate": "990101500017"}, {"lon": "114.0149", "lat": "22.5033"}]

    def entries(count: int) -> list[door.Entry]:
        return [
            door.Entry(
                action="register",
                matter="test.quick",
                inputs={"subject": f"半夜施工 {i}", "category": NOISE, "spot": spots[i % 3]},
                opens=str(i),
            )
            for i in range(count)
        ]

    from jiezhi.base.casework import matters
    from jiezhi.services.dispatch.tests.town import definition

    matters.publish(definition("test.quick", unit=True), now=START)
    door.act_many(entries(3), acting_officer=street.office.dispatcher, now=START, prepare=prefetch)
    with django_assert_max_num_queries(25):
        found = door.act_many(
            entries(120), acting_officer=street.office.dispatcher, now=START, prepare=prefetch
        )
    assert all(result.ok for result in found), str(found[0])
    done = Case.objects.filter(matter="test.quick", unit="law")
    assert done.count() == 123 and set(done.values_list("area_id", flat=True)) == {GRID1, GRID2}
