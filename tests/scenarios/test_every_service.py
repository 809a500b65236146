"""政务服务各事项各走一遍：鉴定的时间不计、主动发现、紧急先行救助、小额受托审批、各区级部门、各种登记。"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jiezhi.base.casework import queries
from jiezhi.base.casework.models import Case
from jiezhi.services.promise.testing import Window, printed


@pytest.fixture
def window(desk: Any) -> Window:
    return Window(desk)


def _ready(case: Case, window: Window) -> Case:
    """材料都核过原件，受理。"""
    wanted = [name for name in queries.definition_of(case).matter.materials if name != "entrustment"]
    rows = [{"material": name, "state": "已核原件"} for name in wanted]
    window.desk.does(case, window.clerk, "核对、补收材料", 材料核验=rows)
    return window.desk.does(case, window.clerk, "受理")  # type: ignore[no-any-return]


def _publicised(case: Case, desk: Any) -> Case:
    """调查、初审、张贴公示，公示期满。"""
    worker, chief = desk.person("unit_clerk", "public_service"), desk.person("unit_chief", "public_service")
    desk.does(case, worker, "调查完毕", 调查方式="入户调查", 调查情况="情况属实")
    desk.does(case, chief, "初审并公示", 初审意见="符合条件", 初审说明="符合规定的条件")
    desk.does(case, worker, "在社区张贴公示", 公示地点="东桥社区公告栏")
    desk.later(days=9)
    return case


def test_a_billboard_waits_for_the_experts(desk: Any, window: Window) -> None:
    case = window.receives(
        "service.billboard", subject="楼顶广告牌", spot="云桥大厦", area_size=80, set_from="2026-09-01",
        set_to="2027-08-31", applicant={"name": "云桥传媒有限公司"},
    )  # fmt: skip
    _ready(case, window)
    before = desk.clock(case, "作出决定").due_at
    desk.does(
        case, window.chief, "书面告知不计入期限的时间", 不计入期限的事="专家评审", 预计需要多久="10个工作日"
    )
    assert desk.clock(case, "作出决定").status == "paused"
    desk.later(days=7)
    desk.does(case, window.clerk, "书面审查完毕，不需到场", "评审材料已齐")
    grant = {"准予的内容": "楼顶 80 平方米", "有效期自": "2026-09-01", "有效期至": "2027-08-31"}
    assert "已经“书面告知不计入期限的时间”" in desk.refused(case, window.chief, "准予许可", **grant)
    desk.does(case, window.clerk, "检验、鉴定、评审完毕")
    assert desk.clock(case, "作出决定").due_at >= before + timedelta(days=7)
    desk.does(case, window.chief, "准予许可", **grant)
    desk.worker()
    assert "不计入期限的时间告知书" in printed(case)
    licence = Case.objects.get(parent=case)
    review = Case.objects.get(parent=licence)  # 准予之后随之公开审查
    assert (review.matter, review.fields["category"]) == ("publishing.review", "行政许可")
    desk.same(case, licence, review)


def test_the_street_applies_for_a_lone_old_man(desk: Any, window: Window) -> None:
    lead = desk.person("community_lead")
    case = window.receives(
        "service.extreme_poverty", "discover", who=lead, household="TK-03", applicant={"name": "孙某"}
    )
    assert case.fields["found_by_us"] is True
    _publicised(_ready(case, window), desk)
    desk.does(case, desk.person("unit_chief", "public_service"), "公示期满，报区级部门审批")
    worker = desk.person("unit_clerk", "public_service")
    desk.does(case, worker, "登记批准", 批准的内容="集中供养")
    desk.does(case, window.clerk, "书面告知结果")
    assert case.state == "closed"


def test_help_first_papers_later_in_an_emergency(desk: Any, window: Window) -> None:
    case = window.receives(
        "service.temporary_relief", trouble="家中失火", amount_asked=300000, applicant={"name": "李某"}
    )
    desk.does(case, window.chief, "情况紧急，先行救助", 紧急情况和已给的帮助="已安置住处并发放 1000 元")
    assert case.state == "investigating" and "紧急救助后补手续" in desk.running(case)
    _publicised(case, desk)
    assert "街道办负责人" in desk.refused(case, window.chief, "小额受托审批", 区民政委托街道审批的文号="x")
    paper = {"区民政委托街道审批的文号": "临民委〔2026〕3号"}
    desk.does(case, window.head, "小额受托审批", 审批结果="批准", 批准的内容="3000 元", **paper)
    desk.does(case, window.clerk, "书面告知结果")
    big = window.receives(
        "service.temporary_relief", trouble="重病", amount_asked=900000, applicant={"name": "周某"}
    )
    _publicised(_ready(big, window), desk)
    said = desk.refused(big, window.head, "小额受托审批", 审批结果="批准", **paper)
    assert "不属于“金额较小”" in said


@pytest.mark.parametrize(
    ("matter", "inputs", "organ"),
    [
        ("service.housing_relief", {"household": "ZF-01", "members": 4}, "区住房保障部门"),
        ("service.disaster_housing", {"damage": "屋顶塌落", "spot": "东桥村8号"}, "区应急管理部门"),
    ],
)
def test_other_bureaus_decide(
    desk: Any, window: Window, matter: str, inputs: dict[str, Any], organ: str
) -> None:
    case = window.receives(matter, applicant={"name": "吴某"}, **inputs)
    _publicised(_ready(case, window), desk)
    desk.does(case, desk.person("unit_chief", "public_service"), "公示期满，报区级部门审批")
    worker = desk.person("unit_clerk", "public_service")
    desk.does(case, worker, "登记不批准", 没有批准的理由="另有住房")
    assert organ in bytes(desk.last(case).body).decode()
    desk.does(case, window.clerk, "书面告知结果")
    desk.worker()
    assert printed(case)[-1] == "审批结果告知书"


@pytest.mark.parametrize(
    ("matter", "inputs", "number"),
    [
        ("service.job_relief", {"wanted_job": "保洁"}, "就业登〔2026〕1号"),
        ("service.population_charter", {"committee": "东桥社区居委会"}, "章程备〔2026〕1号"),
        (
            "service.small_works",
            {"work": "外墙补漏", "spot": "云桥路3号", "work_from": "2026-08-05", "work_to": "2026-08-06"},
            "小散登〔2026〕1号",
        ),
    ],
)
def test_registrations_give_a_certificate(
    desk: Any, window: Window, matter: str, inputs: dict[str, Any], number: str
) -> None:
    case = _ready(window.receives(matter, applicant={"name": "郑某"}, **inputs), window)
    desk.does(case, window.clerk, "登记并发证明", 登记的内容="照申请登记")
    assert (case.state, case.fields["record_number"]) == ("closed", number)


def test_guiding_owners_to_meet(desk: Any, window: Window) -> None:
    case = _ready(
        window.receives(
            "service.owners_meeting", community_name="云桥花园", spot="云桥花园", households=620,
            applicant={"name": "业主筹备组"},
        ),
        window,
    )  # fmt: skip
    worker = desk.person("unit_clerk", "public_service")
    desk.does(case, worker, "登记到场指导", 指导情况="讲明筹备组人数和表决规则")
    assert "还没有“没有办理的理由”" in desk.refused(case, window.chief, "不予办理")
    desk.does(case, window.clerk, "登记并发证明", 登记的内容="已派指导员")
    assert case.state == "closed"
