"""送达：两个当事人，一个当面送到，一个只能公告；各人的听证申请期各自起算，没有送达全之前不能决定。"""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest

from jiezhi.base.casework import actions, files
from jiezhi.base.casework.models import Case, Clock
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.queries import timeline
from jiezhi.services.serving.queries import servings
from jiezhi.services.serving.testing import publish_small
from jiezhi.web.office.testing import packs

JIA = {"name": "罗阿强", "phone": "13800138011", "identifier": "440101199001011234"}
YI = {"name": "鸿运小吃店", "phone": "13800138012"}


@pytest.fixture
def who(desk: Any) -> Any:
    return desk.person("enforcement_officer")


@pytest.fixture
def informed(desk: Any, who: Any) -> Case:
    """立了案、作出告知书，等着送达；2026年8月10日（周一）。"""
    publish_small(packs(), desk.now)
    desk.at(8, 10)
    parties = {"subject": "占道经营", "parties": [{"name": JIA["name"], "phone": JIA["phone"]}, YI]}
    opened = actions.open_case("test.serving", acting_officer=who, inputs=parties, now=desk.now)
    assert isinstance(opened, Outcome), str(opened)
    case = Case.objects.get(uid=opened.uid)
    return desk.does(case, who, "作出告知书")


def paper(desk: Any, text: str = "回证") -> str:
    data = io.BytesIO(f"%PDF-1.4 {text} {desk.now}".encode())
    return files.store(data, f"{text}.pdf", kind="document", acting_officer=None, now=desk.now).pk


def serve(desk: Any, **more: Any) -> dict[str, Any]:
    day = desk.now.date().isoformat()
    return {
        "告知书送达方式": "直接送达",
        "告知书送达日期": day,
        "告知书送达回证等材料": [paper(desk)],
        **more,
    }


def clocks(case: Case, name: str) -> list[Clock]:
    return list(Clock.objects.filter(case=case, name=name).order_by("pk"))


def days(case: Case) -> dict[str, Any]:
    bodies = [line.body for line in timeline(case)]
    return {one.party["name"]: one.deemed and f"{one.deemed:%m-%d}" for one in servings(case, bodies)}


def test_one_in_person_one_by_announcement(desk: Any, who: Any, informed: Case) -> None:
    case = informed
    deadline = datetime(2026, 8, 20, tzinfo=desk.now.tzinfo)  # 七个工作日：8月19日为止
    assert [(one.status, one.due_at) for one in clocks(case, "deliver_inform")] == [("running", deadline)] * 2

    desk.later(hours=2)  # 甲当面签收；没写是谁，系统填第一个没有送达的
    desk.does(case, who, "送达告知书", **serve(desk))
    assert days(case) == {"罗阿强": "08-10", "鸿运小吃店": None}
    assert sorted(one.status for one in clocks(case, "deliver_inform")) == ["ended", "running"], "各停各的"
    first = clocks(case, "hearing")
    assert [one.due_at for one in first] == [datetime(2026, 8, 18, tzinfo=desk.now.tzinfo)]

    desk.at(8, 18)  # 甲的五个工作日过了，可是乙还没有送达
    said = desk.refused(case, who, "决定")
    assert "告知书还没有送达全体当事人" in said and "还有当事人的“听证申请期”没有起算" in said

    desk.at(8, 19)
    announce = serve(desk, 告知书受送达人={"name": "鸿运小吃店"}, 告知书送达方式="公告送达")
    said = desk.refused(case, who, "送达告知书", **announce)
    assert "公告送达还没有写明原因和经过" in said
    announce |= {
        "告知书公告送达的原因": "其他方式无法送达",
        "告知书公告送达的经过": "三次上门无人，邮件退回，公告登在街道公告栏",
    }
    assert "没有试过其他方式" in desk.refused(case, who, "送达告知书", **announce)
    tried = [{"way": "邮寄送达", "on": "2026-08-12", "result": "退回"}]
    desk.does(case, who, "送达告知书", **announce, 告知书试过的其他方式=tried)
    # 8月19日发出公告，经过三十日是9月18日；9月18日起的五个工作日：20日（调休上班）、21、22、23、24日
    assert days(case) == {"罗阿强": "08-10", "鸿运小吃店": "09-18"}
    second = [one for one in clocks(case, "hearing") if one.pk != first[0].pk]
    assert [one.started_at for one in second] == [datetime(2026, 9, 18, tzinfo=desk.now.tzinfo)]
    assert [one.status for one in clocks(case, "deliver_inform")] == ["ended", "ended"]

    desk.at(9, 17)
    assert "公告期没有满" in desk.refused(case, who, "决定")
    due = second[0].due_at
    desk.at(
        due.astimezone(desk.now.tzinfo).month, (due.astimezone(desk.now.tzinfo) - timedelta(days=1)).day, 17
    )
    assert "“听证申请期”" in desk.refused(case, who, "决定")
    desk.later(hours=7)
    assert desk.does(case, who, "决定").state == "closed"
    desk.same(case)


