"""权责清单：谁能办哪一步，公布时查什么，版本怎样接续。"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiezhi.base.accounts.errors import AppendOnlyError
from jiezhi.base.accounts.models import AdminRecord, Officer, Post
from jiezhi.base.casework import matters, powers
from jiezhi.base.casework.models import MatterVersion
from jiezhi.base.casework.powercheck import stale
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY
from jiezhi.base.casework.tests.powerlist import (
    CONTENT,
    HELD,
    LAWS,
    MATTER,
    PACKS,
    TODAY,
    People,
    drafted,
    pack,
    publish,
    published,
    ready,
    revised,
)
from jiezhi.base.registry.models import Appointment, Power, PowerStatus, PowerVersion
from jiezhi.base.registry.queries import powers as queries
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import Problem
from jiezhi.core.procedure.law import StatuteDecl

# ---- 谁能办，怎样接续 ----


def test_each_step_has_its_own_person(office: Office, people: People) -> None:
    for one in (people.reviewer, people.head, office.chief):
        with pytest.raises(PermissionDenied, match="power_keeper"):
            powers.draft("CF-1", CONTENT, acting_officer=one, now=START, packs=PACKS)
    drafted(people)
    powers.submit("CF-1", acting_officer=people.keeper, now=START)
    # 有审核的岗位也不能审自己起草的
    with pytest.raises(PermissionDenied, match="不得是起草人"):
        powers.review("CF-1", approve=True, opinion="同意", acting_officer=people.keeper, now=START)
    with pytest.raises(PermissionDenied, match="legal_reviewer"):
        powers.review("CF-1", approve=True, opinion="同意", acting_officer=people.head, now=START)
    with pytest.raises(ValidationError, match="审核意见"):
        powers.review("CF-1", approve=True, opinion=" ", acting_officer=people.reviewer, now=START)
    powers.review("CF-1", approve=True, opinion="同意", acting_officer=people.reviewer, now=START)
    for one in (people.keeper, people.reviewer):
        with pytest.raises(PermissionDenied, match="office_head"):
            publish(people, acting_officer=one)
    version = publish(people)
    with pytest.raises(PermissionDenied, match="office_head"):
        powers.repeal("CF-1", reason="收回", acting_officer=people.keeper, now=START)
    assert (version.drafted_by, version.reviewed_by, version.published_by) == (
        people.keeper,
        people.reviewer,
        people.head,
    )
    records = AdminRecord.objects.filter(action__startswith="power.").order_by("pk")
    assert [one.action for one in records] == ["power.draft", "power.submit", "power.review", "power.publish"]


def test_whoever_wrote_an_earlier_wording_cannot_review_it(people: People) -> None:
    drafted(people)
    second = Officer.objects.create(login="er", name="第二人", staff_kind="established", password="!")
    since = datetime(2020, 1, 1, tzinfo=UTC)
    unit = people.keeper.appointments.first().unit
    keeper = Post.objects.get(code="power_keeper")
    Appointment.objects.create(officer=second, post=keeper, unit=unit, valid_from=since)
    powers.revise("CF-1", {"note": "改"}, acting_officer=second, now=START, packs=PACKS)
    powers.submit("CF-1", acting_officer=second, now=START)
    with pytest.raises(PermissionDenied, match="起草人"):
        powers.review("CF-1", approve=True, opinion="同意", acting_officer=people.keeper, now=START)


def test_steps_only_in_order(people: People) -> None:
    drafted(people)
    with pytest.raises(ValidationError, match="现在是草稿，待审核的才能审核"):
        powers.review("CF-1", approve=True, opinion="同意", acting_officer=people.reviewer, now=START)
    with pytest.raises(ValidationError, match="待公布的才能公布"):
        publish(people)
    with pytest.raises(ValidationError, match="已经登记过"):
        drafted(people)
    powers.submit("CF-1", acting_officer=people.keeper, now=START)
    with pytest.raises(ValidationError, match="退回再修订"):
        revised(people, note="改")
    powers.review("CF-1", approve=False, opinion="写明授权", acting_officer=people.reviewer, now=START)
    second = revised(people, note="改")
    assert (second.number, second.status) == (2, PowerStatus.DRAFT)
    assert PowerVersion.objects.get(number=1).status == PowerStatus.DROPPED
    with pytest.raises(ValidationError, match="没有改动"):
        revised(people, note="改")
    with pytest.raises(ValidationError, match="没有登记过事项"):
        powers.submit("CF-9", acting_officer=people.keeper, now=START)
    with pytest.raises(ValidationError, match="没有生效的版本"):
        powers.repeal("CF-1", reason="收回", acting_officer=people.head, now=START)


def test_the_content_of_a_version_never_changes(people: People) -> None:
    version = published(people)
    assert version.digest == version.content_digest()
    version.title = "改过"
    with pytest.raises(AppendOnlyError):
        version.save()
    with pytest.raises(AppendOnlyError):
        version.save(update_fields=["title"])
    with pytest.raises(AppendOnlyError):
        PowerVersion.objects.filter(pk=version.pk).update(bases=[])
    with pytest.raises(AppendOnlyError):
        version.delete()
    with pytest.raises(AppendOnlyError):
        PowerVersion.objects.all().delete()


def test_the_database_holds_at_most_one_in_force(people: People) -> None:
    first = published(people)
    revised(people, note="改")
    with pytest.raises(IntegrityError), transaction.atomic():
        PowerVersion.objects.filter(number=2).update(status="in_force", valid_from=TODAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        PowerVersion.objects.filter(pk=first.pk).update(valid_to=TODAY)  # 生效的没有止期


def test_a_new_version_takes_over_on_its_day(people: People) -> None:
    first = published(people)
    revised(people, title="随地吐痰、便溺")
    assert queries.in_force("CF-1", TODAY) == first
    ready(people)
    second = publish(people, start=TODAY + timedelta(days=10))
    last, next_day = TODAY + timedelta(days=9), TODAY + timedelta(days=10)
    assert (queries.in_force("CF-1", last), queries.in_force("CF-1", next_day)) == (first, second)
    assert queries.in_force("CF-1", TODAY - timedelta(days=1)) is None
    # 北京时间的日子：8月12日 16:00 UTC 已经是 13 日
    assert queries.in_force("CF-1", datetime(2026, 8, 12, 15, 59, tzinfo=UTC)) == first
    assert queries.in_force("CF-1", datetime(2026, 8, 12, 16, 0, tzinfo=UTC)) == second
    assert Power.objects.get().status == PowerStatus.IN_FORCE
    with pytest.raises(ValidationError, match="早于今天"):
        powers.repeal("CF-1", reason="收回", on=TODAY, acting_officer=people.head, now=START + 2 * DAY)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["publish", "repeal"]), st.integers(0, 6), st.integers(0, 3)), max_size=7
    )
)
def test_at_most_one_version_on_any_day(people: People, steps: list[tuple[str, int, int]]) -> None:
    """随意公布、废止，自将来某日起：任何一天至多一版有效，并与逐日记的账一致。"""
    expected: dict[date, int] = {}
    horizon = [TODAY + timedelta(days=n) for n in range(60)]
    with transaction.atomic():
        now, number = START, 0
        drafted(people)
        for kind, ahead, passed in steps:
            now += passed * DAY
            day = queries.day_of(now) + timedelta(days=ahead)
            try:
                with transaction.atomic():
                    if kind == "publish":
                        if number:
                            revised(people, now=now, note=f"第{number}次")
                        ready(people, now=now)
                        number = publish(people, now=now, start=day).number
                        expected |= {one: number for one in horizon if one >= day}
                    else:
                        powers.repeal("CF-1", reason="收回", on=day, acting_officer=people.head, now=now)
                        expected = {one: held for one, held in expected.items() if one < day}
            except ValidationError:
                continue
        for one in horizon:
            found = PowerVersion.objects.filter(queries.effective(one))
            assert [version.number for version in found] == ([expected[one]] if one in expected else [])
        transaction.set_rollback(True)


# ---- 公布时查什么 ----


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"authorisation": None}, ["授权公告", "自哪天起"]),
        ({"authorisation": {**HELD, "status": "待核"}}, ["核对状态是“待核”"]),
        ({"authorisation": {**HELD, "to": None}}, ["到哪天止"]),
        ({"authorisation": {**HELD, "to": "2026-08-02"}}, ["不在授权的起止之内"]),
        ({"authorisation": {**HELD, "from": "2026-08-04"}}, ["不在授权的起止之内"]),
        ({"basis": ["city.36"]}, ["已核对", "city.36（待核）"]),
        ({"basis": ["office.handle"]}, ["office.handle（内部规定）"]),
        ({"unit": None}, ["没有责任单位"]),
        ({"matter": "test.none"}, ["没有“test.none”这个业务模板"]),
        ({"class": "行政许可"}, ["行政许可事项只能挂行政许可类"]),
        ({"class": "公共服务"}, ["公共服务事项不能挂行政处罚类"]),
        ({"duty": "收回"}, ["只能挂移送、报告类"]),
        ({"params": {"days": "11个工作日"}}, ["超过上限"]),
        ({"params": {"speed": 3}}, ["没有参数“speed”"]),
        ({"authorisation": None, "unit": None, "basis": ["city.36"]}, ["授权公告", "责任单位", "已核对"]),
    ],
)
def test_what_stops_publication_is_told_at_once(
    people: People, changes: dict[str, Any], says: list[str]
) -> None:
    drafted(people, **changes)
    ready(people)
    with pytest.raises(ValidationError) as caught:
        publish(people)
    told = "；".join(caught.value.messages)
    assert all(one in told for one in says), told
    assert queries.in_force("CF-1", TODAY) is None
    assert Power.objects.get().status == PowerStatus.READY


def test_an_authorisation_holds_on_its_first_and_last_day(people: People) -> None:
    version = published(people)
    days = {
        date(2025, 12, 31): False,
        date(2026, 1, 1): True,
        date(2026, 12, 31): True,
        date(2027, 1, 1): False,
    }
    assert {day: queries.authorised(version, day) for day in days} == days


def test_taken_back_and_without_template(people: People) -> None:
    version = published(people, matter=None, duty="收回", authorisation=None)
    assert not queries.exercisable(version, TODAY)
    other = published(people, "FW-1", **{"class": "公共服务", "matter": None, "authorisation": None})
    assert other.resolved == "" and queries.exercisable(other, TODAY)
    assert queries.counts(TODAY)["classes"]["公共服务"] == 1
    assert queries.counts(TODAY)["duties"] == {"基本": 1, "配合": 0, "收回": 1}


def test_shapes_are_explained_in_chinese(people: People) -> None:
    for content, says in (
        ({**CONTENT, "class": "处罚"}, "只能写"),
        ({**CONTENT, "colour": "red"}, "不认识“colour”"),
        ({**CONTENT, "basis": ["city.99"]}, "city.99”不在法律名录里"),
        ({**CONTENT, "unit": "none"}, "没有代码是“none”的单位"),
        ({**CONTENT, "authorisation": {**HELD, "from": "2026-13-01"}}, "不是日期"),
        ({**CONTENT, "authorisation": {**HELD, "to": "2025-01-01"}}, "止期早于起期"),
    ):
        with pytest.raises(ValidationError) as caught:
            powers.draft("CF-1", content, acting_officer=people.keeper, now=START, packs=PACKS)
        assert says in "；".join(caught.value.messages), caught.value.messages
    assert not Power.objects.exists()


def test_a_changed_catalogue_needs_a_new_version(people: People) -> None:
    drafted(people)
    ready(people)
    changed = pack()
    city = {**LAWS["city"], "articles": {"34-1": {"text": "改写过的要点"}}}
    changed.statutes["city"] = StatuteDecl.model_validate(city)
    with pytest.raises(ValidationError, match="与现在的法律名录不一致"):
        publish(people, packs=changed)
    # 已经公布的不会自己变，列出来提醒修订
    publish(people)
    assert stale(PACKS, START) == {}
    assert list(stale(changed, START)) == ["CF-1"]


def test_a_changed_catalogue_can_be_followed_without_rewording(people: People) -> None:
    """名录后来标了失效日、模板换了新的：起草的文字一字不改，也能修订成新的一版再公布。"""
    published(people)
    direct = published(people, "CF-2", authorisation={"article": "city.34-1"})
    published(people, "CF-3", params={"days": "2个工作日"})
    assert direct.authorisation["to"] == "长期"
    with pytest.raises(ValidationError, match="没有改动"):
        revised(people)
    ending = pack()
    city = {**LAWS["city"], "until": "2026-10-01"}
    ending.statutes["city"] = StatuteDecl.model_validate(city)
    found = stale(ending, START)
    assert set(found) == {"CF-1", "CF-2", "CF-3"}
    assert any("授权与现在的法律名录不一致" in one for one in found["CF-2"])
    for code in ("CF-1", "CF-2"):
        powers.revise(code, {}, acting_officer=people.keeper, now=START, packs=ending)
        ready(people, code)
        version = publish(people, code, packs=ending)
        assert version.bases[0]["until"] == "2026-10-01"
    assert version.authorisation["to"] == "2026-09-30"
    assert not queries.exercisable(version, date(2026, 10, 1)) and queries.exercisable(version, TODAY)
    newer = pack({**MATTER, "title": "处罚（新版）"})
    powers.revise("CF-3", {}, acting_officer=people.keeper, now=START, packs=newer)


def test_other_templates_are_declared_and_of_the_class(people: People) -> None:
    drafted(people, also=["test.spot", "test.none"])
    ready(people)
    spot = pack({**MATTER, "matter": "test.spot", "class": "公共服务"})
    with pytest.raises(ValidationError) as caught:
        publish(people, packs=spot)
    told = "；".join(caught.value.messages)
    assert "只能挂行政处罚类" in told and "没有“test.none”这个业务模板" in told
    powers.review("CF-1", approve=False, opinion="改模板", acting_officer=people.reviewer, now=START)
    first = revised(people, also=["test.spot"])
    ready(people)
    version = publish(people, packs=pack({**MATTER, "matter": "test.spot"}))
    assert version.also == ["test.spot"] and version.digest == first.digest
    assert version.digest != PowerVersion.objects.get(number=1).digest


def test_the_template_is_verified_with_the_parameters(people: People) -> None:
    drafted(people, params={"days": "2个工作日"})
    ready(people)
    seen: list[str | None] = []

    def unsound(definition: Definition) -> list[Problem]:
        seen.append(definition.matter.clocks["decide"].limit)
        return [Problem("clock.beyond", "error", definition.id, "x.yaml", 3, 0, (), None, "超过法定")]

    with pytest.raises(ValidationError, match="超过法定"):
        publish(people, check=unsound)
    assert seen == ["2个工作日"]
    version = publish(people)  # 真的校验器
    assert MatterVersion.objects.get(digest=version.resolved).is_current is False
    assert matters.current_version("test.penalty").digest != version.resolved


def test_names_nobody_registered_stop_the_publication(people: People) -> None:
    """没有另给校验的办法，也核对条件登记过没有：公布出去办不下去的不算数。"""
    empowered = MATTER["conditions"]["empowered"]
    unknown = {**empowered, "call": {**empowered["call"], "name": "power.is_fine"}}
    broken = pack({**MATTER, "conditions": {**MATTER["conditions"], "empowered": unknown}})
    drafted(people, params={"days": "2个工作日"})
    ready(people)
    with pytest.raises(ValidationError) as caught:
        publish(people, packs=broken)
    assert "power.is_fine" in "；".join(caught.value.messages)


def test_parameters_need_the_power_to_be_chosen_at_opening(people: People) -> None:
    filled = {
        **MATTER["actions"],
        "file": {**MATTER["actions"]["file"], "collect": ["cause?", "facts", "to_unit"]},
    }
    later = {**MATTER["actions"], "decide": {**MATTER["actions"]["decide"], "collect": ["cause"]}}
    drafted(people, params={"days": "2个工作日"})
    ready(people)
    for changes, says in ((filled, "不是必须选定事项"), (later, "“决定”会改动事项")):
        with pytest.raises(ValidationError, match=says):
            publish(people, packs=pack({**MATTER, "actions": changes}))
