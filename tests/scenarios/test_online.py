"""网络问政（B5）：导入留言，拟稿，另一人审看后答复，期满未评价办结；已经答复的旧留言一并导入。"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jiezhi.base.casework import queries
from jiezhi.base.casework.models import Case, NumberIssue

HEAD = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "点赞数", "反对数"]
REPLIED = ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "答复意见", "答复时间"]
LOCAL = ZoneInfo("Asia/Shanghai")
REPLY = "您好，筹备组已于七月成立，名单张贴在小区公告栏，感谢您的关心。"


@pytest.fixture
def message(desk: Any) -> Any:
    """导入一条留言，派给城建办，经办人签收。"""

    def through() -> Case:
        row = [
            "LY-90001",
            "桥边客",
            "换物业走到哪一步",
            "2026-08-02 21:10:00",
            "报名一个月没有回音",
            "12",
            "1",
        ]
        report = desk.imports("online.message", desk.person("hotline_clerk"), HEAD, row)
        assert (report.opened, report.refused) == (1, 0), report.problems
        desk.worker()
        case = Case.objects.get(number="LY-90001")
        assert case.state == "new", "没有类别的不自动派"
        desk.does(case, desk.person("dispatcher"), "派给责任单位", 承办单位="construction")
        return desk.does(case, desk.person("unit_clerk", "construction"), "签收")

    return through


def test_drafted_reviewed_answered_and_lapsed(desk: Any, message: Any) -> None:
    case = message()
    assert (case.number, case.host_system) == ("LY-90001", "网上问政平台")
    assert not NumberIssue.objects.filter(case=case).exists()
    assert case.opened_at == datetime(2026, 8, 2, 21, 10, tzinfo=LOCAL)
    clerk, chief = desk.person("unit_clerk", "construction"), desk.person("unit_chief", "construction")
    assert "现在是“办理中”" in desk.refused(case, chief, "审看通过，答复", 答复意见=REPLY)
    desk.at(8, 4)
    assert "至少 10 字" in desk.refused(case, clerk, "拟好答复稿", 答复稿="知道了")
    desk.does(case, clerk, "拟好答复稿", 答复稿=REPLY)
    assert case.state == "drafted"
    assert "要由责任单位的部门负责人、街道领导办理" in desk.refused(
        case, clerk, "审看通过，答复", 答复意见=REPLY
    )
    desk.does(case, chief, "退回修改", 审看意见="写明张贴的地点")
    desk.worker()
    assert case.state == "handling" and desk.told(case, clerk)[-1].endswith("请修改：写明张贴的地点")
    desk.does(case, clerk, "拟好答复稿", 答复稿=REPLY + "地点在南门。")
    desk.at(8, 5)
    desk.does(case, chief, "审看通过，答复", 答复意见=REPLY + "地点在南门。")
    desk.worker()
    assert case.state == "answered"
    assert desk.told(case)[-1] == "您的留言“换物业走到哪一步”已答复。不满意可以要求重办。"
    assert desk.told(case, desk.person("hotline_clerk"))[-1] == (
        "LY-90001 已答复，请在问政平台发布：换物业走到哪一步"
    )
    due = desk.clock(case, "评价期").due_at
    assert due == datetime(2026, 8, 13, tzinfo=LOCAL), "答复次日起七日"
    desk.now = due + timedelta(hours=1)
    desk.worker()
    case.refresh_from_db()
    assert (case.state, case.closed_at) == ("closed", due)
    assert desk.steps(case)[-1] == "期满未评价，按无异议办结"
    desk.same(case)
    desk.package(case, clerk)


def test_a_chief_who_drafted_cannot_review(desk: Any, message: Any) -> None:
    """负责人自己经办、自己拟稿的，请街道领导审看。"""
    case = message()
    chief, leader = desk.person("unit_chief", "construction"), desk.person("leader")
    desk.does(case, chief, "换人经办", 新的经办人=str(chief.pk))
    desk.does(case, chief, "拟好答复稿", 答复稿=REPLY)
    said = desk.refused(case, chief, "审看通过，答复", 答复意见=REPLY)
    assert "答复稿是您拟的，不能自己审看" in said and "请承办单位的另一位负责人或街道领导审看" in said
    assert desk.buttons(case, chief)["审看通过，答复"] is False
    desk.does(case, leader, "审看通过，答复", 答复意见=REPLY)
    assert case.state == "answered" and queries.timeline(case)[-1].event.officer == leader
    desk.same(case)


def test_unhappy_with_the_answer(desk: Any, message: Any) -> None:
    case = message()
    clerk, chief = desk.person("unit_clerk", "construction"), desk.person("unit_chief", "construction")
    desk.does(case, clerk, "拟好答复稿", 答复稿=REPLY)
    desk.does(case, chief, "审看通过，答复", 答复意见=REPLY)
    desk.at(8, 6)
    desk.does(case, desk.resident, "不满意，要求重办", 满意度=1, 评价意见="没有说时间")
    assert case.state == "handling" and desk.clock(case, "答复", 2).started_at == desk.now
    said = desk.refused(case, chief, "审看通过，答复", 答复意见=REPLY)
    assert "现在是“办理中”" in said, "重办要重新拟稿"
    desk.does(case, clerk, "拟好答复稿", 答复稿=REPLY + "筹备组八月二十日开会。")
    desk.does(case, chief, "审看通过，答复", 答复意见=REPLY + "筹备组八月二十日开会。")
    desk.does(case, desk.resident, "评价满意", 满意度=4)
    assert case.state == "closed"
    desk.same(case)


def test_old_answered_messages_come_in_closed(desk: Any) -> None:
    rows = [
        [
            "LY-1",
            "甲",
            "占道经营",
            "2026-07-01 09:00:00",
            "门口摆摊",
            "已经劝离，请放心。",
            "2026-07-03 10:00:00",
        ],
        ["LY-2", "乙", "路灯", "2026-07-02 09:00:00", "路灯不亮", "", ""],
    ]
    report = desk.imports("online.message", desk.person("hotline_clerk"), REPLIED, *rows)
    assert (report.opened, report.refused) == (2, 0), report.problems
    old, new = Case.objects.get(number="LY-1"), Case.objects.get(number="LY-2")
    assert (old.state, old.closed_at) == ("closed", datetime(2026, 7, 3, 10, 0, tzinfo=LOCAL))
    assert old.unit_id is None, "没有类别，不知道当时由哪个单位答复，不编造"
    assert desk.steps(old) == ["登记网络留言", "补登原派单", "补登原答复", "补登办结"]
    assert all(line.late for line in queries.timeline(old)), "都标着补录"
    assert new.state == "new" and desk.running(new) == {"分派", "答复"}
    desk.worker()
    assert desk.told(old) == [], "早已答复的不再通知来件人"
    desk.same(old, new)
