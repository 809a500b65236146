"""换版：一件正在办的件改按新版办，改过名的字段、时限、环节、角色都跟着走，重放仍与库里一样。"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from jiezhi.base.accounts.models import Officer, Post
from jiezhi.base.casework import actions, matters, measures, queries, replay, upkeep, versions
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import Case, CaseField, CaseParty, CaseRole, Clock, MatterVersion
from jiezhi.base.casework.outcome import Refused
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.casework.tests.lives import DAY, HOUR, archivist, done, life
from jiezhi.base.registry.models import Appointment
from jiezhi.core.procedure.change import ChangeDecl
from jiezhi.core.procedure.fold import ERASED
from jiezhi.core.procedure.verifier import verify

WHY = {"reason": "修订办理程序", "basis": "本街道批准"}
RENAMED = {
    "fields": {"reporter": "visitor", "to_unit": "host_unit", "longer": "drop"},
    "clocks": {"handle": "answer_due", "objection": "plead"},
    "states": {"handling": "working", "answered": "told"},
    "roles": {"handler": "clerk"},
    "meanings": {"extend": "drop", "return": "drop"},
}


def swap(value: Any, names: dict[str, str]) -> Any:
    """把声明里的名字整个换掉（键和完整的词）。"""
    if isinstance(value, dict):
        return {
            names.get(key, key): one if key == "by" or (key, one) == ("to", "reporter") else swap(one, names)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [swap(one, names) for one in value]
    if isinstance(value, str):
        for old, new in names.items():
            bare = value.removesuffix("?")
            if bare == old:
                return new + value[len(bare) :]
            kind, _, rest = value.partition(".")
            if kind in ("field", "role", "state") and rest == old:
                return f"{kind}.{new}"
    return value


def changes() -> dict[str, Any]:
    """新版：改了名，去掉延期和退回，告知环节只认新名字，筛选和提醒也变了。"""
    data = copy.deepcopy(MATTER)
    for name in ("extend", "return"):
        del data["actions"][name]
    for name in ("longer",):
        del data["fields"][name]
    data["clocks"]["handle"] = {**data["clocks"]["handle"], "until": "means.answer", "warn": ["2个工作日"]}
    del data["clocks"]["handle"]["extension"]
    data["fields"]["subject"]["indexed"] = True
    data["measures"] = {
        "answering": {"title": "答复用时", "from": "state.handling", "to": "means.answer", "unit": "小时"}
    }
    names: dict[str, str] = {}
    for part in ("fields", "clocks", "states", "roles"):
        names |= {old: new for old, new in RENAMED[part].items() if new != "drop"}
    data["predicates"] = data["predicates"]
    return {key: swap(value, names) for key, value in data.items()}


def decl(**names: Any) -> ChangeDecl:
    return ChangeDecl.model_validate({**WHY, **RENAMED, **names})


@pytest.fixture
def head(office: Office) -> Officer:
    officer = Officer.objects.create(login="zhuren", name="周主任", staff_kind="established", password="!")
    post, _ = Post.objects.get_or_create(code="office_head", defaults={"title": "街道办负责人"})
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    Appointment.objects.create(officer=officer, post=post, unit=office.unit, valid_from=begin)
    return officer


def publish_new() -> MatterVersion:
    compiled = definition(**changes())
    wrong = [str(one) for one in verify(compiled) if one.is_error and "size 数的是字节" not in one.say]
    assert not wrong
    return matters.publish(compiled, now=START + HOUR)


def change(case: Case, version: MatterVersion, head: Officer, *, at: datetime, **names: Any) -> Any:
    return versions.change_version(str(case.uid), version, decl(**names), acting_officer=head, now=at)


def test_a_running_case_moves_and_replays(office: Office, head: Officer) -> None:
    case = life(office)
    new = publish_new()
    before = {row.name: row for row in Clock.objects.filter(case=case)}
    outcome = done(change(case, new, head, at=START + DAY))
    assert (outcome.seq, outcome.state) == (5, "told")
    case.refresh_from_db()
    assert case.version_id == new.pk and case.roles == {"clerk": [str(office.clerk.pk)]}
    assert case.changed_at == START + 3 * HOUR, "只是改名，不算换了环节"
    assert set(CaseRole.objects.filter(case=case).values_list("role", flat=True)) == {"clerk"}
    assert set(CaseField.objects.filter(case=case).values_list("name", flat=True)) == {
        "host_unit",
        "hard",
        "subject",
    }
    assert set(CaseParty.objects.filter(case=case).values_list("field", flat=True)) == {"visitor"}
    after = {row.name: row for row in Clock.objects.filter(case=case)}
    assert set(after) == {"answer_due", "plead"}
    assert after["plead"].pk == before["objection"].pk
    assert (after["plead"].started_at, after["plead"].due_at) == (
        before["objection"].started_at,
        before["objection"].due_at,
    )
    assert after["answer_due"].extensions == ["5个工作日"]
    view = replay.replay(case)
    assert (view.state, view.fields["visitor"]["name"]) == ("told", "张三") and "longer" not in view.fields
    assert replay.differences(case) == []
    line = queries.timeline(case)[-1]
    assert (line.title, line.who, line.reason) == ("换版", "周主任", "修订办理程序")
    assert [one.title for one in queries.timeline(case)][:3] == ["登记", "派单", "延期"], "照那时的叫法"
    hours = measures.measures_of(case, START + 2 * DAY)["answering"].value
    assert hours == 2, "改过名的环节仍认得"


def test_the_new_version_rules_afterwards(office: Office, head: Officer) -> None:
    case = life(office)
    new = publish_new()
    done(change(case, new, head, at=START + DAY))
    early = actions.act(str(case.uid), "close", acting_officer=office.dispatcher, now=START + 2 * DAY)
    assert isinstance(early, Refused) and "要求听证的期限" in str(early), "护人的期间接着走"
    done(actions.act(str(case.uid), "close", acting_officer=office.dispatcher, now=START + 9 * DAY))
    case.refresh_from_db()
    assert case.closed_at is not None and replay.differences(case) == []
    said = change(case, new, head, at=START + 10 * DAY)
    assert isinstance(said, Refused) and "已经办结的件不换版" in str(said)
    assert verify_database().faults == []


def test_erasure_follows_the_old_names(office: Office, head: Officer) -> None:
    case = life(office)
    new = publish_new()
    done(change(case, new, head, at=START + DAY))
    done(
        upkeep.erase(
            str(case.uid),
            ["visitor"],
            acting_officer=archivist(office),
            reason="本人申请",
            now=START + 2 * DAY,
        )
    )
    case.refresh_from_db()
    assert replay.replay(case).fields["visitor"] == ERASED
    assert replay.differences(case) == []
    assert not CaseParty.objects.filter(case=case).exists()
    lines = queries.timeline(case, show_sensitive=True)
    assert "张三" not in str([line.values for line in lines])


def test_who_may_and_what_is_refused(office: Office, head: Officer) -> None:
    case = life(office)
    new = publish_new()
    said = versions.change_version(str(case.uid), new, decl(), acting_officer=office.chief, now=START + DAY)
    assert isinstance(said, Refused) and "街道办负责人或权责清单管理员" in str(said)
    with pytest.raises(PermissionDenied):
        versions.change_all("test.report", decl(), acting_officer=office.chief, now=START + DAY)
    said = change(case, new, head, at=START + DAY, clocks={"handle": "answer_due"})
    assert isinstance(said, Refused) and "要求听证的期限" in str(said)
    case.refresh_from_db()
    assert case.seq == 4 and case.version_id == office.version.pk and replay.differences(case) == []


def test_an_overdue_case_stays_overdue(office: Office, head: Officer) -> None:
    """超期的件换版，时限照走，超期还看得出；写明停它的换不了。"""
    matters.publish(definition(), now=START)
    inputs = {"subject": "路灯不亮"}
    who = {"acting_officer": office.dispatcher}
    uid = done(actions.open_case("test.report", inputs=inputs, now=START, **who)).uid
    done(actions.act(uid, "dispatch", inputs={"to_unit": "law"}, now=START + HOUR, **who))
    case, late = Case.objects.get(uid=uid), START + 60 * DAY
    new = matters.publish(definition(title="来件（新版）"), now=late)
    before = Clock.objects.get(case=case, name="handle")
    assert before.due_at < late
    stopping = ChangeDecl.model_validate({**WHY, "clocks": {"handle": "end"}})
    said = versions.change_version(uid, new, stopping, acting_officer=head, now=late)
    assert isinstance(said, Refused) and "换版不能停它" in str(said)
    with pytest.raises(versions.Unchangeable):
        versions.change_all("test.report", stopping, acting_officer=head, now=late)
    plain = ChangeDecl.model_validate(WHY)
    done(versions.change_version(uid, new, plain, acting_officer=head, now=late))
    after = Clock.objects.get(case=case, name="handle")
    assert (after.status, after.due_at) == (before.status, before.due_at)
    case.refresh_from_db()
    assert case.due_at == before.due_at and replay.differences(case) == []


def test_all_at_once_case_by_case(office: Office, head: Officer) -> None:
    first, second = life(office), life(office, "井盖响", "blue")
    done(actions.act(str(second.uid), "close", acting_officer=office.dispatcher, now=START + 9 * DAY))
    publish_new()
    now = START + 10 * DAY
    rehearsed = versions.change_all("test.report", decl(), now=now, dry_run=True)
    assert [(one.number, one.ok) for one in rehearsed] == [(first.number, True)]
    first.refresh_from_db()
    assert first.seq == 4, "试算不写"
    found = versions.change_all("test.report", decl(), acting_officer=head, now=now)
    assert [(one.number, one.ok) for one in found] == [(first.number, True)], "办结的不换"
    with pytest.raises(versions.Unchangeable, match="没有旧版的件正在办"):
        versions.change_all("test.report", decl(), acting_officer=head, now=now)
    assert verify_database().faults == []


def test_a_bad_map_stops_everything(office: Office, head: Officer) -> None:
    case = life(office)
    publish_new()
    with pytest.raises(versions.Unchangeable) as caught:
        versions.change_all("test.report", decl(states={}), acting_officer=head, now=START + DAY)
    assert {one.code for one in caught.value.problems} >= {"change.states"}
    case.refresh_from_db()
    assert case.seq == 4