def test_the_day_is_worked_out_not_chosen(desk: Any, who: Any, informed: Case) -> None:
    wrong = serve(desk, 告知书视为送达日="2026-08-07")
    assert "视为送达日不是按送达方式和日期算出的那天" in desk.refused(informed, who, "送达告知书", **wrong)
    later = serve(desk, 告知书送达日期="2026-08-11")
    assert "送达日期晚于办理时间" in desk.refused(informed, who, "送达告知书", **later)
    stranger = serve(desk, 告知书受送达人={"name": "路人甲"})
    assert "不是本件当事人" in desk.refused(informed, who, "送达告知书", **stranger)


def test_each_way_asks_for_its_own_proof(desk: Any, who: Any, informed: Case) -> None:
    case = informed
    electronic = serve(desk, 告知书送达方式="电子送达")
    assert "还没有当事人的确认书或到达时间" in desk.refused(case, who, "送达告知书", **electronic)
    consent = {"告知书电子送达确认书": [paper(desk, "确认书")]}
    assert "到达时间" in desk.refused(case, who, "送达告知书", **electronic, **consent)
    yesterday = (desk.now - timedelta(days=1)).isoformat()
    said = desk.refused(case, who, "送达告知书", **electronic, **consent, 告知书到达时间=yesterday)
    assert "与到达时间不符" in said
    desk.does(case, who, "送达告知书", **electronic, **consent, 告知书到达时间=desk.now.isoformat())
    # 确认书是甲的，不能算到乙头上。
    said = desk.refused(case, who, "送达告知书", **electronic)
    assert "还没有当事人的确认书或到达时间" in said
    left = serve(desk, 告知书送达方式="留置送达")
    assert "还没有见证人，也没有照片录像" in desk.refused(case, who, "送达告知书", **left)
    desk.does(case, who, "送达告知书", **left, 告知书见证人="东桥社区居委会 何某")
    assert days(case) == {"罗阿强": "08-10", "鸿运小吃店": "08-10"}


def test_mail_counts_from_the_receipt_when_recorded_later(desk: Any, who: Any, informed: Case) -> None:
    desk.at(8, 17)
    received = datetime(2026, 8, 13, 10, tzinfo=desk.now.tzinfo)
    inputs = {
        "inform_to": {"name": "鸿运小吃店"},
        "inform_way": "邮寄送达",
        "inform_on": "2026-08-13",
        "inform_receipt": [paper(desk, "回执")],
    }
    late = actions.act(str(informed.uid), "serve_inform", acting_officer=who, inputs=inputs, now=desk.now)
    assert "起算日不能早于办理当天" in str(late)
    done = actions.act(
        str(informed.uid), "serve_inform", acting_officer=who, inputs=inputs, at=received, now=desk.now
    )
    assert done.ok, str(done)
    assert days(informed) == {"罗阿强": None, "鸿运小吃店": "08-13"}


def test_a_new_paper_must_be_served_again(desk: Any, who: Any, informed: Case) -> None:
    case = informed
    desk.does(case, who, "送达告知书", **serve(desk))
    desk.does(case, who, "送达告知书", **serve(desk))
    desk.at(8, 19)
    desk.does(case, who, "作出告知书")
    assert days(case) == {"罗阿强": None, "鸿运小吃店": None}
    assert {(one.status, one.void) for one in clocks(case, "hearing")} == {("ended", True)}, (
        "以前的各轮不算数"
    )
    desk.same(case)
    desk.does(case, who, "送达告知书", **serve(desk))
    said = desk.refused(case, who, "决定")
    assert "还没有送达全体当事人" in said
    assert "还有当事人的“听证申请期”没有起算" in said and "“听证申请期”还没有届满" in said
    desk.does(case, who, "送达告知书", **serve(desk))
    assert "才届满" in desk.refused(case, who, "决定"), "重新送达，听证申请期重新起算"
    desk.at(8, 27)
    desk.does(case, who, "决定")
    desk.same(case)


def test_the_case_page_lists_who_was_served(desk: Any, who: Any, informed: Case, client: Any) -> None:
    desk.does(informed, who, "送达告知书", **serve(desk))
    client.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(f"/cases/{informed.uid}/").content.decode()
    table = shown.partition('id="servings-title"')[2].partition("</section>")[0]
    assert table.count("<tr><td") == 2 and table.count("告知书") == 2
    assert "2026年8月10日" in table and "还没有送达" in table
    assert JIA["name"] not in table and YI["name"] not in table, "姓名打码"
