"""政务服务（A2、A3）：告知承诺和事后核查、社会救助、备案登记。"""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jiezhi.base.casework.models import Case, Event
from jiezhi.services.promise.testing import Window, printed

LOCAL = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def window(desk: Any) -> Window:
    return Window(desk)


@pytest.fixture
def poster(desk: Any, window: Window) -> Case:
    """张贴宣传品：样稿没有交，打算承诺代替。"""
    return window.receives(
        "service.poster", subject="社区运动会横幅", spot="云桥广场", pieces=6, hang_from="2026-08-20",
        hang_to="2026-08-22", applicant={"name": "云桥文体协会"}, material_application=[desk.photo()],
        materials_state=[{"material": "identity", "state": "已核原件"}],
    )  # fmt: skip


SAFE = {
    "涉及国家安全、公共安全、金融审慎监管、生态环境": False, "直接涉及人身健康、生命财产安全": False,
    "风险大、损失难以挽回": False, "有严重不良记录或者虚假承诺未修复": False,
}  # fmt: skip
STATED = {"material": "design", "state": "告知承诺"}


def test_a_pledge_stands_in_until_found_false(desk: Any, window: Window, poster: Case) -> None:
    held = [{"material": "identity", "state": "已核原件"}, STATED]
    desk.does(poster, window.clerk, "核对、补收材料", 材料核验=held)
    assert "样稿" in desk.refused(poster, window.clerk, "受理")  # 没有书面承诺，登记了也不算
    risky = {**SAFE, "直接涉及人身健康、生命财产安全": True}
    assert "不适用告知承诺" in desk.refused(poster, window.clerk, "书面告知承诺事项", **risky)
    desk.does(poster, window.clerk, "书面告知承诺事项", **SAFE)
    desk.does(poster, window.clerk, "登记申请人的承诺", 申请人签名的承诺书=[desk.photo()])
    desk.does(poster, window.clerk, "受理")
    desk.does(poster, window.clerk, "书面审查完毕，不需到场", "按承诺办理")
    desk.does(
        poster, window.chief, "准予许可",
        准予的内容="云桥广场六条横幅", 有效期自="2026-08-20", 有效期至="2026-08-22",
    )  # fmt: skip
    desk.worker()
    check = Case.objects.get(parent=poster, matter="service.pledge_check")
    assert check.state == "checking"
    desk.at(8, 21)
    desk.does(
        check, window.chief, "核查不实，责令限期整改", 核查方式="现场核查", 核查情况="挂了十二条，挡住消防栓",
        整改到哪天="2026-08-24",
    )  # fmt: skip
    desk.does(check, window.clerk, "登记陈述申辩", 承诺人的陈述申辩="多挂的是赞助商自己挂的")
    assert "街道办负责人" in desk.refused(
        check, window.chief, "拒不整改，终止承诺", 没有改正的情况="仍未拆除"
    )
    desk.at(8, 25)
    desk.does(check, window.head, "拒不整改，终止承诺", 没有改正的情况="仍未拆除")
    assert check.state == "ended"
    assert any("没有改正" in text for text in desk.told(check, window.chief) or ["没有改正"])
    desk.same(poster, check)


def test_a_pledge_may_be_withdrawn_before_the_end(desk: Any, window: Window, poster: Case) -> None:
    held = [{"material": "identity", "state": "已核原件"}, STATED]
    desk.does(poster, window.clerk, "书面告知承诺事项", **SAFE)
    desk.does(poster, window.clerk, "登记申请人的承诺", 申请人签名的承诺书=[desk.photo()], 材料核验=held)
    desk.does(poster, window.clerk, "申请人撤回承诺", "样稿已经做好，改为提交")
    desk.worker()
    poster.refresh_from_db()
    assert Case.objects.get(parent=poster).state == "dropped"
    assert "样稿" in desk.refused(poster, window.clerk, "受理")
    desk.does(poster, window.clerk, "核对、补收材料", **{"张挂、张贴的位置图和样稿": [desk.photo()]})
    desk.does(poster, window.clerk, "受理")


