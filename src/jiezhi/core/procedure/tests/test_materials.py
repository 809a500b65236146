"""材料清单：缺的一样不少地列出来，补齐后可以受理；指南和清单出自同一份声明。"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.procedure.checklist import lacking, wanted
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.guide import days, guide_of, main_limit, sections, situation
from jiezhi.core.procedure.interpreter import available, plan
from jiezhi.core.procedure.loader import load_folder, try_matter
from jiezhi.core.procedure.materials import PREFIX, PROMISED, SHARED, STATE, VERIFIED, expand
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.testing import FakeEnv
from jiezhi.core.procedure.traits import resolve
from jiezhi.core.procedure.view import Actor, CaseView, Plan, Refusal, Request

FOLDER = Path(__file__).parent / "wrong_packs"
NOW = datetime(2026, 8, 3, 1, tzinfo=UTC)
DIGEST = "ab" * 32


def _definition(**changes: str) -> Definition:
    text = (FOLDER / "base_service.yaml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    found, problems = try_matter(text, load_folder(FOLDER / "shared"))
    assert found is not None and found.definition is not None, problems
    return found.definition


SERVICE = _definition()
NAMES = ("application", "identity", "entrustment")
STATES = (VERIFIED, SHARED, PROMISED)


def _request(action: str, **inputs: object) -> Request:
    return Request(action, Actor("officer", "1", "窗口"), NOW, NOW, inputs)


def _case(values: dict[str, object]) -> CaseView:
    return CaseView("u", "received", 1, "1", {"wanted": "办证", **values}, frozenset({"receive"}))


def _expected(values: dict[str, object], states: list[tuple[str, str]]) -> set[str]:
    """不看被测的代码，照业务模板数缺哪几样。"""
    needed = {"application", "identity"} | ({"entrustment"} if values.get("entrusted") is True else set())
    usable = {(name, VERIFIED) for name in NAMES} | {("identity", SHARED), ("entrustment", PROMISED)}
    given_ = {name for name in NAMES if values.get(PREFIX + name)}
    return needed - given_ - {name for name, state in states if (name, state) in usable}


@settings(deadline=None)  # 第一次要编译表达式
@given(
    st.sets(st.sampled_from(NAMES)),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(STATES)), max_size=4),
    st.sampled_from([None, True, False]),
)
def test_everything_lacking_is_listed_and_only_that(
    handed: set[str], states: list[tuple[str, str]], entrusted: bool | None
) -> None:
    values: dict[str, object] = {PREFIX + name: [DIGEST] for name in handed}
    values[STATE] = [{"material": name, "state": state} for name, state in states]
    if entrusted is not None:
        values["entrusted"] = entrusted
    expected = _expected(values, states)
    assert {one.name for one in lacking(SERVICE, values)} == expected
    outcome = plan(SERVICE, _case(values), _request("accept"), FakeEnv(random.Random(1)))
    if not expected:
        assert isinstance(outcome, Plan)
        return
    assert isinstance(outcome, Refusal)
    assert {one.code for one in outcome.missing} == {f"material.{name}" for name in expected}
    assert all(one.say and one.remedy and one.basis and one.blocking for one in outcome.missing)
    # 缺的补齐之后可以受理
    full = {**values, **{PREFIX + name: [DIGEST] for name in expected}}
    assert isinstance(plan(SERVICE, _case(full), _request("accept"), FakeEnv(random.Random(1))), Plan)


def test_the_button_says_the_same_as_the_door() -> None:
    env, view = FakeEnv(random.Random(1)), _case({})
    offered = {found.action: found for found in available(SERVICE, view, _request(""), env)}
    tried = plan(SERVICE, view, _request("accept"), env)
    assert isinstance(tried, Refusal) and isinstance(offered["accept"], Refusal)
    assert offered["accept"].missing == tried.missing


def test_the_wording_tells_how_to_supply() -> None:
    told = {one.name: one for one in lacking(SERVICE, {"entrusted": True})}
    assert told["application"].remedy == "请填写《申请表》（窗口免费提供），交原件1份"
    assert "证照库能核到的不用交" in told["identity"].remedy
    assert "也可以书面承诺代替" in told["entrustment"].remedy
    assert str(told["application"].missing()) == (
        "还差“申请表”（原件1份）(请填写《申请表》（窗口免费提供），交原件1份)〔《窗口服务条例》(2019)第29条〕"
    )
    assert told["application"].row()["material"] == "申请表"


def test_a_withdrawn_pledge_no_longer_counts() -> None:
    words = {"  supply:\n    title: 收到补正": "  promise:\n    title: 承诺\n    means: pledge\n    from: received\n"
             "    by: post.window\n  supply:\n    title: 收到补正"}  # fmt: skip
    text = (FOLDER / "base_service.yaml").read_text(encoding="utf-8")
    packs = load_folder(FOLDER / "shared")
    packs.means["pledge"] = "作出承诺"
    for old, new in words.items():
        text = text.replace(old, new)
    found, problems = try_matter(text, packs)
    assert found is not None and found.definition is not None, problems
    values = {"entrusted": True, STATE: [{"material": "entrustment", "state": PROMISED}]}
    assert "entrustment" in {one.name for one in lacking(found.definition, values)}
    assert "entrustment" not in {one.name for one in lacking(found.definition, values, {"pledge"})}


def test_erased_papers_were_handed_in() -> None:
    values = {PREFIX + "application": "已依法清除", PREFIX + "identity": [DIGEST]}
    assert lacking(SERVICE, values) == []


def test_material_fields_are_made_once_and_kept_secret() -> None:
    matter = SERVICE.matter
    assert {PREFIX + name for name in NAMES} | {STATE} <= set(matter.fields)
    assert all(matter.fields[PREFIX + name].sensitive for name in NAMES)
    assert matter.actions["receive"].collect[2:] == [*(f"{PREFIX}{name}?" for name in NAMES), f"{STATE}?"]
    assert Definition.load(SERVICE.dump()).digest == SERVICE.digest
    assert resolve(matter) == matter
    raw = matter.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert expand(raw) == raw
    assert MatterDecl.model_validate(raw) == matter


@pytest.mark.parametrize("broken", [[], {"materials": []}, {"materials": {"a": 1}}, {"actions": []}, None])
def test_malformed_declarations_are_left_to_the_checks(broken: object) -> None:
    expand(broken)


def test_situations_are_told_by_their_titles() -> None:
    assert situation(SERVICE, None) == ""
    assert situation(SERVICE, "entrusted") == "由代理人办"
    assert situation(SERVICE, "not entrusted") == "不是由代理人办"
    assert set(wanted(SERVICE, {})) == {"application", "identity"}


def test_three_columns_and_how_much_was_cut() -> None:
    limit = main_limit(SERVICE)
    assert limit is not None
    assert (limit.legal, limit.promised, limit.saved) == ("20个工作日", "10个工作日", 50.0)
    same = main_limit(_definition(**{"limit: 10日, from": "limit: 20日, from"}))
    assert same is not None and same.saved == 0.0
    hours = main_limit(_definition(**{"limit: 10日, from": "limit: 24小时, from"}))
    assert hours is not None and (hours.promised, hours.saved) == ("24小时", None)


def test_different_days_are_not_compared() -> None:
    statutes = {
        key: one.model_copy(update={"regime": "office"}) if key == "window-2019" else one
        for key, one in SERVICE.statutes.items()
    }
    matter = SERVICE.matter.model_copy(
        update={
            "clocks": {
                **SERVICE.matter.clocks,
                "decide": SERVICE.matter.clocks["decide"].model_copy(update={"limit": "10个工作日"}),
            }
        }
    )
    found = main_limit(Definition.build(matter, statutes, (), dict(SERVICE.means)))
    assert found is not None
    assert (found.legal, found.saved) == ("20日", None)
    assert found.note == "法定数的是日，承诺数的是工作日，不能直接比"


@pytest.mark.parametrize(
    ("text", "regime", "found"),
    [
        ("20日", "licence-2019", (20, "工作日")),
        ("30日", "office", (30, "日")),
        ("5个工作日", "office", (5, "工作日")),
        ("3个月", "office", None),
        ("每年1月31日", "office", None),
        ("半天", "office", None),
    ],
)
def test_days_by_the_statute(text: str, regime: str, found: object) -> None:
    assert days(text, regime) == found


def test_the_guide_lists_every_material_and_hides_what_is_unverified() -> None:
    guide = guide_of(SERVICE, office="云桥街道办事处", phone="0755-1234", actual={"decide": "平均3个工作日"})
    assert [one.name for one in guide.materials] == list(NAMES)
    assert guide.limits[0].title == "决定" and guide.limits[0].actual == "平均3个工作日"
    titles = [section.title for section in sections(guide)]
    assert titles[:3] == ["谁可以办", "办理条件", "要交的材料"] and "在哪里办、问谁" in titles
    assert "注意" not in titles
    assert guide.as_json()["matter"] == "demo.service"
    assert all(len(row) == len(one.head) == len(one.widths) for one in sections(guide) for row in one.rows)
