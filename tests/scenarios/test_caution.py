"""敬告：轻微的提示改正、复查；该立案的、没有改正的转立案，不能在这里了结。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.casework import actions, queries
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.services.enforcement import queries as enforcement

RESIDENT = {"name": "黎大海", "phone": "13500135001"}


@pytest.fixture
def team(desk: Any) -> list[Any]:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


def seen(desk: Any, team: list[Any], must_file: bool = False) -> Case:
    building = desk.building()
    inputs = {
        "act": "阳台外吊挂衣物",
        "spot": {"lon": str(building.lon), "lat": str(building.lat)},
        "parties": [RESIDENT],
        "party_kind": "自然人",
        "cause": "CF-060",
        "act_on": desk.now.date().isoformat(),
        "facts": "临街阳台外吊挂衣物",
        "photos": [desk.photo()],
        "must_file": must_file,
        "handlers": [str(one.pk) for one in team],
    }
    result = actions.open_case(
        "enforcement.caution", "register", inputs=inputs, now=desk.now, acting_officer=team[0]
    )
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def caution(desk: Any, **more: Any) -> dict[str, Any]:
    return {
        "事实": "临街阳台外吊挂衣物",
        "敬告的情形": "首违可不罚",
        "为什么属于这种情形": "第一次发现，没有坠落",
        "初次违法": True,
        "危害后果轻微": True,
        "提示和改正要求": "请收回衣物，改用阳台内侧晾晒",
        "改正期限": "2026-08-10",
        "怎样敬告": "当面口头并交付敬告书",
    } | more


def test_cautioned_corrected_and_counted(desk: Any, team: list[Any]) -> None:
    case = seen(desk, team)
    said = desk.refused(case, team[0], "敬告", **caution(desk, 初次违法=False))
    assert "首违可不罚要初次违法" in said and "第33条" in said
    desk.does(case, team[0], "敬告", **caution(desk))
    assert desk.running(case) == {"复查", "改正期限"}
    desk.at(8, 11)
    desk.worker()
    case.refresh_from_db()
    assert case.state == "due"
    recheck = {
        "复查日期": "2026-08-11",
        "复查照片": [desk.photo()],
        "复查情况": "衣物已收回",
        "符合立案标准应当立案": False,
    }
    desk.does(case, team[1], "复查", 改正情况="已改正", **recheck)
    assert case.state == "corrected"
    desk.worker()
    case.refresh_from_db()
    desk.same(case)
    # 敬告数、改正率、转立案从登记的结果来
    other = seen(desk, team)
    desk.does(other, team[0], "敬告", **caution(desk, 改正期限="2026-08-20"))
    desk.does(other, team[0], "转立案", reason="又有坠落，符合立案标准")
    found = enforcement.cautions(queries.visible(team[0]))
    assert (found.cautioned, found.rechecked, found.corrected, found.filed, found.rate) == (2, 1, 1, 1, 1.0)


def test_what_must_be_filed_is_filed(desk: Any, team: list[Any]) -> None:
    case = seen(desk, team, must_file=True)
    assert "应当立案" in desk.refused(case, team[0], "敬告", **caution(desk))
    desk.does(case, team[0], "转立案", reason="有坠落伤人，符合立案标准")
    child = Case.objects.get(parent=case)
    assert (child.matter, child.state, child.fields["clue_source"]) == (
        "enforcement.penalty",
        "clue",
        "敬告转来",
    )
    assert child.area_id == case.area_id


def test_uncorrected_and_unlawful_cannot_end_here(desk: Any, team: list[Any]) -> None:
    case = seen(desk, team)
    desk.does(case, team[0], "敬告", **caution(desk))
    recheck = {
        "复查日期": "2026-08-03",
        "复查照片": [desk.photo()],
        "复查情况": "还挂着",
        "符合立案标准应当立案": False,
    }
    desk.does(case, team[1], "复查", 改正情况="未改正", **recheck)
    assert case.state == "rechecked" and case.closed_at is None
    assert set(desk.buttons(case, team[0])) == {"转立案"}
    desk.does(case, team[0], "转立案", reason="敬告之后没有改正")
    assert case.state == "filed"
    desk.same(case)


def test_what_was_never_unlawful_ends_with_the_advice(desk: Any, team: list[Any]) -> None:
    case = seen(desk, team)
    ground = {"敬告的情形": "尚不构成违法", "为什么属于这种情形": "只是摆放不整齐"}
    desk.does(case, team[0], "敬告", **caution(desk, **ground))
    recheck = {
        "复查日期": "2026-08-03",
        "复查照片": [desk.photo()],
        "复查情况": "还是不整齐",
        "符合立案标准应当立案": False,
    }
    desk.does(case, team[1], "复查", 改正情况="未改正", **recheck)
    assert case.state == "advised"
