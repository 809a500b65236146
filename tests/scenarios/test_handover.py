"""离岗交接：执法人员调走，案件、记录仪有人接着办；没有执法证的、作法制审核的接不了；证件不转。"""

from __future__ import annotations

from typing import Any

import pytest

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.services.enforcement.testing import Team, filed, site
from jiezhi.services.handover.actions import hand_over
from jiezhi.services.handover.queries import Receivers, preview


@pytest.fixture
def team(desk: Any) -> Team:
    return Team(desk)


def recorder(desk: Any, user: Any) -> Case:
    keeper = desk.person("evidence_keeper")
    inputs = {"serial": "ZFJLY-009", "kind": "执法记录仪"}
    result = actions.open_case(
        "enforcement.device", "enlist", acting_officer=keeper, inputs=inputs, now=desk.now
    )
    assert isinstance(result, Outcome), str(result)
    return desk.does(Case.objects.get(uid=result.uid), keeper, "领用", 领用人=str(user.pk))


def test_an_enforcement_officer_leaves(desk: Any, team: Team) -> None:
    leaver, colleague, admin = team.two, team.one, desk.person("admin")
    known = {leaver.login, colleague.login}
    login = next(one.login for one in desk.plan.officers if one.certificate and one.login not in known)
    third = Officer.objects.get(login=login)
    case, device = filed(desk, team), recorder(desk, leaver)
    desk.worker()
    due = desk.clock(case, "作出决定").due_at
    desk.later(days=1)

    # 没有执法证的接不了；同案的另一位承办人接了就只剩一人。
    clerk = desk.person("unit_clerk")
    for who, says in ((clerk, "不具备“有效的行政执法证”"), (colleague, "至少 2 人，现在 1 人")):
        found = {one.number: one.problem for one in preview(leaver, Receivers(who), now=desk.now).left}
        assert says in found[case.number], found
    seen = preview(leaver, Receivers(third), now=desk.now)
    (personal,) = [one for one in seen.left if one.matter == "enforcement.certificate"]
    assert personal.problem == "只属于本人，不转；请按规定办理注销、收回"
    assert {one.number for one in seen.moves if one.ok} == {case.number, device.number}

    done = hand_over(leaver, Receivers(third), acting_officer=admin, reason="调到区住建局", now=desk.now)
    assert len(done.moved) == 2 and done.left == (personal,)
    case.refresh_from_db()
    device.refresh_from_db()
    assert case.roles["handler"] == [str(colleague.pk), str(third.pk)] == case.fields["handlers"]
    assert device.roles["user"] == [str(third.pk)] and device.fields["user"] == str(third.pk)
    assert desk.clock(case, "作出决定").due_at == due and "作出决定" in desk.running(case)
    assert "已经离岗停用" in desk.refused(case, leaver, "现场检查", **site(desk))
    desk.does(case, third, "现场检查", **site(desk))
    desk.worker()
    assert any("2 件由您接手" in text for text in (*desk.told(case, third), *desk.told(device, third)))
    desk.same(case, device)
    case.refresh_from_db()
    desk.package(case, colleague)