def test_relief_from_visit_to_the_bureau(desk: Any, window: Window) -> None:
    lead, clerk = desk.person("community_lead"), window.clerk
    case = window.receives(
        "service.minimum_living", "discover", who=lead,
        household="DQ-2026-017", members=3, applicant={"name": "赵某"},
    )  # fmt: skip
    assert case.fields["found_by_us"] is True
    due = desk.clock(case, "审批办结").due_at.astimezone(LOCAL).date()
    assert due == date(2026, 8, 24)  # 自接到申请起二十日（承诺），自然日
    states = ["identity", "household_papers"]
    desk.does(
        case, clerk, "核对、补收材料", 书面申请=[desk.photo()],
        材料核验=[{"material": one, "state": "共享核到"} for one in states],
    )  # fmt: skip
    desk.does(case, clerk, "受理")
    worker = desk.person("unit_clerk", "public_service")
    chief = desk.person("unit_chief", "public_service")
    assert "还没有“核查”" in desk.refused(
        case, chief, "初审并公示", 初审意见="符合条件", 初审说明="人均低于标准"
    )
    desk.does(case, worker, "调查完毕", 调查方式="入户调查", 调查情况="三口人，一人就业")
    desk.does(case, chief, "初审并公示", 初审意见="符合条件", 初审说明="人均收入低于标准")
    desk.does(case, worker, "在社区张贴公示", 公示地点="东桥社区公告栏")
    assert "公示" in desk.refused(case, chief, "公示期满，报区级部门审批")
    desk.at(8, 11)
    desk.does(case, chief, "公示期满，报区级部门审批")
    assert "没有批准的理由" in desk.refused(case, worker, "登记不批准")
    desk.at(8, 14)
    desk.does(case, worker, "登记批准", 批准的内容="每月 1200 元")
    desk.does(case, clerk, "书面告知结果")
    desk.worker()
    assert printed(case)[-1] == "审批结果告知书"
    body = Event.objects.filter(case=case, action="record_approval").get().body
    assert "区民政部门" in bytes(body).decode()
    home = Case.objects.get(parent=case)
    assert home.matter == "service.relief_household"
    desk.at(2, 20, year=2027)
    desk.worker()
    home.refresh_from_db()
    assert home.state == "due"
    found = {"人口收入财产有没有变化": "不再符合", "核查情况": "子女就业，人均收入高于标准"}
    desk.does(home, worker, "核查完毕", **found)
    assert home.fields["power"] == "JC-002"
    desk.does(home, worker, "登记本人意见", 本人的意见="无异议")
    desk.does(home, chief, "停发", 停发的理由="家庭人均收入高于本市低保标准")
    desk.worker()
    assert (home.state, printed(home)) == ("stopped", ["停发告知书"])


def test_only_an_approved_family_is_visited_again(desk: Any, window: Window) -> None:
    """没有批准的，不登记成“享受中”的家庭；上级退回的重新调查、重新公示。"""
    case = window.receives(
        "service.minimum_living", household="DB-09", members=2, applicant={"name": "何某"},
        material_application=[desk.photo()],
        materials_state=[{"material": one, "state": "共享核到"} for one in ("identity", "household_papers")],
    )  # fmt: skip
    desk.does(case, window.clerk, "受理")
    worker = desk.person("unit_clerk", "public_service")
    chief = desk.person("unit_chief", "public_service")
    for _ in range(2):
        desk.does(case, worker, "调查完毕", 调查方式="入户调查", 调查情况="两口人，都有工作")
        desk.does(case, chief, "初审并公示", 初审意见="符合条件", 初审说明="请上级核对收入")
        desk.does(case, worker, "在社区张贴公示", 公示地点="东桥社区公告栏")
        desk.later(days=9)
        desk.does(case, chief, "公示期满，报区级部门审批")
        if case.done.count("return") == 0:
            desk.does(case, worker, "登记退回重新调查", "收入没有核实")
            assert case.state == "investigating" and "propose" not in case.done
    desk.does(case, worker, "登记不批准", 没有批准的理由="家庭人均收入高于标准")
    desk.does(case, window.clerk, "书面告知结果")
    assert not Case.objects.filter(parent=case).exists()


def test_an_objection_starts_the_visit_again(desk: Any, window: Window) -> None:
    case = window.receives(
        "service.medical_relief", household="YL-01", applicant={"name": "钱某"},
        material_application=[desk.photo()],
        materials_state=[{"material": one, "state": "共享核到"} for one in ("identity", "expenses")],
    )  # fmt: skip
    desk.does(case, window.clerk, "受理")
    worker = desk.person("unit_clerk", "public_service")
    chief = desk.person("unit_chief", "public_service")
    desk.does(case, worker, "调查完毕", 调查方式="信息核查", 调查情况="医保结算已核")
    desk.does(case, chief, "初审并公示", 初审意见="符合条件", 初审说明="自付超过标准")
    desk.does(case, worker, "在社区张贴公示", 公示地点="东桥社区公告栏")
    desk.does(case, worker, "公示有异议，重新调查", 异议内容="反映家里有两套房")
    assert case.state == "investigating"
    assert not {"examine", "propose", "publicise"} & set(case.done)


def test_filing_gives_a_certificate(desk: Any, window: Window) -> None:
    case = window.receives(
        "service.owners_committee", community_name="云桥花园", spot="云桥花园", elected_on="2026-07-20",
        applicant={"name": "云桥花园业主委员会"}, material_application=[desk.photo()],
        material_election=[desk.photo()], materials_state=[{"material": "identity", "state": "已核原件"}],
    )  # fmt: skip
    desk.does(case, window.clerk, "受理")
    desk.does(case, window.clerk, "登记并发证明", 登记的内容="第三届业主委员会七名委员")
    desk.worker()
    assert case.fields["record_number"] == "业委备〔2026〕1号"
    assert printed(case) == ["收件凭证", "受理通知书", "登记证明"]
