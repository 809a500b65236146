"""办件时凭权责清单的哪一版；种子、给公众看的清单。"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from jiezhi.base.casework import actions, matters, powers
from jiezhi.base.casework.engine.opening import opening_version
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.extensions import Context, extensions
from jiezhi.base.casework.models import Case, Clock
from jiezhi.base.casework.outcome import Outcome, Refused
from jiezhi.base.casework.powercheck import stale
from jiezhi.base.casework.poweruse import basis_in_force
from jiezhi.base.casework.testing import START, Office
from jiezhi.base.casework.tests.lives import DAY, done
from jiezhi.base.casework.tests.powerlist import (
    CONTENT,
    HELD,
    LAWS,
    MATTER,
    PACKS,
    TODAY,
    People,
    pack,
    publish,
    published,
    ready,
    revised,
)
from jiezhi.base.registry.models import Power
from jiezhi.base.registry.queries import powers as queries
from jiezhi.core.procedure.powers import PowerDecl

# ---- 办件 ----


def opened(office: Office, cause: str = "CF-1", now: datetime = START, **more: Any) -> Any:
    inputs = {"cause": cause, "facts": "当街吐痰", "to_unit": "law", **more}
    return actions.open_case("test.penalty", acting_officer=office.dispatcher, inputs=inputs, now=now)


def assert_not_in_force(result: Any) -> None:
    """没有办成，正是因为事项不能行使。"""
    assert isinstance(result, Refused) and "案由不在生效的权责清单里" in str(result), str(result)


def test_each_power_is_handled_by_its_own_resolved_template(office: Office, people: People) -> None:
    published(people)
    strict = published(people, "CF-2", params={"days": "2个工作日"})
    limits = {}
    for code in ("CF-1", "CF-2"):
        case = Case.objects.get(uid=done(opened(office, code)).uid)
        limits[code] = Clock.objects.get(case=case).limit
        if code == "CF-2":
            assert case.version.digest == strict.resolved
    assert limits == {"CF-1": "5个工作日", "CF-2": "2个工作日"}
    # 换了业务模板，带参数的那一项列出来提醒；没有参数的跟着现行的走
    newer = pack({**MATTER, "title": "处罚（新版）"})
    assert {code: len(said) for code, said in stale(newer, START).items()} == {"CF-2": 1}
    # 换版之后新开的件用新的一版，已开的不变
    revised(people, "CF-2", params={"days": "3个工作日"})
    ready(people, "CF-2")
    publish(people, "CF-2")
    case = Case.objects.get(uid=done(opened(office, "CF-2")).uid)
    assert Clock.objects.get(case=case).limit == "3个工作日"
    assert sorted(Clock.objects.values_list("limit", flat=True)) == ["2个工作日", "3个工作日", "5个工作日"]


def test_the_cause_must_be_registered_and_of_the_class(office: Office, people: People) -> None:
    published(people, "FW-1", **{"class": "公共服务", "matter": None, "authorisation": None})
    assert "不是登记过的事项" in str(opened(office, "CF-7"))
    assert "是公共服务事项，这里只能选行政处罚事项" in str(opened(office, "FW-1"))


def test_exercise_stops_on_the_day_of_repeal(office: Office, people: People) -> None:
    published(people)
    uid = done(opened(office)).uid
    other = done(opened(office)).uid
    who = {"acting_officer": office.dispatcher}
    done(actions.act(other, "decide", now=START + DAY, **who))
    powers.repeal("CF-1", reason="区里收回", acting_officer=people.head, now=START + 2 * DAY)
    refused = actions.act(uid, "decide", now=START + 2 * DAY, **who)
    assert_not_in_force(refused)
    assert "移送有权机关，或终止" in str(refused)
    # 补录废止之前做的决定，看的是那一天
    done(actions.act(uid, "stop", now=START + 3 * DAY, **who))
    third = done(opened(office, now=START + 3 * DAY)).uid
    assert_not_in_force(actions.act(third, "decide", now=START + 3 * DAY, **who))


def test_back_filled_acts_look_at_their_own_day(office: Office, people: People) -> None:
    published(people)
    uid = done(opened(office)).uid
    powers.repeal("CF-1", reason="收回", acting_officer=people.head, now=START + 2 * DAY)
    now = START + 5 * DAY
    done(actions.act(uid, "decide", at=START + DAY, now=now, acting_officer=office.dispatcher))


def test_only_the_responsible_unit_and_those_below_it(office: Office, people: People) -> None:
    published(people)
    mine = done(opened(office, to_unit="law")).uid
    theirs = done(opened(office, to_unit="civil")).uid
    who = {"acting_officer": office.dispatcher, "now": START}
    done(actions.act(mine, "decide", **who))
    assert_not_in_force(actions.act(theirs, "decide", **who))
    office.other.parent = office.unit
    office.other.save()
    done(actions.act(theirs, "decide", **who))


def test_another_spelling_of_the_power_is_the_same_power(office: Office, people: People) -> None:
    """前后加空格、用缺省值，都躲不开事项的参数。"""
    strict = published(people, "CF-2", params={"days": "2个工作日"})
    for cause in (" CF-2 ", "CF-2\u3000"):
        case = Case.objects.get(uid=done(opened(office, cause)).uid)
        assert case.fields["cause"] == "CF-2" and case.version.digest == strict.resolved
        assert Clock.objects.get(case=case).limit == "2个工作日"
    definition = PACKS.matters["test.penalty"].definition
    cause = definition.matter.fields["cause"].model_copy(update={"default": "CF-2"})
    fields = {**definition.matter.fields, "cause": cause}
    preset = replace(definition, matter=definition.matter.model_copy(update={"fields": fields}))
    current = matters.current_version("test.penalty")
    look = Work(START).look
    assert opening_version(look, current, preset, "file", {}, START).digest == strict.resolved
    assert opening_version(look, current, preset, "file", {"cause": {}}, START) == current, (
        "填错的照现行的开，随后报错"
    )


def elsewhere(matter: str, **changes: Any) -> str:
    """公布另一个也要行使权力的业务模板。"""
    found = pack({**MATTER, "matter": matter, **changes}).matters[matter].definition
    matters.publish(found, now=START)
    return matter


def decides(office: Office, matter: str, **more: Any) -> Any:
    who = {"acting_officer": office.dispatcher, "now": START}
    inputs = {"cause": "CF-1", "facts": "当街吐痰", "to_unit": "law"}
    return actions.act(done(actions.open_case(matter, inputs=inputs, **who)).uid, "decide", **who)


def test_a_power_is_exercised_only_by_its_own_template(office: Office, people: People) -> None:
    """没有挂的业务模板、改了类别躲开法律规则的，都不能凭它行使；事项上写明另外可用的可以。"""
    published(people)
    done(decides(office, "test.penalty"))
    other = elsewhere("test.other")
    assert_not_in_force(decides(office, other))
    revised(people, also=[other])
    ready(people)
    publish(people, packs=pack({**MATTER, "matter": other}))
    done(decides(office, other))
    elsewhere(other, **{"class": "执法办件"})
    assert_not_in_force(decides(office, other))  # 类别不符
    published(people, "CF-9", matter=None)
    uid = done(opened(office, "CF-9")).uid
    assert_not_in_force(actions.act(uid, "decide", acting_officer=office.dispatcher, now=START))


def test_a_child_exercises_the_power_of_its_parent(office: Office, people: People) -> None:
    """子件凭上级件挂的事项行使；自己没有责任单位的，看上级件的。"""
    published(people)
    file = {**MATTER["actions"]["file"], "by": ["system"], "assign": {}}
    fields = {**MATTER["fields"], "to_unit": {"title": "承办单位", "type": "unit"}}
    given = {"matter": "test.child", "title": "子件", "fields": fields}
    elsewhere(**given, actions={**MATTER["actions"], "file": file})
    copied = {"cause": "field.cause", "facts": "field.facts", "to_unit": "field.to_unit"}
    child = {"part": {"matter": "test.child", "title": "子件", "copy": copied}}
    opening = {**MATTER["actions"]["file"], "open": child}
    elsewhere("test.penalty", actions={**MATTER["actions"], "file": opening})
    who = {"acting_officer": office.dispatcher, "now": START}
    for unit, allowed in (("law", True), ("civil", False)):
        parent = done(opened(office, to_unit=unit)).uid
        part = Case.objects.get(parent__uid=parent)
        assert part.unit is None and part.matter == "test.child"
        said = actions.act(str(part.uid), "decide", **who)
        assert isinstance(said, Outcome) is allowed, str(said)


def test_no_unit_no_power(office: Office, people: People) -> None:
    """处罚没有责任单位的不成立；公共服务没有定下单位的不查。"""
    published(people)
    file = {**MATTER["actions"]["file"], "assign": {}}
    elsewhere("test.penalty", actions={**MATTER["actions"], "file": file})
    assert_not_in_force(decides(office, "test.penalty"))
    serving = {"class": "公共服务", "authorisation": None, "matter": "test.service"}
    fields = {**MATTER["fields"], "cause": {"title": "事项", "type": "power"}}
    made = {**MATTER, "matter": "test.service", "class": "公共服务", "fields": fields}
    made["actions"] = {**MATTER["actions"], "file": file}
    service = pack(made)
    matters.publish(service.matters["test.service"].definition, now=START)
    content = {name: value for name, value in {**CONTENT, **serving}.items() if value is not None}
    powers.draft("FW-1", content, acting_officer=people.keeper, now=START, packs=service)
    ready(people, "FW-1")
    publish(people, "FW-1", packs=service)
    uid = done(
        actions.open_case(
            "test.service",
            acting_officer=office.dispatcher,
            now=START,
            inputs={"cause": "FW-1", "facts": "补办", "to_unit": "law"},
        )
    ).uid
    done(actions.act(uid, "decide", acting_officer=office.dispatcher, now=START))


def test_a_statute_that_ends_later_ends_the_power(
    office: Office, people: People, settings: Any, tmp_path: Path
) -> None:
    """公布之后名录才标失效日：旧版冻结的依据没有它，失效之后也不能再用。"""
    version = published(people)
    uids = [done(opened(office)).uid for _ in range(2)]
    settings.PACKS_DIR = tmp_path
    (tmp_path / "_law" / "statutes").mkdir(parents=True)
    listed = {"statutes": {"city": {**LAWS["city"], "until": "2026-10-01"}}}
    written = tmp_path / "_law" / "statutes" / "city.yaml"
    written.write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    (tmp_path / "_law" / "broken.yaml").write_text("statutes: {city: {}}", encoding="utf-8")
    last = datetime(2026, 9, 30, 15, 59, tzinfo=UTC)
    ended = last + timedelta(minutes=1)  # 北京时间十月一日零时
    who = {"acting_officer": office.dispatcher}
    done(actions.act(uids[0], "decide", now=last, **who))
    assert_not_in_force(actions.act(uids[1], "decide", now=ended, **who))
    assert queries.exercisable(version, ended), "冻结的版本里没有失效日"
    context = Context(Work(ended), None, {}, now=ended, at=ended)
    assert not basis_in_force(context, power="CF-1", on="2026-10-01")
    assert basis_in_force(context, power="CF-1", on="2026-09-30")


def test_an_expired_authorisation_cannot_be_exercised(office: Office, people: People) -> None:
    published(people, authorisation={**HELD, "to": "2026-08-05"})
    uid, late = done(opened(office)).uid, done(opened(office)).uid
    who = {"acting_officer": office.dispatcher}
    done(actions.act(uid, "decide", now=START + 2 * DAY, **who))
    assert_not_in_force(actions.act(late, "decide", now=START + 3 * DAY, **who))


def test_the_basis_must_stand_on_the_day_of_the_wrong(people: People) -> None:

    published(people, basis=["city.34-1", "new.5"])
    context = Context(Work(START), None, {}, now=START, at=START)
    days = {"2026-07-31": False, "2026-08-01": True, "2026-12-30": True, "2026-12-31": False}
    assert {day: basis_in_force(context, power="CF-1", on=day) for day in days} == days
    assert basis_in_force(context, power="CF-1", on="2026-08-01T09:00:00+08:00")
    assert not basis_in_force(context, power="CF-1", on=None)
    assert not basis_in_force(context, power="CF-9", on="2026-08-01")


def test_the_only_power_of_a_template_is_suggested(people: People) -> None:

    fact = extensions.facts["power.of_matter"]
    definition = PACKS.matters["test.penalty"].definition

    def context() -> Context:  # 一次事务里问过的不再问，所以每次另起
        return Context(Work(START), None, {}, definition=definition, at=START)

    assert fact(context()) is None
    published(people)
    assert fact(context()) == "CF-1"
    where = extensions.resolvers["power.unit"]
    assert where(context()) == ["law"], "网上来的归事项的责任单位"
    published(people, "CF-2")
    assert fact(context()) is None


def test_requests_need_no_power(office: Office) -> None:
    """清单是空的，群众来件照样登记。"""
    assert not Power.objects.exists()
    done(
        actions.open_case(
            "test.report", acting_officer=office.dispatcher, inputs={"subject": "路灯"}, now=START
        )
    )


# ---- 种子和公示 ----


def test_seeding_registers_drafts_once_and_touches_nothing(people: People) -> None:
    published(people)
    packs = pack()
    packs.powers = {
        "CF-1": PowerDecl.model_validate({**CONTENT, "title": "另一个写法"}),
        "CF-2": PowerDecl.model_validate({"title": "乱扔", "class": "行政处罚", "basis": "city.34-1"}),
    }
    assert powers.seed(packs, now=START) == ["CF-2"]
    assert powers.seed(packs, now=START) == []
    assert queries.in_force("CF-1", TODAY).title == "随地吐痰"
    assert {one.power.code: one.status for one in queries.latest()} == {"CF-1": "in_force", "CF-2": "draft"}
    # 授权待核的种子补上公告才能公布
    ready(people, "CF-2")
    with pytest.raises(ValidationError, match="授权公告"):
        publish(people, "CF-2")
    powers.review("CF-2", approve=False, opinion="补授权", acting_officer=people.reviewer, now=START)
    revised(people, "CF-2", authorisation=HELD, unit="law")
    ready(people, "CF-2")
    publish(people, "CF-2")
    assert queries.counts(TODAY)["total"]["total"] == 2


def test_the_public_list_quotes_only_what_may_be_quoted(people: People) -> None:
    published(people, basis=["city.34-1", "city.36"], fee="不收费")
    row = queries.public_list(TODAY)[0]
    assert row["bases"] == ["《城市市容和环境卫生管理条例》（2017年修订）第34条第（1）项"]
    assert row["authorisation"] == "综合执法公告（自 2026-01-01 起，至 2026-12-31）"
    assert (row["unit"], row["fee"]) == ("综合执法队", "不收费")
