"""抽象机：一步一步的语义，和通过校验的业务模板上的随机走查。"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jiezhi.core.procedure.abstract import (
    Config,
    always_written,
    choose,
    everything,
    initial,
    parse_event,
    relevance,
    steps,
)
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.tests.oracle import OVER, build, cases, truth
from jiezhi.core.procedure.verifier import verify

MEANS = {name: name for name in ("ask", "answer", "check", "close")}


def definition(**parts: Any) -> Definition:
    """一个小模板：new → doing → closed,`parts` 覆盖各部分。"""
    base: dict[str, Any] = {
        "matter": "demo.abstract",
        "title": "小模板",
        "covers": ["B1"],
        "class": "其他",
        "fields": {
            "urgent": {"title": "紧急", "type": "flag"},
            "level": {"title": "等级", "type": "choice", "choices": ["高", "中", "低"]},
            "amount": {"title": "金额", "type": "money"},
        },
        "states": {
            "new": {"title": "新"},
            "doing": {"title": "办"},
            "closed": {"title": "完", "terminal": True},
        },
        "actions": {"ask": {"title": "登记", "from": "start", "to": "new", "by": "post.x", "means": "ask"}},
    }
    return Definition.build(MatterDecl.model_validate({**base, **parts}), {}, (), MEANS)


def act(**parts: Any) -> dict[str, Any]:
    """一个从 new 办的动作。"""
    return {"title": "办", "from": "new", "by": "post.x", **parts}


OPEN = {"title": "登记", "from": "start", "to": "new", "by": "post.x", "means": "ask"}


def after(found: Definition, name: str, config: Config) -> set[tuple[str, frozenset[str], frozenset[str]]]:
    return {(s.config.state, s.config.done, s.config.truth) for s in steps(found, config) if s.action == name}


def test_it_starts_before_opening_with_predicates_of_empty_fields() -> None:
    predicates = {
        "urgent": {"title": "急", "field": "urgent", "cel": "urgent == true"},
        "blank": {"title": "没填", "field": "amount", "cel": "amount == null"},
    }
    assert initial(definition(predicates=predicates)) == Config("start", frozenset(), frozenset({"blank"}))


def test_done_is_read_before_the_act_and_predicates_after_writing() -> None:
    found = definition(
        predicates={"urgent": {"title": "急", "field": "urgent", "cel": "urgent == true"}},
        actions={
            "ask": OPEN,
            "self": act(means="check", needs=["done.check"]),
            "rush": act(collect="urgent", needs=["predicate.urgent"], to="doing"),
        },
    )
    new = Config("new", frozenset({"ask"}), frozenset())
    assert after(found, "self", new) == set()
    assert after(found, "rush", new) == {("doing", frozenset({"ask"}), frozenset({"urgent"}))}


def test_finite_fields_have_exact_joint_valuations() -> None:
    predicates = {
        "high": {"title": "高", "field": "level", "cel": "level == '高'"},
        "serious": {"title": "高或中", "field": "level", "cel": "level in ['高', '中']"},
    }
    found = definition(predicates=predicates, actions={"ask": OPEN, "rate": act(collect="level")})
    valuations = {truth for _, _, truth in after(found, "rate", Config("new", frozenset(), frozenset()))}
    assert valuations == {frozenset(), frozenset({"serious"}), frozenset({"high", "serious"})}


def test_other_fields_are_free() -> None:
    predicates = {
        "some": {"title": "有", "field": "amount", "cel": "amount > 0"},
        "large": {"title": "大", "field": "amount", "cel": "amount > 100"},
    }
    found = definition(predicates=predicates, actions={"ask": OPEN, "fine": act(collect="amount")})
    assert len(after(found, "fine", Config("new", frozenset(), frozenset()))) == 4


@pytest.mark.parametrize(
    ("collect", "expected"),
    [
        ("urgent", {frozenset(), frozenset({"no"}), frozenset({"urgent"})} - {frozenset()}),
        ("urgent?", {frozenset({"urgent"}), frozenset({"no"})}),
    ],
)
def test_optional_fields_may_be_left_or_filled_never_emptied(
    collect: str, expected: set[frozenset[str]]
) -> None:
    predicates = {
        "urgent": {"title": "急", "field": "urgent", "cel": "urgent == true"},
        "no": {"title": "不急", "field": "urgent", "cel": "urgent == false"},
    }
    found = definition(predicates=predicates, actions={"ask": OPEN, "mark": act(collect=collect)})
    start = Config("new", frozenset(), frozenset({"urgent"}))
    assert {truth for _, _, truth in after(found, "mark", start)} == expected


def test_constants_are_computed() -> None:
    predicates = {"urgent": {"title": "急", "field": "urgent", "cel": "urgent == true"}}
    found = definition(predicates=predicates, actions={"ask": OPEN, "calm": act(set={"urgent": False})})
    start = Config("new", frozenset(), frozenset({"urgent"}))
    assert after(found, "calm", start) == {("new", frozenset(), frozenset())}


def test_writing_lapses_what_rests_on_it_then_clears_then_means() -> None:
    found = definition(
        meanings={"check": {"rests_on": ["amount"]}, "answer": {"rests_on": ["amount"]}},
        actions={
            "ask": OPEN,
            "other": act(means="answer"),
            "redo": act(collect="amount", clears="ask", means="check"),
        },
    )
    start = Config("new", frozenset({"ask", "check", "answer"}), frozenset())
    assert after(found, "redo", start) == {("new", frozenset({"check"}), frozenset())}


def test_branches_see_the_meanings_after_the_act_and_else_is_otherwise() -> None:
    to = [{"when": "done.check", "state": "closed"}, {"state": "doing"}]
    found = definition(
        actions={
            "ask": OPEN,
            "check": act(means="check", to=to),
            "plain": act(to=to),
            "answer": act(means="answer"),
        }
    )
    new = Config("new", frozenset(), frozenset())
    assert after(found, "check", new) == {("closed", frozenset({"check"}), frozenset())}
    assert after(found, "plain", new) == {("doing", frozenset(), frozenset())}
    action = found.matter.actions["check"]
    assert choose(found, action, set(), {"check"}) == [0]
    assert choose(found, action, set(), set()) == [1]


def test_any_means_every_open_state_but_the_excepted() -> None:
    found = definition(actions={"ask": OPEN, "stop": {**act(to="closed"), "from": "any", "except": "doing"}})
    assert after(found, "stop", Config("new", frozenset(), frozenset()))
    assert not after(found, "stop", Config("doing", frozenset(), frozenset()))
    assert not after(found, "stop", Config("closed", frozenset(), frozenset()))


def test_only_what_matters_is_tracked() -> None:
    predicates = {
        "urgent": {"title": "急", "field": "urgent", "cel": "urgent == true"},
        "idle": {"title": "没用", "field": "amount", "cel": "amount > 0"},
    }
    found = definition(
        predicates=predicates,
        actions={
            "ask": OPEN,
            "rush": act(needs=["predicate.urgent", "not done.check"]),
            "check": act(means="check"),
        },
    )
    assert relevance(found).meanings == ("check",)
    assert relevance(found).predicates == ("urgent",)
    assert set(everything(found).predicates) == {"urgent", "idle"}


def test_wrote_names_what_is_certainly_written() -> None:
    decl = act(collect=["urgent", "level?"], set={"amount": 3})
    found = definition(actions={"ask": OPEN, "fill": decl})
    (step,) = [s for s in steps(found, Config("new", frozenset(), frozenset())) if s.action == "fill"]
    assert step.wrote == always_written(found.matter.actions["fill"]) == {"urgent", "amount"}
    assert step.branch is None


@pytest.mark.parametrize(
    ("written", "kind"),
    [("open", "open"), ("means.ask", "means"), ("served.x", "served"), ("date.day", "date")],
)
def test_events_are_read(written: str, kind: str) -> None:
    found = parse_event(written)
    assert found is not None and found.kind == kind


@pytest.mark.parametrize("written", ["", "ask", "means.", "event.ask", "means.Ask", "open.x"])
def test_other_writings_are_no_events(written: str) -> None:
    assert parse_event(written) is None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(cases(), st.randoms(use_true_random=False))
def test_random_walks_of_accepted_procedures_never_stick_nor_break_a_rule(
    case: dict[str, Any], random: Any
) -> None:
    if random.random() < 0.7:  # 多给一条出路，免得大多数生成的模板都因死路被拒
        way_out = {
            "from": list(case["states"]),
            "to": [(None, OVER)],
            "means": [],
            "clears": [],
            "needs": [],
            "uses": None,
        }
        case = {
            **case,
            "actions": {**case["actions"], "out": {**way_out, "modes": dict.fromkeys(("f0", "f1"), "no")}},
        }
    found = build(case)
    assume(
        not any(
            problem.is_error and not problem.code.startswith(("state.unr", "action.never", "field."))
            for problem in verify(found)
        )
    )
    for _ in range(4):
        config = initial(found)
        for _ in range(25):
            options = list(steps(found, config))
            if not options:
                assert config.state == OVER
                break
            step = random.choice(options)
            action = case["actions"][step.action]
            may_lapse = {m for m, fields in case["rests"].items() if step.wrote & set(fields)}
            kept = config.done - may_lapse
            for rule in case["rules"].values():
                ending = rule["means"] == "end"
                if ending and (step.config.state != OVER or config.state == OVER):
                    continue
                if not ending and rule["means"] not in action["means"]:
                    continue
                prior = step.config.done if ending else kept
                values = {p: p in step.config.truth for p in case["tests"]}
                if rule["when"] is not None and not truth(rule["when"], values, prior):
                    continue
                if rule["kind"] == "before":
                    assert set(rule["all_of"]) <= prior
                    assert not rule["any_of"] or set(rule["any_of"]) & prior
                elif rule["kind"] == "never":
                    assert rule["after"] not in (prior if ending else prior - set(action["clears"]))
                else:
                    assert not (set(rule["clears"]) - set(action["means"])) & step.config.done
            config = step.config
