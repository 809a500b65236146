"""分派台：采纳、改派、退回、并入、成批；两个人同时派、重复提交、没有建议、没有坐标、没有类别时的样子。"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client

from jiezhi.base.casework import actions as door
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.registry.models import Appointment, Unit
from jiezhi.services.dispatch import actions as dispatch
from jiezhi.services.dispatch.duplicates import Duplicate
from jiezhi.services.dispatch.waiting import desk_actions, quick_action, waiting_states
from jiezhi.web.office import dispatching
from jiezhi.web.office.testing import Street, packs

Enter = Callable[[str], Client]
LAMP, STALL = "城乡建设/市政设施", "城乡建设/占道经营"
EARLY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def rules(street: Street) -> None:
    """市政设施归执法队，占道的两个单位都管。"""
    for category, unit in ((LAMP, "law"), (STALL, "law"), (STALL, "civil")):
        dispatch.create_rule(
            category=category, unit=street.units[unit], valid_from=EARLY, acting_officer=None, now=EARLY
        )


def shown(client: Client, address: str = "/fenpai/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def form(text: str, action: str) -> dict[str, str]:
    """页面上交到 `action` 的那张表单里的隐藏格。"""
    found = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', text, re.S)
    assert found is not None, f"页面上没有交到 {action} 的表单"
    return dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', found[0]))


def state_of(case: Outcome) -> tuple[str, str | None]:
    row = Case.objects.get(uid=case.uid)
    return row.state, row.unit_id


def queue_of(text: str) -> list[str]:
    """队列里各件的全局标识，照次序。"""
    rows = text[text.index('id="queue"') : text.index('class="now"')]
    return re.findall(r'<a href="\?case=([0-9a-f-]{36})', rows)


def test_what_counts_as_dispatching_is_read_from_meanings() -> None:
    """动作名不认：凭含义和环节。改派外部单位的要写理由，不能一键；补登、自动派单不是人办的。"""
    definitions = {name: one.definition for name, one in packs().matters.items()}
    waits = {name: waiting_states(one) for name, one in definitions.items() if waiting_states(one)}
    assert waits == {"report.snapshot": ("new",), "hotline.order": ("new",), "online.message": ("new",)}
    snapshot = definitions["report.snapshot"]
    names = desk_actions(snapshot, "new")
    assert set(names) == {"dispatch", "send_outside", "refer"}
    assert quick_action(snapshot, names) == "dispatch"
    assert quick_action(snapshot, names, outside=True) is None
    assert "past_dispatch" not in desk_actions(definitions["online.message"], "new")


def test_the_suggestion_is_adopted_with_one_press(street: Street, enter: Enter, rules: None) -> None:
    first, second = street.report("东桥路12号路灯不亮"), street.report("东桥路口红绿灯不亮")
    desk = enter("fenbo")
    text = shown(desk)
    assert queue_of(text) == [first.uid, second.uid], "同样到期的，先来的在前"
    assert "按第" in text and "号分派规则，全街道的“城乡建设/市政设施”类由综合行政执法队承办" in text
    assert "采纳，派给综合行政执法队" in text and "把握 90" in text
    assert "林**" in text and "138****8001" in text and "13800138001" not in text and "林小燕" not in text
    address = f"/fenpai/{first.uid}/act/dispatch/"
    given = form(text, address)
    assert given["next"] == second.uid
    after = desk.post(address, given, follow=True)
    body = unescape(after.content.decode())
    assert state_of(first) == ("handling", "law")
    assert f"{first.number} “派给责任单位”办好了，派给综合行政执法队，现在是“办理中”" in body
    assert f"/cases/{first.uid}/?act=recall" in body and "收回重派" in body, "派错了从哪里收回"
    assert after.context["item"].case.number == second.number, "自动到下一件"
    again = desk.post(address, given, follow=True)
    assert "已经办过，没有重复办理" in unescape(again.content.decode()), "双击只办一次"
    assert Event.objects.filter(case__uid=first.uid, action="dispatch").count() == 1


def test_two_people_at_once(street: Street, enter: Enter, rules: None) -> None:
    """都打开了同一件，后派的说清楚是谁先派的，换到下一件。"""
    first, second = street.report(), street.report("东桥路口红绿灯不亮")
    desk = enter("fenbo")
    text = shown(desk)
    done = door.act(first.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "civil"})
    assert isinstance(done, Outcome)
    address = f"/fenpai/{first.uid}/act/dispatch/"
    after = desk.post(address, form(text, address), follow=True)
    body = unescape(after.content.decode())
    assert state_of(first) == ("handling", "civil"), "先派的算"
    assert "没有办成" in body and "陈分拨办了“派给责任单位”" in body and "换到下一件" in body
    assert after.context["item"].case.number == second.number
    late = shown(desk, f"/fenpai/?case={first.uid}")
    assert f"{first.number}</a> 已经不在待分派里，现在是“办理中”，由公共服务办公室承办" in late


def test_a_change_in_between_is_told_and_the_typed_is_kept(street: Street, enter: Enter) -> None:
    """只是别人更正了登记、还等着分派：不换件，说变动，填的还在；没有带版本的不办。"""
    case = street.report()
    desk = enter("fenbo")
    address = f"/fenpai/{case.uid}/act/dispatch/"
    given = form(shown(desk), address) | {"f-to_unit": "civil", "f-dispatch_note": "请当天到场"}
    changed = door.act(
        case.uid, "correct", acting_officer=street["fenbo"], inputs={"content": "东桥路12号两盏灯不亮"},
        reason="补充",
    )  # fmt: skip
    assert isinstance(changed, Outcome), str(changed)
    after = desk.post(address, given)
    body = unescape(after.content.decode())
    assert after.status_code == 422 and state_of(case)[0] == "new"
    assert "您打开之后这件已有变动" in body and "请当天到场" in body
    assert form(body, address)["version"] == str(changed.seq)
    bare = {key: value for key, value in given.items() if key != "version"}
    assert desk.post(address, bare).status_code == 422 and state_of(case)[0] == "new"


def test_without_rule_category_or_place(street: Street, enter: Enter) -> None:
    """没有规则、没有类别（归类模型没有装）、没有坐标：照样看得、派得，话说清楚。"""
    case = street.report("没有写在哪里的一件事", spot=None, category=None, reporter=None)
    assert "category" not in Case.objects.get(uid=case.uid).fields
    desk = enter("fenbo")
    text = shown(desk)
    assert "没有把握，请自己定" in text and "还没有定类别，定了类别才能按规则分派" in text
    assert f"/cases/{case.uid}/?act=correct" in text and "补上类别" in text
    assert "没有坐标，不画简图" in text and "<svg" not in text and "没有写地点" in text
    assert "没有建议" in text and 'data-key="a"' not in text
    address = f"/fenpai/{case.uid}/act/dispatch/"
    given = form(text, address)
    missing = desk.post(address, given)
    assert missing.status_code == 422 and "还没有“承办单位”" in unescape(missing.content.decode())
    assert desk.post(address, given | {"f-to_unit": "civil"}).status_code == 302
    assert state_of(case) == ("handling", "civil")
    empty = shown(desk)
    assert "没有等着分派的件" in empty


def test_a_tie_offers_each_and_says_it_cannot_tell(street: Street, enter: Enter, rules: None) -> None:
    case = street.report("东桥市场门口摆摊", category=STALL)
    desk = enter("fenbo")
    text = shown(desk)
    assert "没有把握，请自己定" in text and "请分拨员选定" in text
    assert "派给公共服务办公室</button>" in text and "派给综合行政执法队</button>" in text
    assert 'data-key="a"' not in text and "采纳勾选的" not in text
    assert "近一年这类件没有固定由哪个单位答复" in shown(desk, f"/fenpai/?case={case.uid}&past=1")
    usual = text[text.index('<optgroup label="常派的">') :]
    assert usual.index("公共服务办公室") < usual.index("</optgroup>"), "规则说的单位排在最前"


def test_a_unit_that_returned_it_is_not_suggested_again_lightly(
    street: Street, enter: Enter, rules: None, handed: Callable[..., Outcome]
) -> None:
    case = handed()
    back = door.act(case.uid, "return", acting_officer=street["jingban"], reason="归公共服务办管")
    assert isinstance(back, Outcome), str(back)
    other = street.report("另一处路灯不亮")
    text = shown(enter("fenbo"))
    assert "综合行政执法队退回过这一件" in text and "归公共服务办管" in text and "（它退回过）" in text
    assert "仍派给综合行政执法队" in text and 'data-key="a"' not in text
    assert f'value="{case.uid}.' not in text, "不能成批"
    assert 'data-key="a"' in shown(enter("fenbo"), f"/fenpai/?case={other.uid}")


def test_returning_needs_a_reason(street: Street, enter: Enter) -> None:
    case = street.report()
    desk = enter("fenbo")
    text = shown(desk, f"/fenpai/?case={case.uid}&act=refer")
    address = f"/fenpai/{case.uid}/act/refer/"
    given = form(text, address)
    refused = desk.post(address, given)
    body = unescape(refused.content.decode())
    assert refused.status_code == 422 and "还没有写明理由" in body and "还没有“移送到”" in body
    again = form(body, address) | {"f-refer_to": "邻区", "reason": "不在本街道"}
    assert desk.post(address, again, follow=True).status_code == 200
    assert state_of(case)[0] == "referred"


def test_merging_into_another(street: Street, enter: Enter) -> None:
    main, copy = street.report("东桥路12号路灯不亮"), street.report("东桥路12号的路灯不亮了")
    desk = enter("fenbo")
    text = shown(desk, f"/fenpai/?case={copy.uid}")
    assert "可能是同一件事" in text and main.number in text and "说的事很像" in text
    address = f"/fenpai/{copy.uid}/bingru/"
    given = form(text, address)
    assert given["into"] == main.uid
    stale = desk.post(address, given | {"version": "9", "reason": "同一处"})
    assert stale.status_code == 422 and state_of(copy)[0] == "new"
    no_reason = desk.post(address, given | {"reason": ""})
    assert "还没有写明理由" in unescape(no_reason.content.decode()) and state_of(copy)[0] == "new"
    away = desk.post(address, given | {"into": street["fenbo"].login, "reason": "同一处"})
    assert "没有要并入的那一件" in unescape(away.content.decode())
    given = form(unescape(no_reason.content.decode()), address) | {"reason": "同一处路灯"}
    after = unescape(desk.post(address, given, follow=True).content.decode())
    assert f"{copy.number} 已并入 {main.number}" in after
    row = Case.objects.get(uid=copy.uid)
    assert row.state == "merged" and str(row.merged_into.uid) == main.uid  # type: ignore[union-attr]


def test_merging_what_somebody_just_dispatched_is_refused(street: Street, enter: Enter) -> None:
    main, copy = street.report("东桥路12号路灯不亮"), street.report("东桥路12号的路灯不亮了")
    desk = enter("fenbo")
    address = f"/fenpai/{copy.uid}/bingru/"
    given = form(shown(desk, f"/fenpai/?case={copy.uid}"), address) | {"reason": "同一处"}
    door.act(copy.uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "law"})
    body = unescape(desk.post(address, given, follow=True).content.decode())
    assert "没有办成" in body and "派给责任单位" in body
    assert state_of(copy) == ("handling", "law") and state_of(main)[0] == "new"


def test_a_batch_says_how_each_went(street: Street, enter: Enter, rules: None) -> None:
    cases = [street.report(f"东桥路{n}号路灯不亮") for n in range(3)]
    stall = street.report("市场门口摆摊", category=STALL)
    desk = enter("fenbo")
    text = shown(desk)
    assert "采纳勾选的，派给综合行政执法队" in text
    ticks = re.findall(r'name="one" value="([^"]+)" form="batch-1"', text)
    assert len(ticks) == 3 and not any(one.startswith(stall.uid) for one in ticks), "没有把握的不能成批"
    given: dict[str, Any] = form(text, "/fenpai/chengpi/") | {"one": ticks}
    door.act(cases[1].uid, "dispatch", acting_officer=street["fenbo"], inputs={"to_unit": "civil"})
    body = unescape(desk.post("/fenpai/chengpi/", given).content.decode())
    assert "办成 2 件，没有办成 1 件" in body and "派给了综合行政执法队" in body
    assert "陈分拨办了“派给责任单位”" in body
    assert [state_of(one) for one in cases] == [
        ("handling", "law"),
        ("handling", "civil"),
        ("handling", "law"),
    ]
    again = unescape(desk.post("/fenpai/chengpi/", given).content.decode())
    assert again.count("已经办过，没有重复办理") == 2
    none = unescape(desk.post("/fenpai/chengpi/", {**given, "one": []}).content.decode())
    assert "一件也没有勾" in none
    bad = {**given, "one": ["不成样", f"{stall.uid}.x", f"{stall.uid}", "\x00.1"]}
    assert "一件也没有勾" in unescape(desk.post("/fenpai/chengpi/", bad).content.decode())
    assert state_of(stall)[0] == "new"


def test_who_sees_what(street: Street, enter: Enter, rules: None) -> None:
    """分拨员看见自己区域的；受理员只看得见能退回的热线工单；别的岗位没有队列，也派不了。"""
    report = street.report()
    order = door.open_case(
        "hotline.order", "receive", acting_officer=street["rexian"], origin={"number": "RX2026001"},
        inputs={"subject": "东桥路12号下水道堵", "content": "污水冒出来", "sent_at": "2026-08-03T09:00:00+08:00"},
    )  # fmt: skip
    assert isinstance(order, Outcome), str(order)
    assert set(queue_of(shown(enter("fenbo")))) == {report.uid, order.uid}
    assert queue_of(shown(enter("fenbo"), "/fenpai/?matter=hotline.order")) == [order.uid]
    clerk = shown(enter("rexian"))
    assert queue_of(clerk) == [order.uid] and "不属本街道，退回热线" in clerk
    assert f"/fenpai/{order.uid}/act/dispatch/" not in clerk, "派单由分拨员办"
    text = shown(enter("jingban"), f"/fenpai/?case={report.uid}&done={report.uid}")
    assert "您的岗位不办分派" in text and report.number not in text and "路灯" not in text
    address = f"/fenpai/{report.uid}/act/dispatch/"
    for who in ("jingban", "lvren"):
        answer = enter(who).post(address, {"version": "1", "f-to_unit": "law"})
        assert answer.status_code == 404 and state_of(report)[0] == "new"
    assert enter("fenbo").post(f"/fenpai/{report.uid}/act/correct/", {"version": "1"}).status_code == 404
    # 只管别的社区的分拨员：看不见。
    held = Appointment.objects.get(officer=street["fenbo"])
    elsewhere = type(street.grid).objects.create(
        code="990101001002", name="西桥社区", level="community", parent=street.grid.parent.parent,  # type: ignore[union-attr]
        path="/990101001/002/", depth=2,
    )  # fmt: skip
    held.area = elsewhere
    held.save()
    assert "没有等着分派的件" in shown(enter("fenbo"))


def test_an_outside_unit_is_not_one_press(street: Street, enter: Enter) -> None:
    """规则指着外部单位：要填理由的移送，一键派不出去，也不能成批。"""
    outside = Unit.objects.create(code="out", name="区城管局", kind="external", path="/out/")
    dispatch.create_rule(category=LAMP, unit=outside, valid_from=EARLY, acting_officer=None, now=EARLY)
    case, _ = street.report(), street.report("另一处")
    text = shown(enter("fenbo"))
    assert "区城管局" in text and "要填的不止单位" in text
    assert "采纳" not in text[text.index('class="now"') :] and "采纳勾选的" not in text
    assert f"/fenpai/{case.uid}/act/send_outside/" in text, "先摆出来的就是派得到外部单位的动作"
    assert '<option value="out" selected>区城管局' in text
    plain = shown(enter("fenbo"), f"/fenpai/?case={case.uid}&act=dispatch")
    assert "selected" not in plain[plain.index('id="f-to_unit"') :], "街道内的派单不先选外部单位"


def test_the_sketch_shows_the_spot_the_borders_and_what_is_near(street: Street, enter: Enter) -> None:
    near = street.report("隔壁井盖坏了", spot={"lon": "113.0055", "lat": "23.0082"})
    far = street.report("那头的事", spot={"lon": "113.015", "lat": "23.008"})
    case = street.report("<script>甲</script>在网格边上", spot={"lon": "113.0005", "lat": "23.008"})
    text = shown(enter("fenbo"), f"/fenpai/?case={case.uid}")
    drawing = text[text.index("<svg") : text.index("</svg>")]
    assert "polyline" in drawing and "东桥第7网格" in drawing and "100 米" in drawing
    assert "<script>甲" not in enter("fenbo").get(f"/fenpai/?case={case.uid}").content.decode()
    text = shown(enter("fenbo"), f"/fenpai/?case={Case.objects.get(uid=near.uid).uid}")
    listed = text[text.index("在哪里") :]
    assert "附近 300 米没有别的在办的件" in listed and far.number not in listed[: listed.index("</section>")]
    street.report("再近一点的", spot={"lon": "113.0060", "lat": "23.0082"})
    text = shown(enter("fenbo"), f"/fenpai/?case={near.uid}")
    assert "再近一点的" in text[text.index('<ol class="near">') :] and "51 米" in text


def test_the_page_asks_no_more_with_more_rows(
    street: Street, enter: Enter, rules: None, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """队列长了，查询数不变；翻页也对。"""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for number in range(2):
        street.report(f"东桥路{number}号路灯不亮")
    desk = enter("fenbo")
    shown(desk)
    with CaptureQueriesContext(connection) as few:
        shown(desk)
    for number in range(2, 9):
        street.report(f"东桥路{number}号路灯不亮")
    with CaptureQueriesContext(connection) as many:
        text = shown(desk)
    assert len(many) == len(few)
    everything = queue_of(text)
    monkeypatch.setattr(dispatching, "PAGE", 4)
    pages = [queue_of(shown(desk, f"/fenpai/?p={number}")) for number in (1, 2, 3)]
    assert [len(one) for one in pages] == [4, 4, 1] and [uid for one in pages for uid in one] == everything
    assert "这一页没有了" in shown(desk, "/fenpai/?p=9")
    assert "没有等着分派的件" not in shown(desk, "/fenpai/?p=x&case=不成样&act=没有")


def test_alike_shows_whole_text_and_photos(
    street: Street, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """像的那一件带全文；照片只给看得了的。"""
    long = "东桥路12号路灯不亮，" + "晚上走路看不清，" * 30 + "最后一句也要看得到"
    main, copy = street.report(long), street.report("东桥路12号路灯不亮，晚上走路看不清")
    text = shown(enter("fenbo"), f"/fenpai/?case={copy.uid}")
    assert "最后一句也要看得到" in text
    found = Duplicate(Case.objects.get(uid=main.uid), 90, 3.0, 1.0, 80, "相距约 3 米", "全文", ("ab" * 32,))
    monkeypatch.setattr(dispatching.Item, "similar", property(lambda self: [found]))
    text = shown(enter("fenbo"), f"/fenpai/?case={copy.uid}")
    assert "全文" in text and "ab" * 32 not in text, "不是照片的、清除了的不取图"
