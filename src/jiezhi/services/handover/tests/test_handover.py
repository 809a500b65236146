"""离岗交接：谁接手、谁不够格、时限不动、断了再来、号段和账号、预览什么也不动。"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord, Officer, Post
from jiezhi.base.casework import actions, handing, integrity, matters, numbers, outbox, queries, replay
from jiezhi.base.casework.extensions import extensions
from jiezhi.base.casework.handing import Move
from jiezhi.base.casework.models import Case, CaseField, Clock, Event, Notice, NumberIssue
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import MATTER, START, Office, definition, make_office
from jiezhi.base.registry.models import Appointment
from jiezhi.services.handover import belongings
from jiezhi.services.handover.actions import hand_over
from jiezhi.services.handover.queries import Receivers, preview, stranded

HOUR = timedelta(hours=1)
NOW = START + 5 * HOUR
REASON = "调到区住建局"
ABLE = "handover_test.able"
unable: set[str] = set()


def parts(**more: Any) -> dict[str, Any]:
    """派单时指定经办人（可几人）和协办人；经办人要有资格，协办人不得是经办人；来件记着谁收的。"""
    changed = copy.deepcopy(MATTER)
    changed["roles"] = {
        "handler": {"title": "经办人", "needs": [ABLE], **more},
        "helper": {"title": "协办人", "distinct_from": ["handler"]},
        "taker": {"title": "收件人"},
        "owner": {"title": "本人", "personal": True},
    }
    changed["fields"] |= {
        "who": {"title": "谁经办", "type": "officer", "many": True, "indexed": True},
        "helper": {"title": "谁协办", "type": "officer"},
        "owner": {"title": "谁的", "type": "officer"},
        "note": {"title": "补充", "type": "text"},
    }
    acts = changed["actions"]
    acts["register"] |= {"assign": {"taker": "actor"}}
    acts["dispatch"] |= {
        "collect": ["to_unit", "hard?", "who", "helper?", "owner?"],
        "assign": {
            "unit": "field.to_unit",
            "handler": "field.who",
            "helper": "field.helper",
            "owner": "field.owner",
        },
    }
    acts["answer"].pop("assign")
    acts["note"] = {"title": "补充说明", "from": ["handling"], "by": "role.handler", "collect": ["note"]}
    acts["help"] = {
        "title": "协办",
        "from": ["handling", "answered"],
        "by": "role.helper",
        "collect": ["note"],
    }
    acts["close"] |= {"notify": [{"to": "role.owner", "text": "办结"}]}
    return {key: changed[key] for key in ("roles", "fields", "actions")}


@dataclass
class Desk:
    """测试的街道：离岗的是李经办，接手的是王负责，另有两位同事，系统管理员一位。"""

    office: Office
    leaver: Officer
    receiver: Officer
    other: Officer
    admin: Officer

    def case(self, *who: Officer, helper: Officer | None = None, owner: Officer | None = None) -> Case:
        opened = actions.open_case(
            "test.report", acting_officer=self.office.dispatcher, inputs={"subject": "灯不亮"}, now=START
        )
        assert isinstance(opened, Outcome), str(opened)
        inputs: dict[str, Any] = {"to_unit": "law", "who": [str(one.pk) for one in who]}
        inputs |= {"helper": str(helper.pk)} if helper else {}
        inputs |= {"owner": str(owner.pk)} if owner else {}
        sent = actions.act(
            opened.uid, "dispatch", acting_officer=self.office.dispatcher, inputs=inputs, now=START + HOUR
        )
        assert sent.ok, str(sent)
        return Case.objects.get(uid=opened.uid)

    def hand(self, receivers: Receivers | None = None, **more: Any) -> Any:
        receivers = receivers or Receivers(self.receiver)
        given = {"acting_officer": self.admin, "reason": REASON, "now": NOW, **more}
        return hand_over(self.leaver, receivers, **given)


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    office = make_office()
    extensions.condition(ABLE, "有资格", able)
    matters.publish(definition(**parts()), now=START)

    def person(login: str, name: str, post: str | None = None) -> Officer:
        officer = Officer.objects.create(login=login, name=name, staff_kind="established", password="!")
        if post:
            row, _ = Post.objects.get_or_create(code=post, defaults={"title": post})
            Appointment.objects.create(
                officer=officer, post=row, unit=office.unit, valid_from=START - 9 * HOUR
            )
        return officer

    yield Desk(
        office,
        office.clerk,
        office.chief,
        person("sunliu", "孙六", "unit_clerk"),
        person("root", "王管", "admin"),
    )
    unable.clear()


def able(context: Any, officer: str = "") -> bool:
    return officer not in unable


def handovers(case: Case) -> list[Event]:
    return list(Event.objects.filter(case=case, action="take_over"))


def test_his_cases_go_on_with_another(desk: Desk) -> None:
    case = desk.case(desk.leaver, desk.other)
    clock = Clock.objects.filter(case=case).values().get()
    done = desk.hand()
    assert [(one.number, one.role, one.to) for one in done.moved] == [(case.number, "handler", desk.receiver)]
    assert done.left == () and done.deactivated
    case.refresh_from_db()
    assert case.roles["handler"] == [str(desk.receiver.pk), str(desk.other.pk)] and case.state == "handling"
    assert case.fields["who"] == case.roles["handler"], "照它指定的那个字段一并换"
    assert sorted(CaseField.objects.filter(case=case, name="who").values_list("text", flat=True)) == sorted(
        case.roles["handler"]
    )
    assert Clock.objects.filter(case=case).values().get() == clock, "时限照走"
    (event,) = handovers(case)
    line = queries.timeline(case)[-1]
    assert (line.title, line.who, line.reason) == ("离岗交接", "王管", "离岗交接"), "缘由只进管理记录"
    assert (event.officer, event.from_state, event.to_state) == (desk.admin, "handling", "handling")
    assert replay.differences(case) == [] and integrity.verify_database().ok
    assert case in queries.visible(desk.receiver, NOW)
    noted = actions.act(str(case.uid), "note", acting_officer=desk.receiver, inputs={"note": "接手"}, now=NOW)
    assert noted.ok, str(noted)


def test_the_account_goes_first(desk: Desk) -> None:
    desk.case(desk.leaver)
    done = desk.hand()
    desk.leaver.refresh_from_db()
    assert not desk.leaver.is_active and done.leaver.left_at == NOW
    assert not Appointment.objects.filter(officer=desk.leaver, valid_to=None).exists()
    record = AdminRecord.objects.get(action="officer.handover")
    assert record.officer == desk.admin and record.note == REASON
    assert record.new == {"moved": 1, "left": 0, "to": ["fuze"], "voided_numbers": 0, "scans": 0}
    with pytest.raises(ValueError, match="先停用"):
        handing.move(desk.other, lambda *_: None, acting_officer=desk.admin, reason=REASON, now=NOW)


def test_who_is_not_fit_does_not_get_it(desk: Desk) -> None:
    unable.add(str(desk.receiver.pk))
    case = desk.case(desk.leaver)
    seen = preview(desk.leaver, Receivers(desk.receiver), now=NOW)
    done = desk.hand()
    for left in (seen.left, done.left):
        assert [one.problem for one in left] == ["王负责不能接手：“经办人”中有人不具备“有资格”"]
    assert done.moved == () and handovers(case) == []
    again = desk.hand(Receivers(desk.other))
    assert not again.deactivated and [one.to for one in again.moved] == [desk.other]
    assert desk.hand(Receivers(desk.other)).moved == (), "办完的再办是空的"


def test_a_colleagues_own_lapse_is_not_held_against_the_receiver(desk: Desk) -> None:
    case = desk.case(desk.leaver, desk.other)
    unable.add(str(desk.other.pk))
    assert [one.to for one in desk.hand().moved] == [desk.receiver]
    assert len(handovers(case)) == 1


def test_the_same_person_may_not_sit_on_both_sides(desk: Desk) -> None:
    case = desk.case(desk.leaver, helper=desk.receiver)
    (left,) = desk.hand().left
    assert "不得是同一人" in left.problem and left.number == case.number


def test_two_roles_of_his_are_weighed_one_after_the_other(desk: Desk) -> None:
    """他既经办又协办不可能；他经办、接手的人转了之后，协办的另一件照样核。"""
    first = desk.case(desk.other, helper=desk.leaver)
    second = desk.case(desk.leaver)
    done = desk.hand(Receivers(desk.receiver, {"test.report:helper": desk.other}))
    assert {one.number: one.problem for one in done.left} == {
        first.number: "孙六不能接手：“协办人”和“经办人”不得是同一人"
    }
    assert [(one.number, one.to) for one in done.moved] == [(second.number, desk.receiver)]


def test_enough_people_must_remain(desk: Desk) -> None:
    matters.publish(definition(**parts(min=2)), now=START)
    case = desk.case(desk.leaver, desk.receiver)
    (left,) = desk.hand().left
    assert "至少 2 人，现在 1 人" in left.problem
    assert handovers(case) == []


def test_different_receivers_for_matters_and_roles(desk: Desk) -> None:
    first, second = desk.case(desk.leaver), desk.case(desk.other, helper=desk.leaver)
    special = {"test.report": desk.other, "test.report:helper": desk.receiver}
    done = desk.hand(Receivers(None, special))
    assert {(one.number, one.to) for one in done.moved} == {
        (first.number, desk.other), (second.number, desk.receiver),
    }  # fmt: skip


def test_a_confidential_case_is_named_one_by_one(desk: Desk) -> None:
    """限指定人员的件不给缺省的人，也不按业务、角色给：点了这一件的名才转，转了他才看得见。"""
    matters.publish(definition(confidential=True, **parts()), now=START)
    secret, other = desk.case(desk.leaver), desk.case(desk.leaver, desk.other)
    assert secret.confidential and secret not in queries.visible(desk.receiver, NOW)
    named = {"test.report": desk.receiver, "test.report:handler": desk.receiver, other.number: desk.other}
    done = desk.hand(Receivers(desk.receiver, named))
    assert [(one.number, one.to) for one in done.moved] == [(other.number, desk.other)]
    assert [(one.number, one.problem) for one in done.left] == [
        (secret.number, "限指定人员，要点名这一件由谁接手")
    ]
    assert secret not in queries.visible(desk.receiver, NOW) and handovers(secret) == []
    done = desk.hand(Receivers(None, {secret.number: desk.receiver}))
    assert [(one.number, one.to) for one in done.moved] == [(secret.number, desk.receiver)]
    assert secret in queries.visible(desk.receiver, NOW)
    assert integrity.verify_database().ok


def test_nobody_named(desk: Desk) -> None:
    desk.case(desk.leaver)
    (left,) = desk.hand(Receivers(None, {"test.other": desk.receiver})).left
    assert left.problem == "没有定由谁接手"


def test_what_is_only_a_record_stays(desk: Desk) -> None:
    """收件人只记着谁收的；经办人答复之后不再有事；办结的件不动；只属于本人的列出来。"""
    office = desk.office
    Appointment.objects.create(
        officer=desk.leaver,
        post=Post.objects.get(code="dispatcher"),
        unit=office.unit,
        valid_from=START - HOUR,
    )
    taken = actions.open_case("test.report", acting_officer=desk.leaver, inputs={"subject": "a"}, now=START)
    assert isinstance(taken, Outcome)
    answered = desk.case(desk.leaver)
    reply = {"reply": "已经处理好"}
    assert actions.act(str(answered.uid), "answer", acting_officer=desk.leaver, inputs=reply, now=NOW).ok
    mine = desk.case(desk.other, owner=desk.leaver)
    closed = desk.case(desk.other, helper=desk.leaver)
    Case.objects.filter(pk=closed.pk).update(closed_at=NOW)
    done = desk.hand()
    assert done.moved == ()
    assert [(one.number, one.problem) for one in done.left] == [
        (mine.number, "只属于本人，不转；请按规定办理注销、收回")
    ]
    assert not Event.objects.filter(action="take_over").exists()


def test_preview_says_the_same_and_touches_nothing(desk: Desk) -> None:
    desk.case(desk.leaver)
    desk.case(desk.leaver, helper=desk.receiver)
    belongings.belonging("test", "接口令牌", "随账号停用", lambda officer, now: ["jzt_abc…"])
    until = NOW + 30 * HOUR
    numbers.lease_range(
        "test.report",
        "case",
        5,
        officer=desk.leaver,
        valid_until=until,
        acting_officer=None,
        now=START + HOUR,
    )
    before = (Event.objects.count(), AdminRecord.objects.count())
    try:
        seen = preview(desk.leaver, Receivers(desk.receiver), now=NOW)
    finally:
        belongings._found.pop("test")
    assert (Event.objects.count(), AdminRecord.objects.count()) == before
    desk.leaver.refresh_from_db()
    assert desk.leaver.is_active
    assert seen.counts() == {"王负责": 1} and len(seen.left) == 1
    assert [one.unused for one in seen.leases] == [5]
    assert seen.appointments == ("综合执法队的科室经办人",)
    assert seen.others == (("接口令牌", "随账号停用", ("jzt_abc…",)),)
    done = desk.hand()
    assert [*done.moved, *done.left] == sorted(seen.moves, key=lambda one: not one.ok)


def test_leased_numbers_come_back(desk: Desk) -> None:
    numbers.lease_range(
        "test.report", "case", 3, officer=desk.leaver, valid_until=NOW + HOUR, acting_officer=None, now=START
    )
    done = desk.hand()
    assert len(done.voided) == 3
    assert NumberIssue.objects.exclude(voided_at=None).filter(voided_by=desk.admin).count() == 3
    assert queries.number_gaps() == []


def test_a_power_cut_in_the_middle(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing.move, "__kwdefaults__", {**(handing.move.__kwdefaults__ or {}), "batch": 2})
    cases = [desk.case(desk.leaver) for _ in range(5)]
    seen: list[int] = []

    def cut(moves: Sequence[Move]) -> None:
        seen.append(len(moves))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.hand(on_batch=cut)
    assert seen == [2, 2] and Event.objects.filter(action="take_over").count() == 4
    assert {one.login: len(moves) for one, moves in stranded(NOW).items()} == {"jingban": 1}
    rest = desk.hand()
    assert not rest.deactivated and len(rest.moved) == 1
    assert all(len(handovers(case)) == 1 for case in cases) and stranded(NOW) == {}


def test_an_open_page_of_a_colleague_is_not_upset(desk: Desk) -> None:
    case = desk.case(desk.leaver, desk.other)
    version = case.seq
    desk.hand()
    told = {"note": "现场看过"}
    done = actions.act(
        str(case.uid), "note", acting_officer=desk.other, inputs=told, version=version, now=NOW + HOUR
    )
    assert done.ok, str(done)


def test_each_receiver_is_told_once(desk: Desk) -> None:
    for _ in range(3):
        desk.case(desk.leaver)
    desk.hand()
    outbox.drain(NOW + HOUR)
    (notice,) = Notice.objects.filter(officer=desk.receiver, text__contains="离岗")
    assert "3 件由您接手" in notice.text


def test_a_receiver_outside_the_unit_is_pointed_out(desk: Desk) -> None:
    desk.case(desk.leaver)
    seen = preview(desk.leaver, Receivers(desk.office.stranger), now=NOW)
    assert seen.moves[0].ok and "不在责任单位（综合执法队）" in seen.moves[0].warning


def test_who_may_do_it(desk: Desk) -> None:
    with pytest.raises(NotAllowed, match="系统管理员"):
        desk.hand(acting_officer=desk.receiver)
    with pytest.raises(NotAllowed, match="自己"):
        hand_over(desk.admin, Receivers(desk.other), acting_officer=desk.admin, reason=REASON, now=NOW)
    with pytest.raises(ValidationError, match="原因"):
        desk.hand(reason=" 走 ")
    with pytest.raises(ValidationError, match="离岗的本人"):
        desk.hand(Receivers(desk.leaver))
    Officer.objects.filter(pk=desk.other.pk).update(is_active=False, left_at=NOW)
    desk.other.refresh_from_db()
    with pytest.raises(ValidationError, match="孙六已离岗"):
        desk.hand(Receivers(desk.other))
    desk.leaver.refresh_from_db()
    assert desk.leaver.is_active
